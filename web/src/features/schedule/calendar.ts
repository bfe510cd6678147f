/** Days and hours of a calendar, in the reader's time zone. */

export type View = 'month' | 'week' | 'day'

/** A field of the calendar: a whole day, or an hour of one. */
export interface Cell {
  readonly start: Date
  readonly end: Date
  /** A day of another month than the one that is shown. */
  readonly isOutside: boolean
}

/** Rows of cells: weeks of days, or hours of days. */
export function cellsOf(view: View, anchor: Date, firstWeekday: number): readonly (readonly Cell[])[] {
  if (view === 'month') {
    const first = startOfWeek(new Date(anchor.getFullYear(), anchor.getMonth(), 1), firstWeekday)
    const last = new Date(anchor.getFullYear(), anchor.getMonth() + 1, 0)
    const weeks = Math.ceil((daysBetween(first, last) + 1) / 7)
    return Array.from({ length: weeks }, (_, week) =>
      Array.from({ length: 7 }, (_, day) => {
        const start = addDays(first, week * 7 + day)
        return { start, end: addDays(start, 1), isOutside: start.getMonth() !== anchor.getMonth() }
      }),
    )
  }
  const days = view === 'day' ? [startOfDay(anchor)] : weekOf(anchor, firstWeekday)
  return Array.from({ length: 24 }, (_, hour) =>
    days.map((day) => ({ start: atHour(day, hour), end: atHour(day, hour + 1), isOutside: false })),
  )
}

export function weekOf(anchor: Date, firstWeekday: number): Date[] {
  const first = startOfWeek(anchor, firstWeekday)
  return Array.from({ length: 7 }, (_, day) => addDays(first, day))
}

/** What a view shows, in words: a month, the days from the first to the last, or a day. */
export function titleOf(view: View, anchor: Date, language: string, firstWeekday: number): string {
  if (view === 'day') return new Intl.DateTimeFormat(language, { dateStyle: 'full' }).format(anchor)
  if (view === 'month') {
    return new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric' }).format(anchor)
  }
  const first = startOfWeek(anchor, firstWeekday)
  const days = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', year: 'numeric' })
  return days.formatRange(first, addDays(first, 6))
}

/** One view before or after. */
export function step(view: View, anchor: Date, by: number): Date {
  if (view === 'day') return addDays(anchor, by)
  if (view === 'week') return addDays(anchor, 7 * by)
  return new Date(anchor.getFullYear(), anchor.getMonth() + by, 1)
}

/** Where something of a moment comes when it is moved to a cell: its day, or its hour, and the rest as it was. */
export function movedTo(moment: Date, cell: Cell): Date {
  const { start, end } = cell
  const isHour = end.getTime() - start.getTime() <= 3_600_000
  return new Date(
    start.getFullYear(),
    start.getMonth(),
    start.getDate(),
    isHour ? start.getHours() : moment.getHours(),
    moment.getMinutes(),
  )
}

export function isIn(moment: Date, cell: Cell): boolean {
  return moment >= cell.start && moment < cell.end
}

export function startOfDay(day: Date): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate())
}

export function addDays(day: Date, count: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + count)
}

/** Like `2026-11-29`. */
export function dayName(day: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`
}

/** The weekday that weeks begin with, 1 for Monday to 7 for Sunday, as the language has it. */
export function firstWeekdayOf(language: string): number {
  const locale = new Intl.Locale(language) as Intl.Locale & { getWeekInfo?: () => { firstDay: number } }
  return locale.getWeekInfo?.().firstDay ?? 1
}

function startOfWeek(day: Date, firstWeekday: number): Date {
  return addDays(day, -((day.getDay() - (firstWeekday % 7) + 7) % 7))
}

function atHour(day: Date, hour: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour)
}

function daysBetween(from: Date, to: Date): number {
  // Days of 23 and 25 hours are days.
  return Math.round((to.getTime() - from.getTime()) / 86_400_000)
}

/** Whether a cell of the calendar is one of some hours of the week, and no longer. */
export function isOneOf(
  hours: readonly { readonly weekday: number; readonly hour: number }[],
  { start, end }: Cell,
): boolean {
  if (end.getTime() - start.getTime() > 3_600_000) return false
  return hours.some(({ weekday, hour }) => weekday === (start.getDay() || 7) && hour === start.getHours())
}
