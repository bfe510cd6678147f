import { Badge, Button, Card, Group, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconPencil } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatDuration } from '@/lib/format'
import type { ScriptScene } from './queries'
import classes from './scene-editor.module.css'
import { changeOf, draftOf, type SceneDraft } from './script-changes'

interface SceneEditorProps {
  readonly scene: ScriptScene
  /** Absent while it is only read. */
  readonly draft: SceneDraft | undefined
  readonly isEditor: boolean
  /** Undefined: as it was. */
  readonly onChange: (draft: SceneDraft | undefined) => void
}

/** One scene to read, and to change. */
export function SceneEditor({ scene, draft, isEditor, onChange }: SceneEditorProps) {
  const { t } = useTranslation('jobs')
  const isChanged = draft !== undefined && changeOf(scene, draft) !== null
  return (
    <Card padding="sm">
      <Group justify="space-between" mb={6} gap="xs">
        <Group gap="xs">
          <Text size="sm" fw={650} className="figures">
            {t('scene', { number: scene.scene_number })}
          </Text>
          <Text size="xs" c="dimmed" className="figures">
            {[
              t(`sceneType.${scene.scene_type}`),
              scene.duration_ms !== null && formatDuration(scene.duration_ms),
              scene.library_item_id && t('script.fromLibrary', { version: scene.library_version }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
          {isChanged && <Badge color="orange">{t('script.isChanged')}</Badge>}
        </Group>
        {isEditor && (
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={draft ? undefined : <IconPencil size={13} aria-hidden />}
            aria-label={t(draft ? 'script.undoOf' : 'script.editOf', { number: scene.scene_number })}
            onClick={() => onChange(draft ? undefined : draftOf(scene))}
          >
            {t(draft ? 'script.undo' : 'script.edit')}
          </Button>
        )}
      </Group>
      {draft ? <SceneForm draft={draft} onChange={onChange} /> : <SceneText scene={scene} />}
    </Card>
  )
}

function SceneText({ scene }: { readonly scene: ScriptScene }) {
  return (
    <Stack gap={4} dir="auto">
      {scene.heading && <Text fw={600}>{scene.heading}</Text>}
      <Text size="sm">{scene.voiceover_text}</Text>
      {scene.points.length > 0 && (
        <ul style={{ margin: 0, paddingInlineStart: 20 }}>
          {scene.points.map((point) => (
            <li key={point}>
              <Text size="sm">{point}</Text>
            </li>
          ))}
        </ul>
      )}
      <Text size="xs" c="dimmed">
        {scene.visual_description}
      </Text>
    </Stack>
  )
}

interface SceneFormProps {
  readonly draft: SceneDraft
  readonly onChange: (draft: SceneDraft) => void
}

function SceneForm({ draft, onChange }: SceneFormProps) {
  const { t } = useTranslation('jobs')
  const fields = [
    { name: 'voiceover_text', rows: 3 },
    { name: 'points', rows: 2 },
    { name: 'visual_description', rows: 2 },
  ] as const
  return (
    <Stack gap="xs" className={classes.form}>
      <TextInput
        label={t('script.field.heading')}
        maxLength={10_000}
        value={draft.heading}
        onChange={(event) => onChange({ ...draft, heading: event.currentTarget.value })}
      />
      {fields.map(({ name, rows }) => (
        <Textarea
          key={name}
          label={t(`script.field.${name}`)}
          autosize
          minRows={rows}
          maxLength={10_000}
          required={name === 'voiceover_text'}
          value={draft[name]}
          onChange={(event) => onChange({ ...draft, [name]: event.currentTarget.value })}
        />
      ))}
    </Stack>
  )
}
