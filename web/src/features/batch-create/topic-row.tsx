import { ActionIcon, Anchor, Badge, Box, Group, Text, TextInput, Tooltip } from '@mantine/core'
import { IconAlertTriangle, IconPencil, IconTrash } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { usePlatformName } from '@/components/platform-names'
import { formatNumber } from '@/lib/format'
import type { NumberedTopic, Topic } from './draft'
import { ProblemReason } from './problem-reason'
import type { RowProblem } from './topic-problems'

interface TopicRowProps {
  readonly row: NumberedTopic
  readonly problems: readonly RowProblem[]
  readonly isEdited: boolean
  readonly onEdit: () => void
  readonly onLeave: () => void
  readonly onReplace: (row: NumberedTopic) => void
  readonly onRemove: (number: number) => void
}

/** A topic of a table, what is wrong with it, and how to put that right. */
export function TopicRow(props: TopicRowProps) {
  const { row, problems, isEdited, onEdit, onLeave, onReplace, onRemove } = props
  const { t } = useTranslation('batch-create')
  const platformName = usePlatformName()
  const editButton = useRef<HTMLButtonElement>(null)
  const { number, topic } = row
  const change = (changes: Partial<Topic>) => onReplace({ number, topic: { ...topic, ...changes } })
  return (
    <Group wrap="nowrap" gap="sm" align="flex-start">
      <Text size="xs" c="dimmed" w={36} ta="end" pt={5} className="figures">
        {formatNumber(number)}
      </Text>
      <Box flex={1} miw={0}>
        {isEdited ? (
          <TopicInput
            topic={topic.topic}
            number={number}
            onDone={(text) => (text === topic.topic ? onLeave() : change({ topic: text }))}
            onLeave={onLeave}
            onKeyDone={() => editButton.current?.focus()}
          />
        ) : (
          <Text size="sm" pt={3} truncate={problems.length === 0} c={topic.topic ? undefined : 'dimmed'}>
            {topic.topic || t('topics.empty')}
          </Text>
        )}
        {problems.map((problem) => (
          <Group key={problem.field} gap={6} wrap="nowrap" c="var(--mantine-color-error)" align="flex-start">
            <IconAlertTriangle size={14} aria-hidden style={{ flexShrink: 0, marginTop: 3 }} />
            <Text size="xs" lh={1.6}>
              <ProblemReason problem={problem} />{' '}
              {problem.field !== 'topic' && problem.field in topic && (
                <Anchor
                  component="button"
                  type="button"
                  size="xs"
                  underline="always"
                  onClick={() => {
                    change({ [problem.field]: undefined })
                    editButton.current?.focus()
                  }}
                >
                  {t('topics.asAll')}
                </Anchor>
              )}
            </Text>
          </Group>
        ))}
      </Box>
      <Group gap={4} wrap="nowrap" visibleFrom="sm" pt={2}>
        {(topic.platforms ?? []).slice(0, 3).map((each) => (
          <Badge key={each} size="sm" color="gray">
            {platformName(each)}
          </Badge>
        ))}
      </Group>
      <Group gap={2} wrap="nowrap">
        <Tooltip label={t('topics.edit')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            ref={editButton}
            onClick={onEdit}
            aria-label={t('topics.editRow', { number })}
          >
            <IconPencil size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('topics.remove')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={() => onRemove(number)}
            aria-label={t('topics.removeRow', { number })}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  )
}

interface TopicInputProps {
  readonly topic: string
  readonly number: number
  readonly onDone: (topic: string) => void
  readonly onLeave: () => void
  /** A key leaves it: gives the focus to what follows. */
  readonly onKeyDone: () => void
}

function TopicInput({ topic, number, onDone, onLeave, onKeyDone }: TopicInputProps) {
  const { t } = useTranslation('batch-create')
  const [text, setText] = useState(topic)
  const isTakenBack = useRef(false)
  return (
    <TextInput
      size="xs"
      aria-label={t('topics.ofRow', { number })}
      autoFocus
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => (isTakenBack.current ? onLeave() : onDone(text))}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        // Enter would send the form.
        event.preventDefault()
        isTakenBack.current = event.key === 'Escape'
        onKeyDone()
      }}
    />
  )
}
