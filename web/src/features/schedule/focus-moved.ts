import { isFree } from '@/lib/use-return-focus'

/** Until what was moved is shown in its new place, and the dialog has let go of the focus. Milliseconds. */
const SETTLED_MS = 50

/**
 * What is moved by a dialog is drawn anew elsewhere, and loses the focus that the dialog gave back: it gets it in its new
 * place, or the calendar's title where it is not shown any more. Unless something else took it meanwhile.
 */
export function focusMoved(calendar: HTMLElement | null, eventId: string): void {
  setTimeout(() => {
    if (!calendar || !isFree()) return
    const shown = [...calendar.querySelectorAll<HTMLElement>('[data-event]')].filter(
      (element) => element.dataset.event === eventId && element.checkVisibility(),
    )
    const target = shown[0] ?? calendar.querySelector<HTMLElement>('[data-calendar-title]')
    target?.focus()
  }, SETTLED_MS)
}
