import { Badge, Button, Group, NumberInput, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { endless } from '@/components/endless'
import { Failed } from '@/components/failed'
import { LoadMore } from '@/components/load-more'
import { ProjectLink } from '@/components/record-links'
import { RowSkeletons } from '@/components/row-skeletons'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { api, call } from '@/lib/api'
import { mergeRows, useRow } from '@/lib/rows'
import { say, sayError } from '@/lib/say'

/** How many tasks of each project may run at once. */
export function ProjectCaps() {
  const { t } = useTranslation('settings')
  const client = useQueryClient()
  const projects = useInfiniteQuery({
    queryKey: ['projects', 'caps'],
    queryFn: async ({ pageParam }) => {
      const page = await call(api.GET('/projects', { params: { query: { cursor: pageParam, limit: 50 } } }))
      mergeRows(client, 'projects', page.items)
      return { ids: page.items.map(({ id }) => id), next_cursor: page.next_cursor }
    },
    ...endless,
  })
  const ids = projects.data?.pages.flatMap((page) => page.ids) ?? []
  return (
    <Section title={t('caps.title')} description={t('caps.text')}>
      {projects.error && <Failed error={projects.error} onRetry={() => void projects.refetch()} />}
      {projects.isPending && <RowSkeletons />}
      {projects.data && ids.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('caps.none')}
        </Text>
      )}
      {ids.length > 0 && (
        <WideTable
          label={t('caps.title')}
          minWidth={480}
          columns={[{ name: t('caps.project') }, { name: t('caps.cap') }]}
        >
          {ids.map((id) => (
            <CapRow key={id} id={id} />
          ))}
        </WideTable>
      )}
      <LoadMore
        hasMore={projects.hasNextPage}
        isLoading={projects.isFetchingNextPage}
        onMore={() => void projects.fetchNextPage()}
      />
    </Section>
  )
}

function CapRow({ id }: { readonly id: string }) {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const client = useQueryClient()
  const project = useRow('projects', id)
  const [cap, setCap] = useState<number | string>(project?.max_concurrent_tasks ?? '')
  const { mutate, isPending } = useMutation({
    mutationFn: (most: number | null) =>
      call(
        api.PATCH('/projects/{project_id}', {
          params: { path: { project_id: id } },
          body: { max_concurrent_tasks: most },
        }),
      ),
    onSuccess: (row) => {
      mergeRows(client, 'projects', [row])
      say(t('saved'))
    },
    onError: sayError,
  })
  if (!project) return null
  const name = project.name || project.original_idea
  const isChanged = (cap === '' ? null : Number(cap)) !== project.max_concurrent_tasks
  const send = (event: FormEvent) => {
    event.preventDefault()
    mutate(cap === '' ? null : Number(cap))
  }
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500} maw={320}>
        <Group gap="xs" wrap="nowrap">
          <ProjectLink id={id} inherit truncate>
            {name}
          </ProjectLink>
          {project.paused_at && <Badge color="yellow">{tApp('status.paused')}</Badge>}
        </Group>
      </Table.Th>
      <Table.Td>
        <form onSubmit={send}>
          <Group gap="xs" wrap="nowrap">
            <NumberInput
              size="xs"
              w={120}
              min={1}
              max={10_000}
              allowDecimal={false}
              disabled={!project.may_control}
              placeholder={t('caps.noCap')}
              aria-label={t('caps.of', { name })}
              value={cap}
              onChange={setCap}
            />
            {isChanged && (
              <Button type="submit" size="xs" loading={isPending}>
                {tApp('actions.save')}
              </Button>
            )}
          </Group>
        </form>
      </Table.Td>
    </Table.Tr>
  )
}
