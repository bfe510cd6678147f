/** The batches of the team, or of one project: filtered, in order, page by page, live. */

import { Button, Card, Center, Pagination, Skeleton, Stack, Text } from '@mantine/core'
import { IconFilter, IconFilterOff, IconStack2 } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Failed } from '@/components/failed'
import { formatNumber } from '@/lib/format'
import classes from './batch-queue.module.css'
import { BatchQueueRow } from './batch-queue-row'
import { batchesQuery } from './queries'
import { isFiltered, type QueueFilters } from './queue-filters'

/** Choices and menus are large; where there is little room they come when they are asked for. */
const QueueFilterBar = lazy(() =>
  import('./queue-filter-bar').then(({ QueueFilterBar: component }) => ({ default: component })),
)

interface BatchQueueProps {
  /** Only batches of this project, which then cannot be chosen. */
  readonly projectId?: string
  readonly filters: QueueFilters
  /** From 1. */
  readonly page: number
  readonly pageSize?: number
  readonly onFilterChange: (filters: QueueFilters) => void
  readonly onPageChange: (page: number) => void
  /** What to do where there are no batches yet. */
  readonly emptyAction?: ReactNode
  /** The filters are behind a button until they are used. */
  readonly isCompact?: boolean
  /** The card around it is the section's. */
  readonly isInSection?: boolean
}

export function BatchQueue(props: BatchQueueProps) {
  const {
    projectId,
    page,
    pageSize = 20,
    onFilterChange,
    onPageChange,
    emptyAction,
    isCompact = false,
    isInSection = false,
  } = props
  const { t } = useTranslation('batches')
  const [isOpen, setOpen] = useState(!isCompact || isFiltered(props.filters, projectId !== undefined))
  const client = useQueryClient()
  const filters = projectId ? { ...props.filters, project: projectId } : props.filters
  const { data, error, isPlaceholderData, refetch } = useQuery(batchesQuery(client, filters, page, pageSize))
  const pages = Math.max(1, Math.ceil((data?.total ?? 0) / pageSize))
  let content: ReactNode
  if (error && !data) content = <Failed error={error} onRetry={() => void refetch()} />
  else if (!data) content = <QueueSkeleton rows={Math.min(pageSize, 6)} />
  else if (data.ids.length === 0) {
    content = isFiltered(filters, projectId !== undefined) ? (
      <Empty icon={IconFilterOff} title={t('filters.nothing', { ns: 'app' })}>
        {t('filters.nothingText', { ns: 'app' })}
      </Empty>
    ) : (
      <Empty icon={IconStack2} title={t('queue.empty')} action={emptyAction}>
        {t('queue.emptyNext')}
      </Empty>
    )
  } else {
    content = (
      <ul className={classes.list} data-old={isPlaceholderData} aria-label={t('queue.label')}>
        {data.ids.map((id) => (
          <BatchQueueRow key={id} batchId={id} hasProject={projectId === undefined} />
        ))}
      </ul>
    )
  }
  return (
    <Stack gap="sm">
      {!isOpen && (
        <div>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFilter size={14} aria-hidden />}
            onClick={() => setOpen(true)}
          >
            {t('queue.filters')}
          </Button>
        </div>
      )}
      {isOpen && (
        <Suspense fallback={<Skeleton height={36} />}>
          <QueueFilterBar filters={filters} isOfProject={projectId !== undefined} onChange={onFilterChange} />
        </Suspense>
      )}
      {isInSection ? <div className={classes.inset}>{content}</div> : <Card padding={0}>{content}</Card>}
      {data && data.total > pageSize && (
        <Center>
          <Stack gap={6} align="center">
            <Pagination
              total={pages}
              value={page}
              onChange={onPageChange}
              getControlProps={(control) => ({ 'aria-label': t(`page.${control}`) })}
              getItemProps={(number) => ({ 'aria-label': t('page.number', { number }) })}
            />
            <Text size="xs" c="dimmed" className="figures">
              {t('queue.total', { count: data.total, number: formatNumber(data.total) })}
            </Text>
          </Stack>
        </Center>
      )}
    </Stack>
  )
}

function QueueSkeleton({ rows }: { readonly rows: number }) {
  const { t } = useTranslation()
  return (
    <div role="status" aria-label={t('loading')} className={classes.list}>
      {Array.from({ length: rows }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <div key={at} className={classes.waiting}>
          <div>
            <Skeleton height={13} width="60%" mb={9} />
            <Skeleton height={9} width="36%" />
          </div>
          <Skeleton height={8} className={classes.waitingProgress} />
        </div>
      ))}
    </div>
  )
}
