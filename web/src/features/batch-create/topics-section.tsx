import { Alert, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { type ReactNode, type RefObject, useCallback, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Section } from '@/components/section'
import { NO_TOPICS, type NumberedTopic, type Topics } from './draft'
import { FileDrop } from './table/file-drop'
import { TableImport } from './table/table-import'
import { useTable } from './table/use-table'
import type { RowProblem } from './topic-problems'
import { TopicRows } from './topic-rows'
import { type TopicField, TopicText } from './topic-text'

interface TopicsSectionProps {
  readonly project: ReactNode
  readonly title: string
  readonly topics: Topics
  readonly error?: string
  readonly problems: readonly RowProblem[]
  readonly field: RefObject<TopicField | null>
  readonly onTitle: (title: string) => void
  readonly onTopics: (topics: Topics) => void
}

/** What the videos are about: typed or pasted, or out of a table. */
export function TopicsSection(props: TopicsSectionProps) {
  const { project, title, topics, error, problems, field, onTitle, onTopics } = props
  const { t } = useTranslation('batch-create')
  const { open, isReading, refusal, read, close } = useTable()
  const section = useRef<HTMLDivElement>(null)
  const takeRows = (rows: readonly NumberedTopic[]) => {
    onTopics({ kind: 'rows', name: open?.name ?? '', rows })
    leaveTable()
  }
  const leaveTable = () => {
    close()
    // The button is gone with the table.
    section.current?.focus()
  }
  const setRows = useCallback(
    (rows: readonly NumberedTopic[]) =>
      onTopics(
        rows.length > 0 ? { kind: 'rows', name: topics.kind === 'rows' ? topics.name : '', rows } : NO_TOPICS,
      ),
    [onTopics, topics],
  )
  return (
    <Section title={t('topics.title')}>
      <Stack ref={section} gap="md" tabIndex={-1} style={{ outline: 'none' }}>
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
          {project}
          <TextInput
            label={t('title.label')}
            placeholder={t('title.hint')}
            maxLength={200}
            value={title}
            onChange={(event) => onTitle(event.currentTarget.value)}
          />
        </SimpleGrid>
        {open ? (
          <TableImport {...open} onTopics={takeRows} onCancel={leaveTable} />
        ) : topics.kind === 'rows' ? (
          <TopicRows
            name={topics.name}
            rows={topics.rows}
            problems={problems}
            field={field}
            onChange={setRows}
            onRemoveAll={() => {
              onTopics(NO_TOPICS)
              section.current?.focus()
            }}
          />
        ) : (
          <FileDrop isReading={isReading} onFile={(file) => void read(file, file.name)}>
            <TopicText
              text={topics.text}
              error={error}
              field={field}
              onChange={(text) => onTopics({ kind: 'text', text })}
              onTable={(text) => void read(text, t('table.pasted'))}
            />
          </FileDrop>
        )}
        {refusal && (
          <Alert color="red" role="alert">
            {refusal}
          </Alert>
        )}
      </Stack>
    </Section>
  )
}
