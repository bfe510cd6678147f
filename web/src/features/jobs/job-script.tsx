/** The script of a job, scene by scene; what is changed is made again, and nothing else. */

import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { IconFileText } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { usePendingCommand } from '@/lib/live/commands'
import { ApiError } from '@/lib/problem'
import { useRow } from '@/lib/rows'
import { useJobCommands } from './commands'
import { waitsAfter } from './held'
import { type JobDetail, type JobScript, scriptQuery } from './queries'
import { SceneEditor } from './scene-editor'
import { scenesChanged } from './script-changes'
import { useSceneDrafts } from './use-scene-drafts'

export function JobScriptPart({ detail }: { readonly detail: JobDetail }) {
  const { t } = useTranslation('jobs')
  const { data, error, refetch } = useQuery(scriptQuery(detail))
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty icon={IconFileText} title={t('script.none')}>
        {t('script.noneNext')}
      </Empty>
    )
  }
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton height={280} />
  // Another script starts without drafts.
  return <ScriptScenes key={data.id} script={data} jobId={detail.id} isEditor={detail.may_control} />
}

interface ScriptScenesProps {
  readonly script: JobScript
  readonly jobId: string
  readonly isEditor: boolean
}

function ScriptScenes({ script, jobId, isEditor }: ScriptScenesProps) {
  const { t } = useTranslation('jobs')
  const client = useQueryClient()
  const commands = useJobCommands()
  const job = useRow('jobs', jobId)
  const isWaiting = job !== undefined && waitsAfter(job) !== null
  const isSending = usePendingCommand(jobId) !== undefined
  const [drafts, setDrafts] = useSceneDrafts(script.id)
  const changes = scenesChanged(script.scenes, drafts)
  const count = Object.keys(changes ?? {}).length
  const regenerate = async () => {
    if (!changes) return
    // What is refused stays to be corrected.
    if (!(await commands.retry(jobId, { changes: { scenes: changes } }))) return
    await client.invalidateQueries({ queryKey: ['jobs', 'script', jobId] })
    setDrafts(() => ({}))
  }
  return (
    <Stack gap="md">
      <div>
        <Text fw={650} size="lg" dir="auto">
          {script.title}
        </Text>
        <Text c="dimmed" size="sm" dir="auto">
          {script.description}
        </Text>
        <Text size="xs" c="dimmed" mt={4} className="figures">
          {[t('script.words', { count: script.word_count }), script.language, script.hashtags.join(' ')]
            .filter(Boolean)
            .join(' · ')}
        </Text>
      </div>
      {typeof script.metadata.notes === 'string' && <Alert color="gray">{script.metadata.notes}</Alert>}
      {script.scenes.map((scene) => (
        <SceneEditor
          key={scene.id}
          scene={scene}
          draft={drafts[scene.scene_number]}
          isEditor={isEditor}
          onChange={(draft) =>
            setDrafts(({ [scene.scene_number]: _, ...others }) =>
              draft ? { ...others, [scene.scene_number]: draft } : others,
            )
          }
        />
      ))}
      {changes && (
        <Alert color="ink" pos="sticky" bottom={8} style={{ zIndex: 2 }} aria-live="polite">
          <Group justify="space-between" gap="sm">
            <Text size="sm">{t(isWaiting ? 'script.changedWaiting' : 'script.changed', { count })}</Text>
            <Group gap="xs">
              <Button size="xs" variant="default" onClick={() => setDrafts(() => ({}))}>
                {t('script.discard')}
              </Button>
              <Button size="xs" loading={isSending} onClick={() => void regenerate()}>
                {t(isWaiting ? 'script.save' : 'script.regenerate')}
              </Button>
            </Group>
          </Group>
        </Alert>
      )}
    </Stack>
  )
}
