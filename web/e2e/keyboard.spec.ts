/** The whole way by the keyboard alone: no mouse moves in these tests. */

import type { Locator, Page } from '@playwright/test'
import { appUrl, expect, failingTopic, PASSWORD, Person, test } from './people'

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

test('sign in, find a batch, pause, open, close and retry, all by keys', async ({ page }) => {
  test.setTimeout(120_000)
  const ann = await Person.new('ann')
  const projectId = await ann.newProject('Things in the sky')
  const [{ batchId }, failing] = await Promise.all([
    ann.newBatch({
      projectId,
      title: 'Later',
      topics: ['Why the sky is blue', 'Why stars twinkle', 'Why it rains'],
    }),
    ann.newBatch({ projectId, title: 'Colours', topics: [failingTopic()], options: {} }),
  ])

  await page.goto(appUrl('sign-in'))
  await tabTo(page, page.getByLabel('E-mail address'))
  await page.keyboard.type(ann.email)
  await tabTo(page, page.getByRole('textbox', { name: 'Password' }))
  await page.keyboard.type(PASSWORD)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Dashboard', level: 1 })).toBeVisible()

  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  // Its code is not there yet when the first letters come.
  await page.keyboard.press('Control+k')
  await page.keyboard.type('gl')
  const search = page.getByRole('textbox', { name: 'Find anything' })
  await expect(search).toBeFocused()
  await expect(search).toHaveValue('gl')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('Later')
  await expect(page.getByRole('option', { name: /Later/ })).toHaveAttribute('data-combobox-selected', 'true')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(appUrl(`batches/${batchId}`))
  await expect(page.getByRole('heading', { name: 'Later', level: 1 })).toBeVisible()

  await tabTo(page, page.getByRole('button', { name: 'Pause: Later' }))
  await page.keyboard.press('Enter')
  const resume = page.getByRole('button', { name: 'Resume: Later' })
  await expect(resume).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: 'Pause: Later' })).toBeFocused()

  const grid = page.getByRole('grid', { name: 'Videos of the batch' })
  const row = (topic: string) => grid.getByRole('row').filter({ hasText: topic })
  await tabTo(page, grid)
  await page.keyboard.press('ArrowDown')
  await expect(row('Why stars twinkle')).toHaveAttribute('data-active', 'true')
  await page.keyboard.press('Space')
  await expect(row('Why stars twinkle')).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Shift+End')
  await page.keyboard.press('End')
  await page.keyboard.press('p')
  await expect(row('Why it rains').getByText('Paused')).toBeVisible()
  await page.keyboard.press('p')
  await expect(row('Why it rains').getByText('Waiting')).toBeVisible()

  await page.keyboard.press('Enter')
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByText('Why it rains').first()).toBeVisible()
  // Round and round, and never out of it.
  for (let steps = 0; steps < 25; steps += 1) {
    await page.keyboard.press('Tab')
    expect(await drawer.evaluate((it) => it.contains(document.activeElement))).toBe(true)
  }
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(grid).toBeFocused()
  await expect(row('Why it rains')).toHaveAttribute('data-active', 'true')
  await expect(grid).toHaveAttribute(
    'aria-activedescendant',
    (await row('Why it rains').getAttribute('id')) ?? '',
  )

  // Out of the grid again, on both sides.
  await page.keyboard.press('Tab')
  await expect(grid).not.toBeFocused()
  await page.keyboard.press('Shift+Tab')
  await expect(grid).toBeFocused()
  await page.keyboard.press('Shift+Tab')
  await expect(grid).not.toBeFocused()

  await page.keyboard.press('g')
  await page.keyboard.press('b')
  const link = page.getByRole('list', { name: 'Batches' }).getByRole('link', { name: 'Colours' })
  await expect(link).toBeVisible()
  await tabTo(page, link)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Colours', level: 1 })).toBeVisible()
  await expect(grid.getByText('Failed')).toBeVisible({ timeout: 30_000 })
  await tabTo(page, grid)
  await page.keyboard.press('r')
  const dialog = page.getByRole('dialog', { name: 'Make this video again' })
  await expect(dialog.getByText('Steps made again')).toBeVisible()
  const { version } = await ann.get<{ version: number }>(`/jobs/${failing.jobIds[0]}`)
  await tabTo(page, dialog.getByRole('button', { name: 'Retry' }))
  await page.keyboard.press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(grid).toBeFocused()
  await expect
    .poll(async () => (await ann.get<{ version: number }>(`/jobs/${failing.jobIds[0]}`)).version)
    .toBeGreaterThan(version)
})

test('a menu and the tabs of a page go by arrows, and the focus comes back', async ({ page }) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  const account = page.getByRole('button', { name: 'Your account' })
  await tabTo(page, account)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menuitem', { name: 'Light' })).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('menuitem', { name: 'Dark' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(account).toBeFocused()

  await page.goto(appUrl('settings'))
  await tabTo(page, page.getByRole('tab', { name: 'Account' }))
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('tab', { name: 'Notifications' })).toHaveAttribute('aria-selected', 'true')
})
