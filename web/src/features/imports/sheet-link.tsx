import { Button, Group, TextInput } from '@mantine/core'
import { IconLink } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Section } from '@/components/section'
import type { Table } from '@/features/batch-create/table/table'
import { api, call, type Schemas } from '@/lib/api'
import { useMe } from '@/lib/me'

interface SheetLinkProps {
  readonly onTable: (name: string, table: Table) => void
}

/** The last link of a team: whoever has it may read the sheet, so other teams of this browser do not see it. */
const storedName = (tenantId: string) => `cliprow.import-link.${tenantId}`

/** A Google Sheet, or a file on the web, by its link; the server fetches it. */
export function SheetLink({ onTable }: SheetLinkProps) {
  const { t } = useTranslation('imports')
  const { tenant } = useMe()
  const stored = storedName(tenant?.id ?? '')
  const [url, setUrl] = useState(() => localStorage.getItem(stored) ?? '')
  const fetchTable = useMutation({
    mutationFn: (link: string) => call(api.POST('/imports/link', { body: { url: link } })),
    onSuccess: (found, link) => {
      localStorage.setItem(stored, link)
      onTable(t('link.name'), tableOf(found))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (url.trim()) fetchTable.mutate(url.trim())
  }
  return (
    <Section title={t('link.title')} description={t('link.text')}>
      <form onSubmit={submit}>
        <Group align="flex-end" gap="xs">
          <TextInput
            type="url"
            label={t('link.label')}
            placeholder="https://docs.google.com/spreadsheets/d/…"
            leftSection={<IconLink size={16} aria-hidden />}
            required
            withAsterisk={false}
            flex={1}
            miw={200}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={fetchTable.isPending}>
            {t('link.fetch')}
          </Button>
        </Group>
      </form>
      {fetchTable.error && <Failed error={fetchTable.error} />}
    </Section>
  )
}

function tableOf(found: Schemas['ImportedTable']): Table {
  return {
    headings: found.columns,
    hasHeadings: true,
    rows: found.rows.map((cells, at) => ({ number: found.lines[at] ?? at + 1, cells: cells as unknown[] })),
    faults: found.problems.map(({ line, reason }) => ({ number: line, reason })),
    isCells: false,
    encoding: 'utf-8',
    isEncodingGuess: false,
    isCut: found.is_cut,
  }
}
