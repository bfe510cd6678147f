import { Badge, Card, Group, Progress, Stack, Text } from '@mantine/core'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { TextLink } from '@/components/links'
import { StatusBadge } from '@/components/status'
import { When } from '@/components/when'
import { formatNumber, formatWhen } from '@/lib/format'
import { useRow } from '@/lib/rows'
import classes from './project-card.module.css'
import { ProjectMenu } from './project-menu'
import { type JobCounts, projectName } from './queries'

interface ProjectCardProps {
  readonly projectId: string
  readonly counts: JobCounts | undefined
}

/** A project among others; all of the card leads to it. */
export const ProjectCard = memo(function ProjectCard({ projectId, counts }: ProjectCardProps) {
  const { t } = useTranslation('projects')
  const project = useRow('projects', projectId)
  if (!project || project.deleted_at) return null
  const facts = [project.target_audience, project.tone && t(`tone.${project.tone}`, { ns: 'app' })]
    .filter(Boolean)
    .join(' · ')
  return (
    <Card className={classes.card} component="article">
      <Stack gap={8} h="100%">
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
          <Text size="sm" c="dimmed" lineClamp={2} dir="auto">
            {project.original_idea}
          </Text>
        )}
        {facts && (
          <Text size="xs" c="dimmed" lineClamp={1} dir="auto">
            {facts}
          </Text>
        )}
        <Stack gap={8} mt="auto">
          {counts && <CardProgress counts={counts} name={projectName(project)} />}
          <Group justify="space-between" wrap="nowrap">
            {project.paused_at ? (
              <StatusBadge status="paused" size="sm" />
            ) : (
              <Badge size="sm" color="gray" flex="none">
                {t(`status.${project.status}`)}
              </Badge>
            )}
            <Text size="xs" c="dimmed" truncate>
              <When iso={project.updated_at}>{t('changed', { ago: formatWhen(project.updated_at) })}</When>
            </Text>
          </Group>
        </Stack>
      </Stack>
    </Card>
  )
})

function CardProgress({ counts, name }: { readonly counts: JobCounts; readonly name: string }) {
  const { t } = useTranslation('projects')
  const { job_count, completed_count, failed_count } = counts
  if (job_count === 0) {
    return (
      <Text size="xs" c="dimmed">
        {t('card.none')}
      </Text>
    )
  }
  const share = (count: number) => (count / job_count) * 100
  return (
    <div>
      <Progress.Root size={6} radius="xl">
        <Progress.Section
          value={share(completed_count)}
          color="teal.7"
          aria-label={t('card.progress', { name })}
        />
        <Progress.Section value={share(failed_count)} color="red.7" withAria={false} />
      </Progress.Root>
      <Text size="xs" c="dimmed" mt={4} className="figures">
        {t('card.done', {
          count: job_count,
          done: formatNumber(completed_count),
          total: formatNumber(job_count),
        })}
        {failed_count > 0 && (
          <Text span inherit c="var(--mantine-color-error)">
            {' · '}
            {t('card.failed', { count: failed_count, number: formatNumber(failed_count) })}
          </Text>
        )}
      </Text>
    </div>
  )
}
