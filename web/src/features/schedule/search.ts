/** What the schedule shows, as it stands in the address. */

import type { View } from './calendar'

export interface ScheduleSearch {
  readonly tab?: 'calendar' | 'recurring'
  readonly view?: View
  /** A day that is shown, like `2026-11-29`. */
  readonly date?: string
  /** A schedule that is changed, or `new`. */
  readonly edit?: string
}

export function scheduleSearch({ tab, view, date, edit }: Record<string, unknown>): ScheduleSearch {
  return {
    ...(tab === 'calendar' || tab === 'recurring' ? { tab } : {}),
    ...(view === 'month' || view === 'week' || view === 'day' ? { view } : {}),
    ...(typeof date === 'string' && !Number.isNaN(Date.parse(`${date}T12:00`)) ? { date } : {}),
    ...(typeof edit === 'string' ? { edit } : {}),
  }
}
