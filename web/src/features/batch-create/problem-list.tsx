import { Alert, Anchor, Button, Group, List, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { Ref } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import { ProblemReason } from './problem-reason'
import type { RowProblem } from './topic-problems'

interface ProblemListProps {
  readonly ref?: Ref<HTMLDivElement>
  readonly problems: readonly RowProblem[]
  readonly onJump: (number: number) => void
  /** Drop the rows that have problems. */
  readonly onLeaveOut?: () => void
}

/** Shown of many. */
const MOST = 6

/** All that keeps the batch from being made, each leading to its row. */
export function ProblemList({ ref, problems, onJump, onLeaveOut }: ProblemListProps) {
  const { t } = useTranslation('batch-create')
  if (problems.length === 0) return null
  const rows = new Set(problems.flatMap(({ number }) => number ?? []))
  return (
    <Alert
      ref={ref}
      tabIndex={-1}
      color="red"
      icon={<IconAlertTriangle aria-hidden />}
      title={
        rows.size > 0
          ? t('problems.rows', { count: rows.size, shown: formatNumber(rows.size) })
          : t('problems.settings')
      }
      role="group"
    >
      <List size="sm" spacing={4} listStyleType="none">
        {problems.slice(0, MOST).map((problem) => (
          <List.Item key={`${problem.number} ${problem.field}`}>
            {problem.number !== null && (
              <Anchor
                component="button"
                type="button"
                size="sm"
                me={6}
                onClick={() => onJump(problem.number ?? 1)}
              >
                {t('problems.row', { number: formatNumber(problem.number) })}
              </Anchor>
            )}
            <ProblemReason problem={problem} />
          </List.Item>
        ))}
      </List>
      <Group mt="xs" gap="sm">
        {problems.length > MOST && (
          <Text size="sm">{t('problems.more', { shown: formatNumber(problems.length - MOST) })}</Text>
        )}
        {rows.size > 0 && onLeaveOut && (
          <Button size="compact-sm" variant="default" onClick={onLeaveOut}>
            {t('problems.leaveOut', { count: rows.size, shown: formatNumber(rows.size) })}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
