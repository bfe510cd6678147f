/** How far videos go by themselves: the stages in a row, of which one picks the last. */

import { Text } from '@mantine/core'
import { IconFlag, IconPlayerPauseFilled } from '@tabler/icons-react'
import { type ReactNode, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { STAGES, type Stage } from '@/features/jobs/stages'
import { LAST_STAGE } from './draft'
import classes from './pause-field.module.css'

interface PauseFieldProps {
  /** The last stage that they go through by themselves. */
  readonly value: Stage
  readonly isOne?: boolean
  readonly error?: ReactNode
  readonly onChange: (stage: Stage) => void
}

export function PauseField({ value, isOne = false, error, onChange }: PauseFieldProps) {
  const { t } = useTranslation('batch-create')
  const { t: shared } = useTranslation()
  const id = useId()
  return (
    <fieldset className={classes.field} aria-describedby={`${id}-text`}>
      <Text component="legend" size="sm" fw={500} mb={6} p={0}>
        {t('pause.label')}
      </Text>
      <div className={classes.stages}>
        {STAGES.map((stage) => {
          const name = shared(`stage.${stage}`)
          return (
            <label key={stage} className={classes.stage}>
              <input
                type="radio"
                name={id}
                value={stage}
                checked={stage === value}
                aria-label={stage === LAST_STAGE ? t('pause.never') : t('pause.after', { stage: name })}
                onChange={() => onChange(stage)}
              />
              <span className={classes.dot} aria-hidden>
                {stage === LAST_STAGE ? <IconFlag size={15} /> : <IconPlayerPauseFilled size={13} />}
              </span>
              <span className={classes.name} aria-hidden>
                {name}
              </span>
            </label>
          )
        })}
      </div>
      <Text size="sm" c="dimmed" mt={6} id={`${id}-text`} aria-live="polite" style={{ textWrap: 'pretty' }}>
        {t(`pause.text.${value}`, { count: isOne ? 1 : 2 })}
      </Text>
      {error && (
        <Text size="xs" c="var(--mantine-color-error)" mt={4}>
          {error}
        </Text>
      )}
    </fieldset>
  )
}
