/** What of the tenant waits, is queued and runs at each stage, and how many serve it. */

import { Badge, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/lib/api'
import { formatDuration, formatNumber } from '@/lib/format'
import classes from './queue-table.module.css'

type Queue = Schemas['OwnQueue']
type Health = 'held' | 'unserved' | 'behind' | 'later' | 'idle' | 'fine'

/** Beyond so many seconds the oldest waits long. */
const LONG_S = 300
const COLOR: Record<Health, string> = {
  held: 'yellow',
  unserved: 'red',
  behind: 'orange',
  later: 'gray',
  idle: 'gray',
  fine: 'teal',
}

export function healthOf(queue: Queue): Health {
  const open = queue.ready_count + queue.queued_count
  if (queue.is_paused) return 'held'
  if (open + queue.running_count === 0) return queue.waiting_count > 0 ? 'later' : 'idle'
  if (queue.worker_count === 0) return 'unserved'
  return queue.oldest_age_s > LONG_S && queue.running_count === 0 ? 'behind' : 'fine'
}

const COLUMNS = ['stage', 'health', 'waiting', 'queued', 'running', 'oldest', 'slots'] as const

/** A plain table, as it is among the first things that the dashboard shows. */
export function QueueTable({ queues }: { readonly queues: readonly Queue[] }) {
  const { t } = useTranslation()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys.
    <section className={classes.scroll} tabIndex={0} aria-label={t('queue.label')}>
      <table className={classes.table} aria-label={t('queue.label')}>
        <thead>
          <tr>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {t(`queue.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="figures">
          {queues.map((queue) => (
            <QueueRow key={queue.stage} queue={queue} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function QueueRow({ queue }: { readonly queue: Queue }) {
  const { t } = useTranslation()
  const health = healthOf(queue)
  return (
    <tr>
      <th scope="row">{t(`stage.${queue.stage}`)}</th>
      <td className={classes.health}>
        <Badge color={COLOR[health]} miw="max-content">
          {t(`queue.is.${health}`)}
        </Badge>
      </td>
      <td data-name={t('queue.waiting')}>{formatNumber(queue.waiting_count)}</td>
      <td data-name={t('queue.queued')}>{formatNumber(queue.queued_count)}</td>
      <td data-name={t('queue.running')}>{formatNumber(queue.running_count)}</td>
      <td data-name={t('queue.oldest')}>
        {queue.oldest_age_s > 0 ? formatDuration(Math.round(queue.oldest_age_s) * 1_000) : '–'}
      </td>
      <td data-name={t('queue.slots')}>
        {queue.slots}
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {t('queue.workers', { count: queue.worker_count })}
        </Text>
      </td>
    </tr>
  )
}
