import { Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '@/components/form-dialog'
import { formatNumber } from '@/lib/format'
import { say } from '@/lib/say'
import { type Letter, type LetterScope, useLetterCommands } from './api'

interface DiscardDialogProps {
  /** One letter, or all of a scope. */
  readonly letter?: Letter
  readonly scope?: LetterScope
  /** Letters that are put away. */
  readonly count?: number
  readonly onClose: () => void
}

export function DiscardDialog({ letter, scope, count = 1, onClose }: DiscardDialogProps) {
  const { t } = useTranslation('operations')
  const { discard, discardAll } = useLetterCommands()
  const [reason, setReason] = useState('')
  const send = async () => {
    if (letter) await discard.mutateAsync({ letter, reason })
    else if (scope) say(t('letters.discarded', { count: await discardAll.mutateAsync({ scope, reason }) }))
  }
  return (
    <FormDialog
      title={t('letters.discardTitle')}
      submit={t('letters.discard')}
      isDisabled={!reason.trim()}
      onClose={onClose}
      onSubmit={send}
    >
      {(errorOf) => (
        <>
          <Text size="sm">{t('letters.discardText', { count, formatted: formatNumber(count) })}</Text>
          <Textarea
            label={t('letters.reason')}
            required
            data-autofocus
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={errorOf('reason')}
          />
        </>
      )}
    </FormDialog>
  )
}
