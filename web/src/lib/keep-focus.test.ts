import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepFocusOfBusyButtons } from './keep-focus'

const button = document.createElement('button')
const other = document.createElement('button')
let end: () => void
beforeEach(() => {
  document.body.append(button, other)
  end = keepFocusOfBusyButtons()
  button.focus()
})
afterEach(() => {
  end()
  button.disabled = false
})

/** Observers are told after what was done, and then a browser, unlike jsdom, takes the focus from what is disabled. */
async function disable(): Promise<void> {
  button.disabled = true
  await Promise.resolve()
  other.focus()
  other.blur()
}

async function enable(): Promise<void> {
  button.disabled = false
  await Promise.resolve()
}

test('a button has the focus again when it is enabled', async () => {
  await disable()
  expect(document.activeElement).toBe(document.body)
  await enable()
  expect(document.activeElement).toBe(button)
})

test('what took the focus meanwhile keeps it', async () => {
  await disable()
  other.focus()
  await enable()
  expect(document.activeElement).toBe(other)
})

test('a button without the focus gets none', async () => {
  button.blur()
  await disable()
  await enable()
  expect(document.activeElement).toBe(document.body)
})
