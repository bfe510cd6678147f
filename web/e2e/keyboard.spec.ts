/** The whole way by the keyboard alone: no mouse moves in these tests. */

import type { Locator, Page } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

/** Press Tab until something has the focus, which must be seen to have it. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let steps = 0; steps < 60; steps += 1) {
    if (await target.evaluate((it) => it === document.activeElement)) return await isSeen(page)
    await page.keyboard.press('Tab')
  }
  throw new Error(`${target} is not reached by Tab.`)
}

/** The focused element shows it: by an outline, a shadow or the colour of its border. */
async function isSeen(page: Page): Promise<void> {
  const look = await page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement)) return ''
    // A field may be framed by what is around it.
    const shown = [element, element.parentElement, element.parentElement?.parentElement].filter((it) => !!it)
    for (const each of shown) each.style.transition = 'none'
    const read = () =>
      JSON.stringify(
        shown.map((each) => {
          const { outlineStyle, outlineWidth, boxShadow, borderColor } = getComputedStyle(each)
          return [outlineStyle === 'none' ? '' : outlineWidth, boxShadow, borderColor]
        }),
      )
    const focused = read()
    element.blur()
    const plain = read()
    element.focus({ focusVisible: true } as FocusOptions)
    return focused === plain ? `${element.outerHTML.slice(0, 200)}: ${focused}` : ''
  })
  expect(look, 'the focus is not to be seen').toBe('')
}

test('a menu and the tabs of a page go by arrows, and the focus comes back', async ({ page }) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  const account = page.getByRole('button', { name: 'Your account' })
  await tabTo(page, account)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menuitem', { name: 'Light' })).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('menuitem').first()).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(account).toBeFocused()

  await page.goto(appUrl('settings'))
  await tabTo(page, page.getByRole('tab', { name: 'Account' }))
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('tab', { name: 'Notifications' })).toHaveAttribute('aria-selected', 'true')
})
