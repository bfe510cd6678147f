import { Button, Group, Modal, NumberInput, Select, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { LANES, type Lane } from '@/features/jobs/filters'
import { markFirstField } from '@/lib/first-field'
import type { ProjectRow } from '@/lib/rows'
import { useReturnFocus } from '@/lib/use-return-focus'
import { changeProject, useProjectCommands } from './queries'

interface ProjectSettingsDialogProps {
  readonly project: ProjectRow
  readonly onClose: () => void
}

export function ProjectSettingsDialog({ project, onClose }: ProjectSettingsDialogProps) {
  const { t } = useTranslation('projects')
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('settings.title')}
      closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
    >
      <SettingsForm project={project} onClose={onClose} />
    </Modal>
  )
}

function SettingsForm({ project, onClose }: ProjectSettingsDialogProps) {
  const { t } = useTranslation('projects')
  const client = useQueryClient()
  const commands = useProjectCommands()
  const [lane, setLane] = useState<Lane | null>(null)
  const [cap, setCap] = useState<number | string>(project.max_concurrent_tasks ?? '')
  const { mutate, error, isPending } = useMutation({
    mutationFn: async () => {
      const wanted = cap === '' ? null : Number(cap)
      if (wanted !== project.max_concurrent_tasks) {
        await changeProject(client, project.id, { max_concurrent_tasks: wanted })
      }
      if (lane) void commands.setLane(project.id, lane)
    },
    onSuccess: onClose,
  })
  const save = (event: FormEvent) => {
    event.preventDefault()
    mutate()
  }
  return (
    <form ref={markFirstField} onSubmit={save}>
      <Stack>
        {error && <Failed error={error} />}
        <Select
          label={t('settings.priority')}
          description={t('settings.priorityHint')}
          placeholder={t('settings.unchanged')}
          clearable
          clearButtonProps={{ 'aria-label': t('filters.clear', { ns: 'app' }) }}
          data={LANES.map((value) => ({ value, label: t(`lane.${value}`, { ns: 'app' }) }))}
          value={lane}
          onChange={setLane}
        />
        <NumberInput
          label={t('settings.cap')}
          description={t('settings.capHint')}
          min={1}
          max={999_999}
          allowDecimal={false}
          value={cap}
          onChange={setCap}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('actions.back', { ns: 'app' })}
          </Button>
          <Button type="submit" loading={isPending}>
            {t('actions.save', { ns: 'app' })}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
