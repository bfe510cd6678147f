import { Button, Collapse, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAdjustments } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { PlatformPicker } from '@/components/platform-picker'
import { Section } from '@/components/section'
import { ReusePanel } from '@/features/library/reuse-panel'
import { lastStageOf, type Mode, type Settings } from './draft'
import { LookSection } from './look-section'
import { PauseField } from './pause-field'
import { RunSection } from './run-section'

interface OptionsSectionsProps {
  readonly mode: Mode
  readonly settings: Settings
  readonly platforms: readonly string[]
  /** What batches of the project start from. */
  readonly ofProject: Readonly<Record<string, unknown>>
  readonly errors: ReadonlyMap<string, ReactNode>
  /** Of what it will cost. */
  readonly currency: string
  readonly onChange: (settings: Partial<Settings>) => void
}

/** Platforms, look, reuse and run of all videos; of one video most is folded away at first. */
export function OptionsSections(props: OptionsSectionsProps) {
  const { mode, settings, platforms, ofProject, errors, currency, onChange } = props
  const { t } = useTranslation('batch-create')
  const [isOpen, { toggle }] = useDisclosure()
  const asProject = (field: string) => {
    const value = ofProject[field]
    return value === undefined || value === null
      ? t('look.automatic')
      : t('look.ofProject', { value: String(value) })
  }
  return (
    <>
      <Section title={t('platforms.title')}>
        <PlatformPicker
          label={t('platforms.label')}
          description={t('platforms.hint')}
          error={errors.get('platforms')}
          value={platforms}
          onChange={(chosen) => onChange({ platforms: chosen })}
        />
      </Section>
      {mode === 'one' && (
        <Button
          variant="default"
          leftSection={<IconAdjustments size={18} aria-hidden />}
          aria-expanded={isOpen}
          onClick={toggle}
          style={{ alignSelf: 'start' }}
        >
          {isOpen ? t('one.less') : t('one.more')}
        </Button>
      )}
      <Collapse expanded={mode === 'many' || isOpen}>
        <Stack gap="lg">
          <LookSection
            settings={settings}
            unsaid={asProject}
            language={String(ofProject.language ?? 'en')}
            errors={errors}
            onChange={onChange}
          />
          <Section title={t('reuse.title')} description={t('reuse.text')}>
            <ReusePanel value={settings.reuse} onChange={(reuse) => onChange({ reuse })} />
          </Section>
          <Section title={t('pause.title')}>
            <PauseField
              value={settings.pause_after ?? lastStageOf(ofProject)}
              isOne={mode === 'one'}
              error={errors.get('pause_after')}
              onChange={(stage) => onChange({ pause_after: stage })}
            />
          </Section>
          <RunSection
            mode={mode}
            settings={settings}
            errors={errors}
            currency={currency}
            onChange={onChange}
          />
        </Stack>
      </Collapse>
    </>
  )
}
