import { Grid, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, useCallback, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { usePlatformName } from '@/components/platform-names'
import { ConfirmBatch } from './confirm-batch'
import { lastStageOf, type Mode, type Settings, withoutNumbers } from './draft'
import { DraftNotices } from './draft-notices'
import { DraftTopics } from './draft-topics'
import { MOST_AT_ONCE } from './fill'
import type { KeptDraft } from './kept-draft'
import { OptionsSections } from './options-sections'
import { ProblemList } from './problem-list'
import { SendingPanel } from './sending-panel'
import { SummaryCard } from './summary-card'
import { isOnlyMissing } from './topic-problems'
import type { TopicField } from './topic-text'
import { useBatchRequest } from './use-batch-request'
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
  const { settings, topics, change, setTopics } = draft
  // A batch that was begun goes on as what it was.
  const sentMode = draft.sending?.mode ?? mode
  const { request, platforms, ofProject, checked } = useBatchRequest(sentMode, settings, topics)
  const lastStage = settings.pause_after ?? lastStageOf(ofProject)
  const { problems, check, isChecking, error, refetch } = checked
  const platformName = usePlatformName()
  const sender = useSend(tenantId, draft, request, onSubmit)
  const [isConfirming, confirming] = useDisclosure()
  const [wasTried, setWasTried] = useState(false)
  const field = useRef<TopicField>(null)
  const problemList = useRef<HTMLDivElement>(null)
  const errors = useFieldErrors(problems, wasTried)
  const shownProblems = wasTried ? problems : problems.filter(({ reason }) => !isOnlyMissing(reason))
  const isMissing = request.topics.length === 0
  const lacksProject = settings.projectId === null && settings.newProject.trim() === ''
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    // What is wrong is shown before it is gone to.
    flushSync(() => setWasTried(true))
    if (isMissing || lacksProject) return focusOnFirstWrong(event.currentTarget)
    if (problems.length > 0) return problemList.current?.focus()
    if (mode === 'one') sender.send(mode)
    else confirming.open()
  }
  const leaveOut = useCallback(
    () => setTopics(withoutNumbers(topics, new Set(problems.map(({ number }) => number)))),
    [problems, topics, setTopics],
  )

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
  return (
    <form onSubmit={submit} noValidate>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 8, lg: 8.5 }}>
          <Stack gap="lg">
            <DraftNotices draft={draft} />
            <DraftTopics
              mode={mode}
              draft={draft}
              problems={problems}
              error={wasTried && isMissing ? t('problem.noTopics') : undefined}
              field={field}
              wasTried={wasTried}
            />
            {!isMissing && (
              <ProblemList
                ref={problemList}
                problems={shownProblems}
                onJump={(number) => field.current?.jump(number)}
                onLeaveOut={mode === 'many' ? leaveOut : undefined}
              />
            )}
            <OptionsSections
              mode={mode}
              settings={settings}
              platforms={platforms}
              ofProject={ofProject}
              errors={errors}
              currency={check?.cost.currency ?? ''}
              onChange={change}
            />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4, lg: 3.5 }}>
          <div style={{ position: 'sticky', top: 'calc(56px + var(--mantine-spacing-lg))' }}>
            <SummaryCard
              mode={mode}
              count={request.topics.length}
              platformCount={platforms.length}
              lastStage={lastStage}
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
        lastStage={lastStage}
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

function focusOnFirstWrong(form: HTMLFormElement): void {
  form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
}
