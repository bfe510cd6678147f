import { Alert, Badge, Group, Text } from '@mantine/core'
import { IconChartBar, IconClockPause, IconFileZip, IconPalette } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '@/components/page'
import { PauseControl } from '@/components/pause-control'
import { ReadOnly } from '@/components/read-only'
import { Section } from '@/components/section'
import { StatusBadge } from '@/components/status'
import { BatchQueue } from '@/features/batches/batch-queue'
import { NewBatchLink } from '@/features/batches/new-batch-link'
import { saveFromApi } from '@/lib/archive'
import { usePendingCommand } from '@/lib/live/commands'
import { useFollow } from '@/lib/live/live'
import { type ProjectRow, useRow } from '@/lib/rows'
import { sayError } from '@/lib/say'
import { ProjectFigures } from './project-figures'
import { ProjectMembers } from './project-members'
import { ProjectMenu } from './project-menu'
import { ProjectSettings } from './project-settings'
import { ProjectSkeleton } from './project-skeleton'
import { type ProjectDetail, projectName, projectQuery, useProjectCommands } from './queries'

const BrandDialog = lazy(() =>
  import('./project-brand-dialog').then(({ ProjectBrandDialog: component }) => ({ default: component })),
)
const route = getRouteApi('/signed-in/projects/$projectId')

export function ProjectPage() {
  const { t } = useTranslation('projects')
  const { projectId } = route.useParams()
  const { page = 1, ...filters } = route.useSearch()
  const navigate = route.useNavigate()
  const { data, error } = useQuery(projectQuery(useQueryClient(), projectId))
  const project = useRow('projects', projectId)
  useFollow('project', projectId)
  // The route's error part says that it is not there, or may not be seen.
  if (error && !data) throw error
  if (!data || !project) return <ProjectSkeleton />
  return (
    <Page
      title={projectName(project)}
      description={<Description project={project} />}
      actions={<Actions project={project} detail={data} />}
    >
      {data.is_paused && !project.paused_at && (
        <Alert color="gray" icon={<IconClockPause aria-hidden />}>
          {t('pausedAbove')}
        </Alert>
      )}
      <ProjectFigures detail={data} />
      <Section title={t('batches')}>
        <BatchQueue
          isInSection
          projectId={projectId}
          filters={filters}
          page={page}
          onFilterChange={({ project: _, ...next }) =>
            void navigate({ search: next, replace: true, resetScroll: false })
          }
          onPageChange={(next) =>
            void navigate({
              search: (old) => ({ ...old, page: next > 1 ? next : undefined }),
              resetScroll: false,
            })
          }
          emptyAction={data.may_control && <NewBatchLink projectId={projectId} />}
        />
      </Section>
      <ProjectMembers projectId={projectId} ownerId={project.owner_id} mayChange={data.may_control} />
    </Page>
  )
}

function Description({ project }: { readonly project: ProjectRow }) {
  const { t } = useTranslation('projects')
  return (
    <>
      {project.name && <Text dir="auto">{project.original_idea}</Text>}
      <Group gap="xs" mt={6}>
        {project.paused_at ? (
          <StatusBadge status="paused" />
        ) : (
          <Badge color="gray">{t(`status.${project.status}`)}</Badge>
        )}
        <Text size="sm">
          {[
            project.target_audience && t('forAudience', { audience: project.target_audience }),
            project.tone && t(`tone.${project.tone}`, { ns: 'app' }),
          ]
            .filter(Boolean)
            .join(' · ')}
        </Text>
      </Group>
    </>
  )
}

function Actions({ project, detail }: { readonly project: ProjectRow; readonly detail: ProjectDetail }) {
  const { t } = useTranslation('projects')
  const router = useRouter()
  const commands = useProjectCommands()
  const pending = usePendingCommand(project.id)
  const [isBrandOpen, setBrandOpen] = useState(false)
  const isPaused = Boolean(project.paused_at)
  const open = detail.queue.pending_jobs + detail.queue.processing_jobs
  return (
    <>
      {detail.may_control ? (
        <>
          <PauseControl
            name={projectName(project)}
            isPaused={isPaused}
            isEnded={open === 0}
            isPending={pending !== undefined}
            onTogglePause={(isNow) =>
              void (isPaused ? commands.resume(project.id) : commands.pause(project.id, isNow))
            }
            onCancel={() => void commands.cancel(project.id)}
            cancelText={t('cancelText', { count: open })}
          />
          <ProjectSettings project={project} />
        </>
      ) : (
        <ReadOnly />
      )}
      <ProjectMenu
        project={project}
        onDeleted={() => void router.navigate({ to: '/projects' })}
        others={[
          {
            label: t('nav.analytics', { ns: 'app' }),
            icon: IconChartBar,
            run: () => void router.navigate({ to: '/analytics', search: { project: project.id } }),
          },
          {
            label: t('zip'),
            icon: IconFileZip,
            isDisabled: detail.queue.completed_jobs === 0,
            run: () => void saveArchive(project),
          },
          { label: t('brand.open'), icon: IconPalette, run: () => setBrandOpen(true) },
        ]}
      />
      {detail.may_control && <NewBatchLink projectId={project.id} />}
      {isBrandOpen && (
        <Suspense>
          <BrandDialog project={project} mayChange={detail.may_control} onClose={() => setBrandOpen(false)} />
        </Suspense>
      )}
    </>
  )
}

async function saveArchive(project: ProjectRow): Promise<void> {
  try {
    await saveFromApi(`/projects/${project.id}/archive`, `${projectName(project)}.zip`)
  } catch (error) {
    sayError(error)
  }
}
