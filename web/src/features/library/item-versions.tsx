import { Button, Card, Group, Skeleton, Stack, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { formatTime } from '@/lib/format'
import { say, sayError } from '@/lib/say'
import { addVersion, useLibraryChange, versionsQuery } from './library'

/** How a scene was worded, the newest first; a new wording is a new version. */
export function ItemVersions({ id, mayChange }: { readonly id: string; readonly mayChange: boolean }) {
  const { t } = useTranslation('library')
  const { data, error, refetch } = useQuery(versionsQuery(id))
  const [text, setText] = useState<string | null>(null)
  const add = useLibraryChange((voiceover_text: string) => addVersion(id, { voiceover_text }))
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton h={120} />
  const versions = [...data].sort((a, b) => b.number - a.number)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (text === null) return
    add.mutate(text, {
      onSuccess: () => {
        setText(null)
        say(t('item.versionSaved'))
      },
      onError: sayError,
    })
  }
  return (
    <Stack gap="sm">
      {mayChange && text === null && (
        <Button
          variant="default"
          size="xs"
          style={{ alignSelf: 'start' }}
          onClick={() => setText(versions[0]?.voiceover_text ?? '')}
        >
          {t('item.newVersion')}
        </Button>
      )}
      {text !== null && (
        <form onSubmit={submit}>
          <Textarea
            label={t('item.narration')}
            description={t('item.newVersionHint')}
            autosize
            autoFocus
            minRows={3}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Group mt="xs" gap="xs">
            <Button type="submit" size="xs" loading={add.isPending} disabled={!text.trim()}>
              {t('item.saveVersion')}
            </Button>
            <CancelButton onClick={() => setText(null)} />
          </Group>
        </form>
      )}
      {versions.map((version) => (
        <Card key={version.number} padding="sm">
          <Text size="xs" c="dimmed" fw={550}>
            {t('item.version', { number: version.number })} · {formatTime(version.created_at)}
          </Text>
          <Text size="sm" mt={2}>
            {version.voiceover_text}
          </Text>
        </Card>
      ))}
    </Stack>
  )
}

function CancelButton({ onClick }: { readonly onClick: () => void }) {
  const { t } = useTranslation()
  return (
    <Button size="xs" variant="default" onClick={onClick}>
      {t('actions.cancel')}
    </Button>
  )
}
