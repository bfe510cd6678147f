import { Badge, Card, Group, Stack, Text } from '@mantine/core'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { StatusBadge } from '@/components/status'
import { formatAgo } from '@/lib/format'
import { useRow } from '@/lib/rows'
import classes from './project-card.module.css'
import { ProjectMenu } from './project-menu'
import { projectName } from './queries'

/** A project among others; all of the card leads to it. */
export const ProjectCard = memo(function ProjectCard({ projectId }: { readonly projectId: string }) {
  const { t } = useTranslation('projects')
  const project = useRow('projects', projectId)
  if (!project || project.deleted_at) return null
  const facts = [project.target_audience, project.tone && t(`tone.${project.tone}`, { ns: 'app' })]
  return (
    <Card className={classes.card} component="article">
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
          <TextLink
            to="/projects/$projectId"
            params={{ projectId }}
            className={classes.link}
            fw={650}
            c="var(--mantine-color-text)"
            lineClamp={2}
            dir="auto"
          >
            {projectName(project)}
          </TextLink>
          <div className={classes.menu}>
            <ProjectMenu project={project} />
          </div>
        </Group>
        {project.name && (
          <Text size="sm" c="dimmed" lineClamp={3} dir="auto">
            {project.original_idea}
          </Text>
        )}
        <Group gap="xs" mt="auto" justify="space-between" wrap="nowrap">
          <Group gap={6} wrap="nowrap" miw={0}>
            {project.paused_at ? (
              <StatusBadge status="paused" size="sm" />
            ) : (
              <Badge size="sm" color="gray" flex="none">
                {t(`status.${project.status}`)}
              </Badge>
            )}
            <Text size="xs" c="dimmed" lineClamp={1}>
              {facts.filter(Boolean).join(' · ')}
            </Text>
          </Group>
          <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            {t('changed', { ago: formatAgo(project.updated_at) })}
          </Text>
        </Group>
      </Stack>
    </Card>
  )
})
