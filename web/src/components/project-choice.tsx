import { Select, type SelectProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { projectChoicesQuery, projectRowQuery, projectTitle } from '@/lib/project-list'
import { useRow, useRows } from '@/lib/rows'

interface ProjectChoiceProps
  extends Pick<SelectProps, 'label' | 'required' | 'clearable' | 'error' | 'w' | 'placeholder'> {
  readonly value: string | null
  readonly onChange: (projectId: string | null) => void
}

/** One of the team's projects, found by typing. */
export function ProjectChoice({ value, onChange, ...look }: ProjectChoiceProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text, 250)
  const chosen = useRow('projects', value ?? '')
  const isNew = chosen === undefined || wanted !== projectTitle(chosen)
  const choices = useQuery({
    ...projectChoicesQuery(client, isNew ? wanted.trim() : ''),
    placeholderData: keepPreviousData,
  })
  useQuery({ ...projectRowQuery(client, value ?? ''), enabled: value !== null && chosen === undefined })
  const rows = useRows('projects', choices.data ?? [])
  const all = chosen && !rows.some(({ id }) => id === chosen.id) ? [chosen, ...rows] : rows
  return (
    <Select
      searchable
      allowDeselect={false}
      data={all.map((each) => ({ value: each.id, label: projectTitle(each) }))}
      // The server has searched already.
      filter={({ options }) => options}
      value={value}
      onChange={onChange}
      searchValue={text}
      onSearchChange={setText}
      nothingFoundMessage={choices.isPending ? t('loading') : t('palette.nothing')}
      {...look}
    />
  )
}
