/** The calendar: what is planned is moved by the mouse and by keys, and stays where it was put. */

import { appUrl, expect, Person, test } from './people'

/** A June to come; the browser is in Berlin, two hours ahead of UTC then. */
const YEAR = new Date().getFullYear() + 1
const start = (day: number, hourUtc: number) => new Date(Date.UTC(YEAR, 5, day, hourUtc))

test('a planned batch is moved to another day and hour by dragging', async ({ page }) => {
  const ann = await Person.new('ann')
  const { batchId } = await ann.newBatch({
    title: 'Colours',
    topics: ['Why the sky is blue'],
    options: { starts_at: start(10, 8).toISOString() },
  })
  const startsAt = async () => (await ann.get<{ starts_at: string }>(`/batches/${batchId}`)).starts_at
  await ann.signIn(page)
  await page.goto(appUrl(`schedule?date=${YEAR}-06-10`))
  const batch = page.getByRole('button', { name: /^Batch: Colours/ })
  const field = (name: RegExp) => page.getByRole('gridcell', { name })

  const friday = field(/\b(12 June|June 12)\b/)
  await expect(field(/\b(10 June|June 10)\b/).locator(batch)).toBeVisible()
  await batch.dragTo(friday)
  await expect(page.getByText('Moved.')).toBeVisible()
  await expect(friday.locator(batch)).toBeVisible()
  expect(new Date(await startsAt())).toEqual(start(12, 8))

  await page.getByRole('radio', { name: 'Week' }).locator('..').click()
  const afternoon = field(/\b(13 June|June 13)\b.{2,4}\b(15|3 PM)\b/)
  await batch.dragTo(afternoon)
  await expect(afternoon.locator(batch)).toBeVisible()
  await expect.poll(async () => new Date(await startsAt())).toEqual(start(13, 13))
  await page.reload()
  await expect(afternoon.locator(batch)).toBeVisible()
})

test('a planned batch is moved by keys', async ({ page }) => {
  const ann = await Person.new('ann')
  const { batchId } = await ann.newBatch({
    title: 'Colours',
    topics: ['Why the sky is blue'],
    options: { starts_at: start(10, 8).toISOString() },
  })
  await ann.signIn(page)
  await page.goto(appUrl(`schedule?date=${YEAR}-06-10`))
  const focused = page.locator(':focus')
  await page.getByRole('gridcell').first().focus()
  for (let at = 0; at < 42; at += 1) {
    if (/\b(10 June|June 10)\b/.test((await focused.getAttribute('aria-label')) ?? '')) break
    await page.keyboard.press('ArrowRight')
  }
  await page.keyboard.press('Tab')
  await expect(focused).toHaveAccessibleName(/^Batch: Colours/)
  await page.keyboard.press('Enter')

  const dialog = page.getByRole('dialog', { name: 'Colours' })
  const input = dialog.getByLabel('New start')
  await expect(input).toHaveValue(`${YEAR}-06-10T10:00`)
  for (let at = 0; at < 5 && !(await input.evaluate((it) => it === document.activeElement)); at += 1) {
    await page.keyboard.press('Tab')
  }
  // The day or the month, as the browser orders them.
  await page.keyboard.press('ArrowUp')
  const wanted = await input.inputValue()
  expect(wanted).not.toBe(`${YEAR}-06-10T10:00`)
  await page.keyboard.press('Enter')
  await expect(page.getByText('Moved.')).toBeVisible()
  await expect(dialog).toHaveCount(0)
  const { starts_at: at } = await ann.get<{ starts_at: string }>(`/batches/${batchId}`)
  expect(new Date(at)).toEqual(new Date(`${wanted}:00+02:00`))

  await page.goto(appUrl(`schedule?date=${wanted.slice(0, 10)}&view=day`))
  await page.getByRole('button', { name: /^Batch: Colours, 10:00/ }).click()
  await expect(input).toHaveValue(wanted)
  // What was moved has the focus in its new place; what is not shown there any more leaves it to the title.
  await input.fill(`${wanted.slice(0, 10)}T12:00`)
  await input.press('Enter')
  await expect(page.getByRole('button', { name: /^Batch: Colours, 12:00/ })).toBeFocused()
  await page.keyboard.press('Enter')
  await input.fill(`${YEAR}-08-01T12:00`)
  await input.press('Enter')
  await expect(page.locator('[data-calendar-title]')).toBeFocused()
})

test('a recurring batch is made, and its runs are on the calendar', async ({ page }) => {
  test.setTimeout(120_000)
  const ann = await Person.new('ann')
  await ann.newProject('Things in the sky')
  await ann.signIn(page)
  await page.goto(appUrl('schedule'))
  const opener = page.getByRole('button', { name: 'New recurring batch' }).first()
  await opener.click()
  const form = page.getByRole('dialog', { name: 'New recurring batch' })
  await form.getByLabel('Name').fill('Morning sky')
  await form.getByRole('combobox', { name: 'Project' }).click()
  await page.getByRole('option', { name: 'Things in the sky' }).click()
  await form.getByLabel('At', { exact: true }).fill('07:15')
  await form.getByLabel('Topics, one a line').fill('The sky on {date}')
  await form.getByRole('checkbox', { name: /^YouTube,/ }).click()
  await form.getByRole('button', { name: 'Create' }).click()
  await expect(form).toHaveCount(0)

  await page.goto(appUrl(`schedule?date=${YEAR}-06-10`))
  // In every field of the month, at the hour of the reader.
  const runs = page.getByRole('button', { name: /^Recurring.*: Morning sky, 0?7:15/ })
  const days = page.getByRole('gridcell')
  await expect(days.first()).toBeVisible()
  await expect(days.filter({ has: runs })).toHaveCount(await days.count())
})
