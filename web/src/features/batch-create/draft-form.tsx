import { Alert, Button, Collapse, Grid, Group, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAdjustments, IconHistory, IconInfoCircle } from '@tabler/icons-react'
import { type FormEvent, useCallback, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { usePlatformName } from '@/components/platform-names'
import { PlatformPicker } from '@/components/platform-picker'
import { Section } from '@/components/section'
import { ReusePanel } from '@/features/library/reuse-panel'
import { ConfirmBatch } from './confirm-batch'
import { type Mode, numberedTopics, type Settings } from './draft'
import { MOST_AT_ONCE } from './fill'
import { type KeptDraft, platformsLastUsed } from './kept-draft'
import { LookSection } from './look-section'
import { OneSection } from './one-section'
import { ProblemList } from './problem-list'
import { ProjectField, useProjectDefaults } from './project-field'
import { requestOf } from './request'
import { RunSection } from './run-section'
import { SendingPanel } from './sending-panel'
import { SummaryCard } from './summary-card'
import { isOnlyMissing } from './topic-problems'
import type { TopicField } from './topic-text'
import { TopicsSection } from './topics-section'
import { useCheck } from './use-check'
import { useDraft } from './use-draft'
import { useFieldErrors } from './use-field-errors'
import { useSend } from './use-send'

interface DraftFormProps {
  readonly tenantId: string
  readonly mode: Mode
  readonly kept: KeptDraft | null
  /** Over what was kept. */
  readonly start: Partial<Settings>
  readonly onSubmit: (batchId: string) => void
}

export function DraftForm({ tenantId, mode, kept, start, onSubmit }: DraftFormProps) {
  const { t } = useTranslation('batch-create')
  const draft = useDraft(tenantId, kept, start)
  const [lastPlatforms] = useState(platformsLastUsed)
  const { settings, topics, change, setTopics } = draft
  // A batch that was begun goes on as what it was.
  const sentMode = draft.sending?.mode ?? mode
  const ofProject = useProjectDefaults(settings.projectId)
  const platforms =
    settings.platforms ?? (ofProject.platforms as readonly string[] | undefined) ?? lastPlatforms
  const request = useMemo(
    () => requestOf(sentMode, { ...settings, platforms }, topics),
    [sentMode, settings, platforms, topics],
  )
  const { problems, check, isChecking, error, refetch } = useCheck(request, platforms)
  const platformName = usePlatformName()
  const sender = useSend(tenantId, draft, request, onSubmit)
  const [isConfirming, confirming] = useDisclosure()
  const [areOptionsOpen, options] = useDisclosure()
  const [wasTried, setWasTried] = useState(false)
  const field = useRef<TopicField>(null)
  const problemList = useRef<HTMLDivElement>(null)
  const errors = useFieldErrors(problems, wasTried)
  const shownProblems = wasTried ? problems : problems.filter(({ reason }) => !isOnlyMissing(reason))
  const isMissing = request.topics.length === 0
  const lacksProject = settings.projectId === null && settings.newProject.trim() === ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setWasTried(true)
    if (isMissing) field.current?.jump(1)
    if (isMissing || lacksProject) return
    if (problems.length > 0) return problemList.current?.focus()
    if (mode === 'one') sender.send(mode)
    else confirming.open()
  }
  const asProject = (name: string) => {
    const value = ofProject[name]
    return value === undefined || value === null
      ? t('look.automatic')
      : t('look.ofProject', { value: String(value) })
  }
  const leaveOut = useCallback(() => {
    const wrong = new Set(problems.map(({ number }) => number))
    const rows = numberedTopics(topics).filter(({ number }) => !wrong.has(number))
    if (topics.kind === 'rows') setTopics({ ...topics, rows })
    else setTopics({ kind: 'text', text: rows.map(({ topic }) => topic.topic).join('\n') })
  }, [problems, topics, setTopics])

  const isBrokenOff = draft.sending !== null && (sender.error !== null || kept?.sending != null)
  if (isBrokenOff || (sender.isSending && request.topics.length > MOST_AT_ONCE)) {
    return (
      <SendingPanel
        sent={sender.filled?.topic_count ?? draft.sending?.sent ?? 0}
        total={request.topics.length}
        isSending={sender.isSending}
        error={sender.error}
        onGoOn={() => sender.send(sentMode)}
        onGiveUp={sender.giveUp}
      />
    )
  }
  const missing = wasTried && isMissing ? t('problem.noTopics') : undefined
  const project = <ProjectField settings={settings} wasTried={wasTried} onChange={change} />
  const isShort = mode === 'one' && !areOptionsOpen
  return (
    <form onSubmit={submit} noValidate>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 8, lg: 8.5 }}>
          <Stack gap="lg">
            {draft.isRestored && (
              <Alert color="blue" icon={<IconHistory aria-hidden />} role="status">
                <Group justify="space-between" gap="xs">
                  {t('draft.restored')}
                  <Group gap="xs">
                    <Button size="compact-sm" variant="default" onClick={draft.discard}>
                      {t('draft.discard')}
                    </Button>
                    <Button size="compact-sm" variant="subtle" onClick={draft.dismissNotice}>
                      {t('draft.keep')}
                    </Button>
                  </Group>
                </Group>
              </Alert>
            )}
            {draft.keepError && (
              <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} role="status">
                {t('draft.notKept')}
              </Alert>
            )}
            {mode === 'one' ? (
              <OneSection
                project={project}
                settings={settings}
                error={missing}
                field={field}
                onChange={change}
              />
            ) : (
              <TopicsSection
                project={project}
                title={settings.title}
                topics={topics}
                error={missing}
                problems={problems}
                field={field}
                onTitle={(title) => change({ title })}
                onTopics={setTopics}
              />
            )}
            {!isMissing && (
              <ProblemList
                ref={problemList}
                problems={shownProblems}
                onJump={(number) => field.current?.jump(number)}
                onLeaveOut={mode === 'many' ? leaveOut : undefined}
              />
            )}
            <Section title={t('platforms.title')}>
              <PlatformPicker
                label={t('platforms.label')}
                description={t('platforms.hint')}
                error={errors.get('platforms')}
                value={platforms}
                onChange={(chosen) => change({ platforms: chosen })}
              />
            </Section>
            {mode === 'one' && (
              <Button
                variant="default"
                leftSection={<IconAdjustments size={18} aria-hidden />}
                aria-expanded={areOptionsOpen}
                onClick={options.toggle}
                style={{ alignSelf: 'start' }}
              >
                {areOptionsOpen ? t('one.less') : t('one.more')}
              </Button>
            )}
            <Collapse expanded={!isShort}>
              <Stack gap="lg">
                <LookSection
                  settings={settings}
                  unsaid={asProject}
                  language={String(ofProject.language ?? 'en')}
                  errors={errors}
                  onChange={change}
                />
                <Section title={t('reuse.title')} description={t('reuse.text')}>
                  <ReusePanel value={settings.reuse} onChange={(reuse) => change({ reuse })} />
                </Section>
                <RunSection
                  mode={mode}
                  settings={settings}
                  errors={errors}
                  currency={check?.cost.currency ?? ''}
                  onChange={change}
                />
              </Stack>
            </Collapse>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4, lg: 3.5 }}>
          <div style={{ position: 'sticky', top: 'calc(56px + var(--mantine-spacing-lg))' }}>
            <SummaryCard
              mode={mode}
              count={request.topics.length}
              platformCount={platforms.length}
              check={check}
              isChecking={isChecking}
              error={error ?? sender.error}
              problemCount={isMissing ? 0 : shownProblems.length}
              wrongCount={new Set(problems.flatMap(({ number }) => number ?? [])).size}
              isSending={sender.isSending}
              onCheckAgain={() => void refetch()}
            />
          </div>
        </Grid.Col>
      </Grid>
      <ConfirmBatch
        isOpen={isConfirming}
        request={request}
        project={settings.newProject}
        projectId={settings.projectId}
        platforms={platforms.map(platformName)}
        check={check}
        onConfirm={() => {
          confirming.close()
          sender.send(mode)
        }}
        onClose={confirming.close}
      />
    </form>
  )
}
