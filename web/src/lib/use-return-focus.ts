import { useEffect, useRef } from 'react'

/**
 * Gives the focus back to what had it before the component was shown; for dialogs that are there only while they are
 * open. What was in a menu is gone by then: the button of the menu has the focus instead.
 */
export function useReturnFocus(): void {
  const before = useRef<Element | null>(null)
  before.current ??= openerOf(document.activeElement)
  useEffect(
    () => () => {
      const opener = before.current
      // After the dialog has let go of it.
      setTimeout(() => {
        if (opener instanceof HTMLElement && isFree()) opener.focus({ preventScroll: true })
      }, 20)
    },
    [],
  )
}

/** The element itself; of a menu, the button that opens it. */
function openerOf(element: Element | null): Element | null {
  const menu = element?.closest('[role="menu"]')
  const label = menu?.getAttribute('aria-labelledby')
  return label ? document.getElementById(label) : element
}

/** Whether nothing has the focus. */
export function isFree(): boolean {
  const { activeElement } = document
  return activeElement === null || activeElement === document.body
}
