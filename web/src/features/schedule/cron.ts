/** Five fields of cron, as what people say: every day at nine. */

export type Rhythm =
  | { readonly kind: 'hourly'; readonly minute: number }
  | { readonly kind: 'daily'; readonly time: string }
  | { readonly kind: 'weekly'; readonly time: string; readonly weekdays: readonly number[] }
  | { readonly kind: 'monthly'; readonly time: string; readonly day: number }
  | { readonly kind: 'custom'; readonly cron: string }

const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Weekdays are 1 for Monday to 7 for Sunday. */
export function cronOf(rhythm: Rhythm): string {
  if (rhythm.kind === 'custom') return rhythm.cron.trim()
  if (rhythm.kind === 'hourly') return `${rhythm.minute} * * * *`
  const [hour, minute] = rhythm.time.split(':').map(Number)
  const at = `${minute ?? 0} ${hour ?? 0}`
  if (rhythm.kind === 'daily') return `${at} * * *`
  if (rhythm.kind === 'monthly') return `${at} ${rhythm.day} * *`
  return `${at} * * ${[...rhythm.weekdays]
    .sort()
    .map((day) => DAY_NAMES[day % 7])
    .join(',')}`
}

/** What a cron line says, where it is one of the usual things; else the line itself. */
export function rhythmOf(cron: string): Rhythm {
  const custom: Rhythm = { kind: 'custom', cron }
  const [minute, hour, day, month, weekday, ...more] = cron.trim().toLowerCase().split(/\s+/)
  if (weekday === undefined || more.length > 0 || month !== '*' || !isNumber(minute, 59)) return custom
  if (hour === '*' && day === '*' && weekday === '*') return { kind: 'hourly', minute: Number(minute) }
  if (!isNumber(hour, 23)) return custom
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
  if (weekday === '*' && day === '*') return { kind: 'daily', time }
  if (weekday === '*' && isNumber(day, 31) && Number(day) > 0)
    return { kind: 'monthly', time, day: Number(day) }
  const weekdays = day === '*' ? weekdaysOf(weekday ?? '') : null
  return weekdays ? { kind: 'weekly', time, weekdays } : custom
}

function weekdaysOf(text: string): number[] | null {
  const days = new Set<number>()
  for (const part of text.split(',')) {
    const [from, to = from, ...more] = part.split('-').map(weekdayOf)
    if (from === undefined || from === null || to === null || to === undefined || more.length > 0) return null
    const last = to < from ? to + 7 : to
    for (let day = from; day <= last; day += 1) days.add(((day - 1) % 7) + 1)
  }
  return [...days].sort()
}

function weekdayOf(text: string): number | null {
  const named = DAY_NAMES.indexOf(text)
  const day = named >= 0 ? named : isNumber(text, 7) ? Number(text) : -1
  return day < 0 ? null : day === 0 ? 7 : day
}

function isNumber(text: string | undefined, most: number): text is string {
  return text !== undefined && /^\d{1,2}$/.test(text) && Number(text) <= most
}
