/** For a form in a dialog, which then gives the focus to its first field and not to the button that closes it. */
export function markFirstField(form: HTMLFormElement | null): void {
  if (form?.querySelector('[data-autofocus]')) return
  form?.querySelector('input, select, textarea')?.setAttribute('data-autofocus', '')
}
