import { readFileSync } from 'node:fs'
import { appUrl, expect, Person, test } from './people'

/** A video of a few seconds takes about twenty of them on two idle cores. */
const VIDEO_MS = 240_000

test('a topic becomes a video that is played and downloaded', async ({ page }) => {
  test.setTimeout(VIDEO_MS + 60_000)
  const ann = await Person.new('ann')
  await ann.signIn(page)
  await page.goto(appUrl('batches/new'))
  await page.getByText('One video', { exact: true }).click()
  await page.getByRole('textbox', { name: 'Topic' }).fill('Why the sky is blue')
  await page.getByRole('textbox', { name: 'Name of the project' }).fill('Things in the sky')
  await page.getByRole('checkbox', { name: /^YouTube,/ }).click()
  await page.getByRole('button', { name: 'Create the video' }).click()
  await expect(page).toHaveURL(/\/(jobs|batches)\/[0-9a-f-]{36}/)

  const { items } = await ann.get<{ items: { id: string }[] }>('/jobs')
  await page.goto(appUrl(`jobs/${items[0]?.id}`))
  await expect(page.getByRole('heading', { level: 1, name: 'Why the sky is blue' })).toBeVisible()
  // Live, without a reload.
  await expect(page.getByText('Done', { exact: true }).first()).toBeVisible({ timeout: VIDEO_MS })
  const video = page.locator('video')
  await expect(video).toBeVisible()
  await expect.poll(() => video.evaluate((it: HTMLVideoElement) => it.duration > 1 && !it.error)).toBe(true)

  await page.getByRole('tab', { name: 'Files' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download youtube.mp4' }).click()
  const path = await (await download).path()
  expect(readFileSync(path).subarray(4, 8).toString()).toBe('ftyp')
})

test('a batch is paused and goes on, and a failed video is made again', async ({ page }) => {
  const ann = await Person.new('ann')
  const project = await ann.newProject('Things in the sky')
  const { batch_id } = await ann.post<{ batch_id: string }>('/batches', {
    project_id: project,
    title: 'Two topics',
    // The offline writer knows no Japanese, and says so.
    topics: [{ topic: 'なぜ空は青いのか', language: 'ja' }],
    defaults: { platforms: ['youtube'] },
  })
  await ann.signIn(page)
  await page.goto(appUrl(`batches/${batch_id}`))
  const grid = page.getByRole('grid', { name: 'Videos of the batch' })
  await expect(grid.getByText('Failed')).toBeVisible({ timeout: 30_000 })
  const [job] = (await ann.get<{ items: { id: string; version: number }[] }>(`/jobs?batch_id=${batch_id}`))
    .items
  await grid.getByRole('button', { name: /^Retry/ }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /retry|make again/i })
    .click()
  await expect
    .poll(async () => (await ann.get<{ version: number }>(`/jobs/${job?.id}`)).version)
    .toBeGreaterThan(job?.version ?? 0)

  const later = await ann.post<{ batch_id: string }>('/batches', {
    project_id: project,
    topics: ['Why the sea is salty'],
    defaults: { platforms: ['youtube'] },
    options: { starts_at: new Date(Date.now() + 86_400_000).toISOString() },
  })
  await page.goto(appUrl(`batches/${later.batch_id}`))
  await page
    .getByRole('button', { name: /^Pause: / })
    .first()
    .click()
  await expect(page.getByText('Paused', { exact: true }).first()).toBeVisible()
  await page
    .getByRole('button', { name: /^Resume: / })
    .first()
    .click()
  await expect(page.getByRole('button', { name: /^Pause: / }).first()).toBeVisible()
})
