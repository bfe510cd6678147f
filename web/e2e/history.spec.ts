/** The history: narrowed to a state, kept up to date, and taken along as a file. */

import { readFileSync } from 'node:fs'
import papa from 'papaparse'
import { appUrl, expect, failingTopic, Person, test } from './people'

interface Job {
  readonly id: string
  readonly topic: string
  readonly status: string
  readonly error_code: string
  readonly platforms: readonly string[]
  readonly position: number
}

test('the videos of a state are found, and exported as they are', async ({ page }) => {
  test.setTimeout(120_000)
  const ann = await Person.new('ann')
  const { jobIds } = await ann.newBatch({ title: 'Later', topics: ['Star 1', 'Star 2', 'Star 3'] })
  await ann.post(`/jobs/${jobIds[0]}/cancel`)
  await ann.signIn(page)
  await page.goto(appUrl('history'))
  const rows = page.getByRole('list', { name: 'Videos' }).getByRole('listitem')
  await expect(rows).toHaveCount(3)
  await page.getByRole('combobox', { name: 'State' }).click()
  await page.getByRole('option', { name: 'Cancelled' }).click()
  await expect(rows).toHaveCount(1)
  await expect(rows).toContainText('Star 1')
  await page.getByRole('option', { name: 'Failed' }).click()
  await page.getByRole('option', { name: 'Cancelled' }).click()
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/status=/)
  await expect(page.getByText('Nothing fits these filters')).toBeVisible()

  // What fails meanwhile comes by itself. Its topics are what spreadsheets stumble over.
  const topics = ['=なぜ, "空" は', 'なぜ海は\nしょっぱい']
  await ann.newBatch({ title: 'Colours', topics: topics.map((topic) => failingTopic(topic)), options: {} })
  await expect(rows).toHaveCount(2, { timeout: 30_000 })
  await page.reload()
  await expect(rows).toHaveCount(2)

  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: /^CSV/ }).click()
  const file = await download
  expect(file.suggestedFilename()).toMatch(/^cliprow-history-\d{4}-\d\d-\d\d\.csv$/)
  const read = papa.parse<Record<string, string>>(
    readFileSync(await file.path(), 'utf8').replace('\uFEFF', ''),
    {
      header: true,
      skipEmptyLines: true,
    },
  )
  expect(read.errors).toEqual([])
  const { items } = await ann.get<{ items: Job[] }>('/jobs?status=failed&order=newest')
  expect(read.data).toHaveLength(2)
  expect(read.data).toMatchObject(
    items.map(({ id, topic, status, error_code, platforms, position }) => ({
      id,
      // A formula is kept text.
      topic: topic.startsWith('=') ? `'${topic}` : topic,
      status,
      error_code,
      platforms: platforms.join(','),
      position: String(position),
      project: 'Colours',
    })),
  )
  await expect(rows.getByRole('link')).toHaveText(items.map(({ topic }) => topic.replace('\n', ' ')))
})
