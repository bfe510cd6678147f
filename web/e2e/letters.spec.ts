/** What failed for good, on the page of operations: looked into, run again, put away. */

import { appUrl, expect, failingTopic, Person, test } from './people'

test('what failed for good is looked into, run again and put away', async ({ page }) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  await page.goto(appUrl('operations'))
  await expect(page.getByText('Nothing has failed for good')).toBeVisible()

  // They appear by themselves.
  const [sky, sea] = ['なぜ空は青いのか', 'なぜ海は塩辛いのか']
  await ann.newBatch({ title: 'Colours', topics: [failingTopic(sky), failingTopic(sea)], options: {} })
  const list = page.getByRole('region', { name: 'One by one' })
  await expect(list.getByRole('link')).toHaveCount(2, { timeout: 30_000 })
  await expect(page.getByText('2 tasks failed for good')).toBeVisible()

  const details = page.getByRole('dialog', { name: 'Dead letter' })
  const openDetails = () => list.getByRole('button', { name: `Details: ${sky}` }).click()
  await openDetails()
  await expect(details.getByText('SCRIPT_LANGUAGE_UNSUPPORTED').first()).toBeVisible()
  await expect(details.getByRole('button', { name: /^Attempt / })).toHaveCount(1)
  await expect(details.locator('pre').filter({ hasText: `"topic": "${sky}"` })).toBeVisible()

  // A replay leaves the list, and fails once more for the same reason.
  await details.getByRole('button', { name: 'Run again' }).click()
  await expect(page.getByText('1 task runs again.')).toBeVisible()
  await expect(details).toHaveCount(0)
  await expect
    .poll(async () => (await ann.get<{ items: { topic: string }[] }>('/dead-letters')).items[0]?.topic, {
      timeout: 30_000,
    })
    .toBe(sky)
  await expect(list.getByRole('link')).toHaveText([sky, sea])
  await openDetails()
  await expect(details.getByRole('button', { name: /^Attempt / })).toHaveCount(2)

  await details.getByRole('button', { name: 'Put away' }).click()
  const dialog = page.getByRole('dialog', { name: 'Put away?' })
  await expect(dialog.getByRole('button', { name: 'Put away' })).toBeDisabled()
  await dialog.getByLabel('Reason').fill('Nobody speaks it here')
  await dialog.getByRole('button', { name: 'Put away' }).click()
  await expect(dialog).toHaveCount(0)
  await details.getByRole('button', { name: 'Close' }).click()
  await expect(list.getByRole('link')).toHaveText([sea])

  await page.getByRole('switch', { name: 'Put away' }).click()
  await page.reload()
  const away = page.getByRole('region', { name: 'What was put away' })
  await expect(away.getByRole('link')).toHaveText([sky])
  await expect(away.getByText(/^Put away .*: Nobody speaks it here$/)).toBeVisible()
})

test('all that failed runs again together, and is put away together', async ({ page }) => {
  test.setTimeout(120_000)
  const ann = await Person.new('ann')
  await ann.newBatch({ title: 'Colours', topics: [failingTopic(), failingTopic()], options: {} })
  const failures = async () =>
    (await ann.get<{ items: { failed_at: string }[] }>('/dead-letters')).items.map((each) => each.failed_at)
  await expect.poll(async () => (await failures()).length, { timeout: 30_000 }).toBe(2)
  const first = await failures()
  await ann.signIn(page)
  await page.goto(appUrl('operations'))

  await page.getByRole('button', { name: 'Run all again' }).click()
  const question = page.getByRole('dialog', { name: 'Run again?' })
  await expect(question.getByText('2 tasks are tried again')).toBeVisible()
  await question.getByRole('button', { name: 'Run again' }).click()
  await expect(page.getByText('2 tasks run again.')).toBeVisible()
  // They fail once more, for the same reason.
  const again = async () => (await failures()).filter((at) => !first.includes(at)).length
  await expect.poll(again, { timeout: 30_000 }).toBe(2)
  await expect(page.getByText('2 tasks failed for good')).toBeVisible({ timeout: 30_000 })

  await page.getByRole('button', { name: 'Put away', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Put away?' })
  await expect(dialog.getByText(/^2 tasks leave the list/)).toBeVisible()
  await dialog.getByLabel('Reason').fill('Nobody speaks it here')
  await dialog.getByRole('button', { name: 'Put away' }).click()
  await expect(page.getByText('2 put away.')).toBeVisible()
  await expect(page.getByText('Nothing has failed for good')).toBeVisible()
})
