import {
  Button,
  Group,
  Modal,
  NativeSelect,
  Radio,
  Select,
  Skeleton,
  Stack,
  TagsInput,
  Text,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { api, call } from '@/lib/api'
import { say, sayError } from '@/lib/say'
import { addItem, CATEGORIES, type Category, scriptQuery, tagsQuery, useLibraryChange } from './library'

interface AddSceneProps {
  readonly isOpen: boolean
  /** The video whose scenes are offered; null to choose one. */
  readonly jobId: string | null
  readonly onClose: () => void
}

/** Keeps a scene of a video's script for use again. */
export function AddScene({ isOpen, jobId, onClose }: AddSceneProps) {
  const { t } = useTranslation('library')
  const { t: common } = useTranslation()
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      size="lg"
      title={t('add.title')}
      closeButtonProps={{ 'aria-label': common('actions.close') }}
    >
      <AddForm startJobId={jobId} onClose={onClose} />
    </Modal>
  )
}

function AddForm({
  startJobId,
  onClose,
}: {
  readonly startJobId: string | null
  readonly onClose: () => void
}) {
  const { t } = useTranslation('library')
  const { t: common } = useTranslation()
  const { data: known } = useQuery(tagsQuery)
  const [jobId, setJobId] = useState(startJobId)
  const [sceneId, setSceneId] = useState<string | null>(null)
  const [tags, setTags] = useState<string[]>([])
  const [category, setCategory] = useState<Category>('favorite')
  const add = useLibraryChange((scene_id: string) =>
    addItem({ scene_id, specific_tags: tags, library_category: category }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (sceneId === null) return
    add.mutate(sceneId, {
      onSuccess: () => {
        say(t('add.done'))
        onClose()
      },
      onError: sayError,
    })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {startJobId === null && (
          <JobChoice
            value={jobId}
            onChange={(id) => {
              setJobId(id)
              setSceneId(null)
            }}
          />
        )}
        {jobId !== null && <SceneChoice jobId={jobId} value={sceneId} onChange={setSceneId} />}
        <TagsInput
          label={t('add.tags')}
          description={t('add.tagsHint')}
          data={known ?? []}
          maxTags={50}
          value={tags}
          onChange={setTags}
        />
        <NativeSelect
          label={t('add.category')}
          data={CATEGORIES.filter((each) => each !== 'archived' && each !== 'public').map((value) => ({
            value,
            label: t(`category.${value}`),
          }))}
          value={category}
          onChange={(event) => setCategory(event.currentTarget.value as Category)}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common('actions.cancel')}
          </Button>
          <Button type="submit" loading={add.isPending} disabled={sceneId === null}>
            {t('add.confirm')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface ChoiceProps {
  readonly value: string | null
  readonly onChange: (id: string | null) => void
}

function JobChoice({ value, onChange }: ChoiceProps) {
  const { t } = useTranslation('library')
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text.trim(), 250)
  const { data } = useQuery({
    queryKey: ['jobs', 'with-script', wanted],
    queryFn: async () => {
      const query = {
        status: ['completed', 'processing'] as const,
        limit: 30,
        ...(wanted ? { text: wanted } : {}),
      }
      return (await call(api.GET('/jobs', { params: { query: query as never } }))).items
    },
    placeholderData: keepPreviousData,
  })
  return (
    <Select
      label={t('add.job')}
      description={t('add.jobHint')}
      required
      searchable
      data-autofocus
      data={(data ?? []).map((job) => ({ value: job.id, label: job.topic }))}
      nothingFoundMessage={t('add.none')}
      value={value}
      onChange={onChange}
      onSearchChange={setText}
    />
  )
}

function SceneChoice({ jobId, value, onChange }: ChoiceProps & { readonly jobId: string }) {
  const { t } = useTranslation('library')
  const { data, error } = useQuery(scriptQuery(jobId))
  if (error) return <Failed error={error} />
  if (!data) return <Skeleton h={120} />
  if (data.scenes.length === 0) return <Text size="sm">{t('add.noScript')}</Text>
  return (
    <Radio.Group label={t('add.scene')} value={value} onChange={onChange} required>
      <Stack gap="xs" mt={6} mah={280} style={{ overflowY: 'auto' }}>
        {data.scenes.map((scene) => (
          <Radio.Card key={scene.id} value={scene.id} p="xs">
            <Group wrap="nowrap" align="flex-start" gap="sm">
              <Radio.Indicator mt={2} />
              <div style={{ minWidth: 0 }}>
                <Text size="sm" fw={550}>
                  {scene.scene_number}. {scene.heading}
                </Text>
                <Text size="xs" c="dimmed" lineClamp={2}>
                  {scene.voiceover_text}
                </Text>
              </div>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  )
}
