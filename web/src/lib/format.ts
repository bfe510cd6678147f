/** Numbers, times and sizes as the reader's language writes them. */

import i18next from 'i18next'

/** The language that is shown, in the variant that the reader's browser prefers: `en-GB` for `en`. */
export function readerLanguage(): string {
  const shown = i18next.resolvedLanguage ?? 'en'
  return navigator.languages.find((each) => each.split('-')[0] === shown) ?? shown
}

export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(readerLanguage(), options).format(value)
}

/** A share between 0 and 1. */
export function formatPercent(share: number, digits = 0): string {
  return formatNumber(share, { style: 'percent', maximumFractionDigits: digits })
}

export function formatMoney(amount: number, currency: string): string {
  const digits = amount !== 0 && Math.abs(amount) < 1 ? 4 : 2
  return formatNumber(amount, { style: 'currency', currency, maximumFractionDigits: digits })
}

/** An ISO time, in the reader's time zone. */
export function formatTime(iso: string, style: 'short' | 'medium' = 'medium'): string {
  return new Intl.DateTimeFormat(readerLanguage(), { dateStyle: style, timeStyle: 'short' }).format(
    new Date(iso),
  )
}

export function formatDate(iso: string): string {
  return new Intl.DateTimeFormat(readerLanguage(), { dateStyle: 'medium' }).format(new Date(iso))
}

const DAY_MS = 86_400_000
const ROUGH: readonly [string, number][] = [
  ['hour', 3_600_000],
  ['minute', 60_000],
]

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', DAY_MS],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** How long ago, or in how long, from an ISO time. */
export function formatAgo(iso: string, now = Date.now()): string {
  const distance = Date.parse(iso) - now
  const [unit, size] = STEPS.find(([, step]) => Math.abs(distance) >= step) ?? ['second', 1_000]
  return new Intl.RelativeTimeFormat(readerLanguage(), { numeric: 'auto', style: 'short' }).format(
    Math.round(distance / size),
    unit,
  )
}

/** Within a week from now how far away it is, else the day. */
export function formatWhen(iso: string, now = Date.now()): string {
  return Math.abs(Date.parse(iso) - now) < 7 * DAY_MS ? formatAgo(iso, now) : formatDate(iso)
}

/** A duration in its largest unit, as large figures show it: `12 s`, `4.5 min`, `1.2 h`. */
export function formatRoughDuration(ms: number): string {
  const [name, size] = ROUGH.find(([, each]) => ms >= each) ?? ['second', 1_000]
  const value = ms / size
  return formatNumber(value, {
    style: 'unit',
    unit: name,
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 ? 1 : 0,
  })
}

/** A duration in milliseconds: `0 s`, `840 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`, `7 days`. */
export function formatDuration(ms: number): string {
  const unit = (value: number, name: string, digits = 0) =>
    formatNumber(value, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits })
  if (ms === 0) return unit(0, 'second')
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond')
  if (ms < 60_000) return unit(ms / 1_000, 'second', ms < 10_000 ? 1 : 0)
  const minutes = Math.floor(ms / 60_000)
  const both = (large: string, rest: number, small: string) =>
    rest ? `${large} ${unit(rest, small)}` : large
  if (minutes < 60) return both(unit(minutes, 'minute'), Math.floor((ms % 60_000) / 1_000), 'second')
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return both(unit(hours, 'hour'), minutes % 60, 'minute')
  return both(unit(Math.floor(hours / 24), 'day'), hours % 24, 'hour')
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']

export function formatBytes(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), SIZES.length - 1)
  return formatNumber(bytes / 1_000 ** step, {
    style: 'unit',
    unit: SIZES[step],
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step > 1 ? 1 : 0,
  })
}
