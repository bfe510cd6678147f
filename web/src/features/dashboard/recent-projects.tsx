import { Group, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { ProjectLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { formatAgo } from '@/lib/format'
import { useRows } from '@/lib/rows'
import { recentProjectsQuery } from './api'

export function RecentProjects() {
  const { t } = useTranslation('dashboard')
  const { data, error, isPending, refetch } = useQuery(recentProjectsQuery(useQueryClient()))
  const rows = useRows('projects', data ?? [])
  return (
    <Section title={t('projects.title')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {isPending && <RowSkeletons />}
      <Stack gap="sm">
        {rows.map((project) => (
          <div key={project.id}>
            <Group justify="space-between" gap="xs" wrap="nowrap">
              <ProjectLink id={project.id} fw={550} size="sm" truncate>
                {project.name || project.original_idea}
              </ProjectLink>
              <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
                {formatAgo(project.created_at)}
              </Text>
            </Group>
            {project.name && (
              <Text size="xs" c="dimmed" truncate>
                {project.original_idea}
              </Text>
            )}
          </div>
        ))}
      </Stack>
    </Section>
  )
}
