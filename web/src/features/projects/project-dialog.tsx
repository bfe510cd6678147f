/** Make a project, or change one. */

import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { fieldRefusals } from '@/components/field-refusal'
import { TONES, type Tone } from '@/features/jobs/retry-changes'
import type { ProjectRow } from '@/lib/rows'
import { say } from '@/lib/say'
import { useReturnFocus } from '@/lib/use-return-focus'
import { PROJECT_STATUSES, type ProjectStatus } from './filters'
import { changeProject, createProject } from './queries'

interface ProjectDialogProps {
  /** The one that is changed; absent: a new one. */
  readonly project?: ProjectRow
  readonly onClose: () => void
  readonly onSaved?: (projectId: string) => void
}

export function ProjectDialog({ project, onClose, onSaved }: ProjectDialogProps) {
  const { t } = useTranslation('projects')
  const client = useQueryClient()
  useReturnFocus()
  const [idea, setIdea] = useState(project?.original_idea ?? '')
  const [name, setName] = useState(project?.name ?? '')
  const [audience, setAudience] = useState(project?.target_audience ?? '')
  const [tone, setTone] = useState<Tone | null>(project?.tone ?? null)
  const [status, setStatus] = useState<ProjectStatus>(project?.status ?? 'draft')
  const { mutate, error, isPending } = useMutation({
    mutationFn: async () => {
      const values = {
        original_idea: idea.trim(),
        name: name.trim(),
        target_audience: audience.trim() || null,
        tone,
      }
      if (!project) return (await createProject(client, values)).id
      await changeProject(client, project.id, { ...values, status })
      return project.id
    },
    onSuccess: (id) => {
      say(t(project ? 'saved' : 'created', { name: name.trim() || idea.trim() }))
      onClose()
      onSaved?.(id)
    },
  })
  const refusals = fieldRefusals(error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isPending) mutate()
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(project ? 'edit' : 'createTitle')}
      closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
    >
      <form onSubmit={submit}>
        <Stack>
          {error && <Failed error={error} />}
          <Textarea
            label={t('field.idea')}
            description={t('field.ideaHint')}
            required
            data-autofocus
            autosize
            minRows={3}
            maxLength={10_000}
            value={idea}
            error={refusals.get('original_idea')}
            onChange={(event) => setIdea(event.currentTarget.value)}
          />
          <TextInput
            label={t('field.name')}
            maxLength={200}
            value={name}
            error={refusals.get('name')}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={t('field.audience')}
            placeholder={t('field.audienceExample')}
            maxLength={1_000}
            value={audience}
            error={refusals.get('target_audience')}
            onChange={(event) => setAudience(event.currentTarget.value)}
          />
          <Group grow align="flex-start">
            <Select
              label={t('field.tone')}
              clearable
              clearButtonProps={{ 'aria-label': t('filters.clear', { ns: 'app' }) }}
              data={TONES.map((value) => ({ value, label: t(`tone.${value}`, { ns: 'app' }) }))}
              value={tone}
              onChange={setTone}
            />
            {project && (
              <Select
                label={t('field.status')}
                allowDeselect={false}
                data={PROJECT_STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))}
                value={status}
                onChange={(next) => setStatus(next ?? status)}
              />
            )}
          </Group>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('actions.back', { ns: 'app' })}
            </Button>
            <Button type="submit" loading={isPending} disabled={!idea.trim()}>
              {t(project ? 'actions.save' : 'actions.create', { ns: 'app' })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
