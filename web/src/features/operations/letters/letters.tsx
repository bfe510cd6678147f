/** What failed for good: by code with what to do, one by one, and in detail. */

import { SimpleGrid, Stack, Switch } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { DayInput } from '@/components/day-input'
import { ProjectSelect } from '@/components/project-select'
import { useOperationsSearch } from '../use-search'
import { scopeOf } from './api'
import { LetterDrawer } from './letter-drawer'
import { LetterGroups } from './letter-groups'
import { LetterList } from './letter-list'

export function Letters() {
  const { t } = useTranslation('operations')
  const { t: tApp } = useTranslation()
  const { search, change } = useOperationsSearch()
  const [jobId, taskId] = search.letter?.split('/') ?? []
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm" style={{ alignItems: 'end' }}>
        <ProjectSelect value={search.project} onChange={(project) => change({ project })} />
        <DayInput label={tApp('filters.from')} value={search.from} onChange={(from) => change({ from })} />
        <DayInput label={tApp('filters.to')} value={search.to} onChange={(to) => change({ to })} />
        <Switch
          label={t('letters.discardedOnly')}
          checked={search.discarded ?? false}
          onChange={(event) => change({ discarded: event.currentTarget.checked || undefined })}
          mb={8}
        />
      </SimpleGrid>
      {!search.discarded && <LetterGroups scope={scopeOf(search)} />}
      <LetterList scope={scopeOf(search)} isDiscarded={search.discarded ?? false} />
      {jobId && taskId && (
        <LetterDrawer jobId={jobId} taskId={taskId} onClose={() => change({ letter: undefined })} />
      )}
    </Stack>
  )
}
