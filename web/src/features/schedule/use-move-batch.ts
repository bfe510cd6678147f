import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { withPending } from '@/lib/live/commands'
import { SaidError } from '@/lib/problem'
import { say, sayError } from '@/lib/say'
import { startBatch } from './schedules'

/** Lets a planned batch start at another moment, or at once (null); what is refused is said. */
export function useMoveBatch() {
  const { t } = useTranslation('schedule')
  const client = useQueryClient()
  return async (id: string, startsAt: Date | null) => {
    if (startsAt && startsAt.getTime() <= Date.now()) return sayError(new SaidError(t('event.past')))
    try {
      await withPending(client, { kind: 'batches', id, command: 'start' }, () => startBatch(id, startsAt))
      await client.invalidateQueries({ queryKey: ['batches', 'planned'] })
      say(startsAt ? t('event.moved') : t('event.started'))
    } catch (failure) {
      sayError(failure)
    }
  }
}
