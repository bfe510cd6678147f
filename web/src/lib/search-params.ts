/** Reading filters from the address, where anything may stand: what is not understood is left out. */

type Search = Record<string, unknown>

/** The router reads `text=42` as a number. */
export function readText(search: Search, name: string): string | undefined {
  const value = search[name]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function readOne<T extends string>(search: Search, name: string, values: readonly T[]): T | undefined {
  return values.find((value) => value === search[name])
}

export function readMany<T extends string>(
  search: Search,
  name: string,
  values: readonly T[],
): T[] | undefined {
  const given: unknown[] = Array.isArray(search[name]) ? search[name] : [search[name]]
  const known = values.filter((value) => given.includes(value))
  return known.length > 0 ? known : undefined
}

/** A day like `2026-11-29`. */
export function readDay(search: Search, name: string): string | undefined {
  const value = readText(search, name)
  return value && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined
}

/** When a day like `2026-11-29` begins, and when it is over, by the reader's clocks: ISO times. */
export function dayStart(day: string | undefined): string | undefined {
  return day ? new Date(`${day}T00:00:00`).toISOString() : undefined
}

export function dayEnd(day: string | undefined): string | undefined {
  return day ? new Date(`${day}T23:59:59.999`).toISOString() : undefined
}

/** The day of a moment by the reader's clocks, like `2026-11-29`. */
export function dayOf(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
