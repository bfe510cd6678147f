/**
 * A button that is disabled while it works loses the focus, and whoever goes by keys their place: it gets it back, unless
 * something else took it meanwhile.
 *
 * @returns ends it.
 */
export function keepFocusOfBusyButtons(): () => void {
  let lost: Element | null = null
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (!(target instanceof HTMLButtonElement)) continue
      // The browser takes the focus away only with the next picture.
      if (target.disabled && target === document.activeElement) lost = target
      else if (!target.disabled && target === lost) {
        lost = null
        if (document.activeElement === document.body) target.focus({ preventScroll: true })
      }
    }
  })
  observer.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['disabled'] })
  return () => observer.disconnect()
}
