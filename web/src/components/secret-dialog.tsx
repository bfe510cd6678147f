/** Something that is shown once, to be copied. */

import { Button, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useReturnFocus } from '@/lib/use-return-focus'

interface SecretDialogProps {
  readonly title: string
  readonly text: string
  readonly label: string
  readonly value: string
  readonly onClose: () => void
}

export function SecretDialog({ title, text, label, value, onClose }: SecretDialogProps) {
  const { t } = useTranslation()
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('actions.close') }}
    >
      <Stack>
        <Text size="sm">{text}</Text>
        <Group align="flex-end" wrap="nowrap" gap="xs">
          <TextInput
            label={label}
            value={value}
            readOnly
            data-autofocus
            style={{ flex: 1 }}
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton value={value}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t('actions.copied') : t('actions.copy')}
              </Button>
            )}
          </CopyButton>
        </Group>
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('actions.close')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
