import { TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { ProjectChoice } from '@/components/project-choice'
import { projectChoicesQuery } from '@/lib/project-list'
import { useRow } from '@/lib/rows'
import type { Settings } from './draft'

interface ProjectFieldProps {
  readonly settings: Settings
  readonly wasTried: boolean
  readonly onChange: (settings: Partial<Settings>) => void
}

/** The project that the videos belong to: the newest unless another is chosen; where there is none, a new one. */
export function ProjectField({ settings, wasTried, onChange }: ProjectFieldProps) {
  const { t } = useTranslation('batch-create')
  const client = useQueryClient()
  const { data: choices } = useQuery(projectChoicesQuery(client, ''))
  const { projectId, newProject } = settings
  const newest = choices?.[0]
  useEffect(() => {
    if (projectId === null && newest !== undefined) onChange({ projectId: newest })
  }, [projectId, newest, onChange])
  const hasNone = choices !== undefined && choices.length === 0 && projectId === null
  if (hasNone) {
    return (
      <TextInput
        label={t('project.new')}
        placeholder={t('project.newHint')}
        required
        maxLength={200}
        error={wasTried && newProject.trim() === '' ? t('problem.noProjectName') : undefined}
        value={newProject}
        onChange={(event) => onChange({ newProject: event.currentTarget.value })}
      />
    )
  }
  return (
    <ProjectChoice
      label={t('project.label')}
      required
      value={projectId}
      error={wasTried && projectId === null ? t('problem.noProject') : undefined}
      onChange={(id) => onChange({ projectId: id, newProject: '' })}
    />
  )
}

const NOTHING: Readonly<Record<string, unknown>> = {}

/** What batches of a project start from. */
export function useProjectDefaults(projectId: string | null): Readonly<Record<string, unknown>> {
  const { batch } = useRow('projects', projectId ?? '')?.metadata ?? {}
  return typeof batch === 'object' && batch !== null ? (batch as Record<string, unknown>) : NOTHING
}
