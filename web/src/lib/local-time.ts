/** Moments as `<input type="datetime-local">` writes them: by the reader's clocks, to the minute. */

export function toLocalTime(iso: string | null | undefined): string {
  if (!iso) return ''
  const time = new Date(iso)
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/** Null where the input is empty. */
export function fromLocalTime(text: string): string | null {
  return text ? new Date(text).toISOString() : null
}
