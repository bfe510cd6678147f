import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useProjectNames } from '@/components/project-names'
import { ProjectLink } from '@/components/record-links'
import { Section } from '@/components/section'
import { Table } from '@/components/table'
import { WideTable } from '@/components/wide-table'
import { budgetsQuery, costsQuery } from './api'
import { BudgetState } from './budget-state'
import { SumOf } from './sum-of'

const PAGE_ROWS = 15

/** Each project with what was paid for it, the newest first. */
export function ProjectCosts({ onProject }: { readonly onProject: (id: string) => void }) {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const [shown, setShown] = useState(PAGE_ROWS)
  const names = [...useProjectNames()]
  return (
    <Section title={t('projects.title')} description={t('projects.text')}>
      {names.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('projects.none')}
        </Text>
      )}
      {names.length > 0 && (
        <WideTable
          label={t('projects.title')}
          columns={[
            { name: tApp('filters.project') },
            { name: t('columns.month'), isNumber: true },
            { name: t('columns.ever'), isNumber: true },
            { name: t('columns.budget') },
            { name: '' },
          ]}
        >
          {names.slice(0, shown).map(([id, name]) => (
            <ProjectCost key={id} id={id} name={name} onProject={onProject} />
          ))}
        </WideTable>
      )}
      {names.length > shown && (
        <Button variant="default" size="xs" onClick={() => setShown(shown + PAGE_ROWS)}>
          {tApp('actions.more')}
        </Button>
      )}
    </Section>
  )
}

interface ProjectCostProps {
  readonly id: string
  readonly name: string
  readonly onProject: (id: string) => void
}

function ProjectCost({ id, name, onProject }: ProjectCostProps) {
  const { t } = useTranslation('costs')
  const { data } = useQuery(costsQuery('project', id))
  const budget = useQuery(budgetsQuery).data?.find(({ scope_id }) => scope_id === id)
  return (
    <Table.Tr className="figures">
      <Table.Th scope="row" fw={500} maw={280}>
        <ProjectLink id={id} inherit truncate display="block">
          {name}
        </ProjectLink>
      </Table.Th>
      <Table.Td ta="end">
        <SumOf costs={data} month />
      </Table.Td>
      <Table.Td ta="end">
        <SumOf costs={data} />
      </Table.Td>
      <Table.Td>{budget ? <BudgetState budget={budget} /> : '–'}</Table.Td>
      <Table.Td ta="end">
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => onProject(id)}
          aria-label={t('projects.open', { name })}
        >
          {t('projects.batches')}
        </Button>
      </Table.Td>
    </Table.Tr>
  )
}
