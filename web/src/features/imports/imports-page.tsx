import { Alert, Button, SimpleGrid, Stack, Textarea } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { Page } from '@/components/page'
import { Section } from '@/components/section'
import type { NumberedTopic } from '@/features/batch-create/draft'
import { takeRows } from '@/features/batch-create/kept-draft'
import { FileDrop } from '@/features/batch-create/table/file-drop'
import { TableImport } from '@/features/batch-create/table/table-import'
import { useTable } from '@/features/batch-create/table/use-table'
import { useIs, useMe } from '@/lib/me'
import { sayError } from '@/lib/say'
import { SheetLink } from './sheet-link'

/** Topics out of other places; what they become is chosen in the form that follows. */
export function ImportsPage() {
  const { t } = useTranslation('imports')
  const { tenant } = useMe()
  const navigate = useNavigate()
  const mayCreate = useIs('editor')
  const { open, isReading, refusal, read, show, close } = useTable()
  const [pasted, setPasted] = useState('')
  const goOn = async (rows: readonly NumberedTopic[]) => {
    try {
      await takeRows(tenant?.id ?? '', open?.name ?? '', rows)
      await navigate({ to: '/batches/new', search: { mode: 'many' } })
    } catch (error) {
      sayError(error)
    }
  }
  if (!mayCreate) {
    return (
      <Page title={t('title')}>
        <Empty icon={IconLock} title={t('mayNot')}>
          {t('mayNotNext')}
        </Empty>
      </Page>
    )
  }
  return (
    <Page title={t('title')} description={t('text')}>
      {refusal && (
        <Alert color="red" role="alert">
          {refusal}
        </Alert>
      )}
      {open ? (
        <Section title={t('columns')}>
          <TableImport {...open} onTopics={(rows) => void goOn(rows)} onCancel={close} />
        </Section>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Stack gap="lg">
            <Section title={t('file.title')} description={t('file.text')}>
              <FileDrop isReading={isReading} onFile={(file) => void read(file, file.name)} />
            </Section>
            <SheetLink onTable={(name, table) => show({ name, table })} />
          </Stack>
          <Section title={t('paste.title')} description={t('paste.text')}>
            <Textarea
              aria-label={t('paste.title')}
              placeholder={t('paste.example')}
              minRows={12}
              maxRows={12}
              autosize
              value={pasted}
              onChange={(event) => setPasted(event.currentTarget.value)}
              onPaste={(event) => {
                event.preventDefault()
                void read(event.clipboardData.getData('text/plain'), t('paste.name'))
              }}
            />
            <Button
              variant="default"
              disabled={!pasted.trim()}
              loading={isReading}
              onClick={() => void read(pasted, t('paste.name'))}
              style={{ alignSelf: 'start' }}
            >
              {t('paste.read')}
            </Button>
          </Section>
        </SimpleGrid>
      )}
    </Page>
  )
}
