/** Two teams side by side: what one does is nowhere in the other's browser. */

import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { appUrl, expect, failingTopic, Person, test } from './people'

/** Everything that a page is told: answers of the API and messages of the live channels. */
class Heard {
  private readonly texts: Promise<string>[] = []

  constructor(page: Page) {
    page.on('response', (response) => {
      if (response.headers()['content-type']?.includes('json'))
        this.texts.push(response.text().catch(() => ''))
    })
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => this.texts.push(Promise.resolve(String(payload)))),
    )
  }

  async all(): Promise<string> {
    return (await Promise.all(this.texts)).join('\n')
  }
}

const rowOf = (page: Page, title: string) =>
  page.getByRole('list', { name: 'Batches' }).getByRole('link', { name: title })
const isLive = (page: Page) => expect(page.locator('[data-link]')).toHaveAttribute('data-link', 'live')

test('at the same moment, each of two teams sees its own, and nothing of the other', async ({
  page,
  browser,
}) => {
  const [ann, bob] = await Promise.all([Person.new('ann'), Person.new('bob')])
  const context = await browser.newContext()
  const bobsPage = await context.newPage()
  const heard = new Heard(bobsPage)
  await Promise.all([ann.signIn(page), bob.signIn(bobsPage)])
  await Promise.all([page.goto(appUrl('batches')), bobsPage.goto(appUrl('batches'))])
  await Promise.all([isLive(page), isLive(bobsPage)])

  const anns = await ann.newBatch({
    title: 'Aurora',
    topics: [failingTopic('なぜ海は青いのか')],
    options: {},
  })
  await expect(rowOf(page, 'Aurora')).toBeVisible()
  await expect(page.getByText(/1 failed/)).toBeVisible({ timeout: 30_000 })
  // Of later, so that all of the above had come before.
  await bob.newBatch({ title: 'Borealis', topics: ['Why the sea is salty'] })
  await expect(rowOf(bobsPage, 'Borealis')).toBeVisible()
  await expect(rowOf(bobsPage, 'Aurora')).toHaveCount(0)

  await bobsPage.goto(appUrl())
  const figures = bobsPage.getByRole('group', { name: 'Figures' })
  await expect(figures).toContainText('in 1 open batch')
  await expect(figures).toContainText(/Failed\s*0/)
  await expect(bobsPage.getByText('Nothing has failed. Good.')).toBeVisible()

  await bobsPage.goto(appUrl('history'))
  await expect(bobsPage.getByText('1 video', { exact: true })).toBeVisible()
  const download = bobsPage.waitForEvent('download')
  await bobsPage.getByRole('button', { name: 'Export' }).click()
  await bobsPage.getByRole('menuitem', { name: 'CSV' }).click()
  const exported = readFileSync(await (await download).path(), 'utf8')
  expect(exported).toContain('Why the sea is salty')
  expect(exported.trim().split('\n')).toHaveLength(2)

  expect(await heard.all()).toContain('Borealis')
  expect(await heard.all()).not.toMatch(new RegExp(`Aurora|${anns.batchId}|${anns.jobIds[0]}`))

  for (const path of [`jobs/${anns.jobIds[0]}`, `batches/${anns.batchId}`]) {
    await bobsPage.goto(appUrl(path))
    await expect(bobsPage.getByRole('alert')).toContainText('This is not there, or not any more.')
  }
  expect(await heard.all()).not.toContain('Aurora')
  await context.close()
})

test('a member of two teams switches, in every tab, and sees and hears only the other', async ({
  page,
  context,
}) => {
  const [ann, carl] = await Promise.all([Person.new('ann'), Person.new('carl')])
  await carl.join(ann, 'editor')
  const { batchId: coronaId } = await carl.newBatch({ title: 'Corona', topics: ['Why the sun glows'] })
  await ann.newBatch({ title: 'Aurora', topics: ['Why the sky glows'] })
  await carl.signIn(page)
  const other = await context.newPage()
  await Promise.all([page.goto(appUrl(`batches/${coronaId}`)), other.goto(appUrl('batches'))])
  await expect(page.getByRole('heading', { name: 'Corona', level: 1 })).toBeVisible()
  await expect(rowOf(other, 'Corona')).toBeVisible()
  await Promise.all([isLive(page), isLive(other)])

  await page.getByRole('button', { name: "Acting in carl's team; choose another" }).click()
  await page.getByRole('menuitem', { name: "ann's team" }).click()
  for (const each of [page, other]) {
    await expect(each.getByRole('button', { name: "Acting in ann's team; choose another" })).toBeVisible()
    await expect(rowOf(each, 'Aurora')).toBeVisible()
    await expect(each.getByText('Corona')).toHaveCount(0)
    await isLive(each)
  }
  await carl.newBatch({ title: 'Not for here', topics: ['Why the moon glows'] })
  await ann.newBatch({ title: 'Told after the switch', topics: ['Why stars glow'] })
  for (const each of [page, other]) {
    await expect(rowOf(each, 'Told after the switch')).toBeVisible()
    await expect(rowOf(each, 'Not for here')).toHaveCount(0)
  }
  // And so it stays.
  await page.reload()
  await expect(rowOf(page, 'Told after the switch')).toBeVisible()
})
