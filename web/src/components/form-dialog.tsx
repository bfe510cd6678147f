/** A form in a dialog: it closes when it is saved, and says at the fields, or above them, why it was not. */

import { Button, Group, Modal, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { markFirstField } from '@/lib/first-field'
import { useReturnFocus } from '@/lib/use-return-focus'
import { Failed } from './failed'
import { fieldRefusals } from './field-refusal'

interface FormDialogProps {
  readonly title: string
  readonly submit: string
  readonly isDisabled?: boolean
  readonly onClose: () => void
  readonly onSubmit: () => Promise<unknown>
  /** The fields; they ask what was refused of each. */
  readonly children: (errorOf: (field: string) => ReactNode) => ReactNode
}

export function FormDialog({ title, submit, isDisabled, onClose, onSubmit, children }: FormDialogProps) {
  const { t } = useTranslation()
  useReturnFocus()
  const { mutate, isPending, error } = useMutation({ mutationFn: onSubmit, onSuccess: onClose })
  const refusals = fieldRefusals(error)
  const asked = new Set<string>()
  const fields = children((field) => {
    asked.add(field)
    return refusals.get(field)
  })
  const isToldAtFields = refusals.size > 0 && [...refusals.keys()].every((field) => asked.has(field))
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (!isPending) mutate()
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('actions.close') }}>
      <form ref={markFirstField} onSubmit={send}>
        <Stack>
          {error && !isToldAtFields && <Failed error={error} />}
          {fields}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('actions.cancel')}
            </Button>
            <Button type="submit" loading={isPending} disabled={isDisabled}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
