/** Topics by link: a table is fetched by the server, its columns are chosen once, and remembered. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { appUrl, expect, Person, test } from './people'

/** Headings that say nothing to us. */
const SHEET =
  'Question,Goes to,Runtime\nWhy the sky is blue,"YouTube, TikTok",1:30\nWhy the sea is salty,youtube,45\n'
const NEXT_SHEET = 'Question,Goes to,Runtime\nWhy leaves fall,tiktok,30\n'

let served = SHEET
let server: Server
test.beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/csv; charset=utf-8' }).end(served)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
test.afterAll(() => void server.close())

test('a file is dropped on the form of a batch, and what is wrong in its rows is put right there', async ({
  page,
}) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  await page.goto(appUrl('batches/new'))
  const field = page.getByLabel('One topic a line')
  await expect(field).toBeVisible()
  const file = await page.evaluateHandle(() => {
    const dropped = new DataTransfer()
    const text = 'Topic;Platforms;Length\nWhy the sky is blue;YouTube;30\nWhy the sea is salty;TikTok;9999\n'
    dropped.items.add(new File([text], 'topics.csv', { type: 'text/csv' }))
    return dropped
  })
  await field.dispatchEvent('drop', { dataTransfer: file })
  await expect(page.getByText('2 rows in topics.csv.')).toBeVisible()
  await page.getByRole('button', { name: 'Use 2 topics' }).click()

  const rows = page.getByRole('list', { name: 'Topics' }).getByRole('listitem')
  await expect(rows).toHaveCount(2)
  await expect(rows.nth(0)).not.toContainText('is not a whole number')
  await expect(rows.nth(1)).toContainText('“9999” is not a whole number of seconds')
  await rows.nth(1).getByRole('button', { name: 'Do as the others' }).click()
  await expect(rows.nth(1)).not.toContainText('is not a whole number')
})

test('a linked table becomes a batch, and what its columns are is remembered for the team', async ({
  page,
  browser,
}) => {
  test.setTimeout(120_000)
  const ann = await Person.new('ann')
  await ann.signIn(page)
  const link = `http://127.0.0.1:${(server.address() as AddressInfo).port}/topics.csv`
  const column = (heading: string) => page.getByLabel(`Column “${heading}” is`)
  const rows = page.getByRole('list', { name: 'Topics' }).getByRole('listitem')

  await page.goto(appUrl('imports'))
  await page.getByLabel('Link').fill(link)
  await page.getByRole('button', { name: 'Fetch' }).click()
  await expect(page.getByText('2 rows in the linked table.')).toBeVisible()
  await expect(column('Question')).toHaveValue('topic')
  await expect(column('Goes to')).toHaveValue('keep')
  await column('Goes to').selectOption('Platforms')
  await column('Runtime').selectOption('Length')
  await page.getByRole('button', { name: 'Use 2 topics' }).click()

  await expect(page.getByRole('heading', { name: 'New videos', level: 1 })).toBeVisible()
  await expect(rows).toHaveCount(2)
  await page.getByRole('textbox', { name: 'Name of the project' }).fill('Questions')
  const year = new Date().getFullYear() + 1
  await page.getByLabel('Start', { exact: true }).fill(`${year}-06-10T10:00`)
  await page.getByRole('button', { name: 'Create 2 videos' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await expect(page).toHaveURL(/\/batches\/[0-9a-f-]{36}/)
  const batchId = page.url().match(/[0-9a-f-]{36}/)?.[0]
  const { items } = await ann.get<{ items: { topic: string; platforms: string[] }[] }>(
    `/jobs?batch_id=${batchId}&order=position`,
  )
  expect(items.map(({ topic, platforms }) => [topic, [...platforms].sort()])).toEqual([
    ['Why the sky is blue', ['tiktok', 'youtube']],
    ['Why the sea is salty', ['youtube']],
  ])

  // The next time: the link and the columns are there, and the sheet is read as it is now.
  served = NEXT_SHEET
  await page.goto(appUrl('imports'))
  await expect(page.getByLabel('Link')).toHaveValue(link)
  await page.getByRole('button', { name: 'Fetch' }).click()
  await expect(page.getByText('1 row in the linked table.')).toBeVisible()
  await expect(column('Question')).toHaveValue('topic')
  await expect(column('Goes to')).toHaveValue('platforms')
  await expect(column('Runtime')).toHaveValue('duration_s')
  await page.getByRole('button', { name: 'Use 1 topic' }).click()
  await expect(rows).toHaveCount(1)
  await expect(rows).toContainText('Why leaves fall')

  // Somebody else of the team, in another browser.
  const ed = await Person.new('ed')
  await ed.join(ann, 'editor')
  const other = await browser.newContext()
  const elsewhere = await other.newPage()
  await ed.signIn(elsewhere)
  await ed.actIn(elsewhere, "ann's team")
  await elsewhere.goto(appUrl('imports'))
  await elsewhere.getByLabel('Link').fill(link)
  await elsewhere.getByRole('button', { name: 'Fetch' }).click()
  await expect(elsewhere.getByLabel('Column “Goes to” is')).toHaveValue('platforms')
  await other.close()
})
