/** A question before something that cannot be taken back; for the gravest a word is to be typed. */

import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useReturnFocus } from '@/lib/use-return-focus'
import { Failed } from './failed'

interface ConfirmDialogProps {
  readonly title: string
  readonly children: ReactNode
  /** What the button says. */
  readonly confirm: string
  readonly isDangerous?: boolean
  /** What has to be typed first. */
  readonly typed?: string
  readonly onClose: () => void
  /** The dialog closes when it is done, and shows why when it fails. */
  readonly onConfirm: () => Promise<unknown>
}

export function ConfirmDialog({
  title,
  children,
  confirm,
  isDangerous,
  typed,
  onClose,
  onConfirm,
}: ConfirmDialogProps) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  useReturnFocus()
  const { mutate, isPending, error } = useMutation({ mutationFn: onConfirm, onSuccess: onClose })
  const isTyped = !typed || text.trim() === typed
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (isTyped && !isPending) mutate()
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('actions.close') }}>
      <form onSubmit={send}>
        <Stack>
          <Text component="div" size="sm">
            {children}
          </Text>
          {typed && (
            <TextInput
              label={t('confirm.type', { word: typed })}
              value={text}
              autoComplete="off"
              data-autofocus
              onChange={(event) => setText(event.currentTarget.value)}
            />
          )}
          {error && <Failed error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('actions.back')}
            </Button>
            <Button
              type="submit"
              color={isDangerous ? 'red' : undefined}
              disabled={!isTyped}
              loading={isPending}
            >
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
