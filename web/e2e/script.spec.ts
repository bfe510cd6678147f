/**
 * The script of a video: it is read as soon as it is written, a scene is changed, and only that one is made again; or the video waits
 * until somebody has read it.
 */

import type { Page } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

/** A video of two short sentences takes about twenty seconds on two idle cores. */
const VIDEO_MS = 240_000
const BRIEF = '# Light\nAir scatters blue light.\n\n# Evening\nThe sun is low and red.'

/** What is said of the tasks of a stage, by their name. */
async function tasksOf(page: Page, stage: string) {
  await page.getByRole('button', { name: `${stage}: details` }).click()
  const lines = page.getByRole('listitem')
  return (name: string) => lines.filter({ hasText: name })
}

test('a changed scene is made again, and nothing else', async ({ page }) => {
  test.setTimeout(2 * VIDEO_MS)
  const ann = await Person.new('ann')
  const { batchId, jobIds } = await ann.newBatch({
    title: 'Colours',
    topics: [{ topic: 'Blue sky', brief: BRIEF, duration_s: 15 }],
  })
  await ann.signIn(page)
  await page.goto(appUrl(`jobs/${jobIds[0]}?tab=script`))
  await expect(page.getByText('There is no script yet')).toBeVisible()
  await ann.post(`/batches/${batchId}/start`)
  const sunset = page.getByText('The sun is low and red.', { exact: true })
  await expect(sunset).toBeVisible({ timeout: 30_000 })
  await expect(page.getByText('Done', { exact: true }).first()).toBeVisible({ timeout: VIDEO_MS })

  await page.getByRole('button', { name: 'Edit scene 2' }).click()
  await page.getByRole('textbox', { name: 'What is said' }).fill('Dust makes the evening red.')
  await expect(page.getByText('1 scene is changed.')).toBeVisible()
  await page.getByRole('button', { name: 'Save and make again' }).click()
  await expect(page.getByText('1 scene is changed.')).toHaveCount(0)
  await expect(page.getByText('Dust makes the evening red.')).toBeVisible()
  await expect(sunset).toHaveCount(0)
  await expect(page.getByText(/made 2 times/)).toBeVisible()
  await expect(page.getByText('Done', { exact: true }).first()).toBeVisible({ timeout: VIDEO_MS })

  for (const stage of ['Voice', 'Scenes']) {
    const task = await tasksOf(page, stage)
    await expect(task('Scene 1')).toContainText('reused')
    await expect(task('Scene 2')).toContainText('2 attempts')
    await expect(task('Scene 2')).not.toContainText('reused')
  }
  const said = await ann.get<{ scenes: { voiceover_text: string }[] }>(`/jobs/${jobIds[0]}/script`)
  expect(said.scenes.map(({ voiceover_text: text }) => text)).toEqual([
    'Blue sky. Air scatters blue light.',
    'Dust makes the evening red.',
  ])
})

test('a video that stops after its script is edited there, and goes on with the new words', async ({
  page,
}) => {
  test.setTimeout(2 * VIDEO_MS)
  const ann = await Person.new('ann')
  await ann.newProject('Colours')
  await ann.signIn(page)
  await page.goto(appUrl('batches/new'))
  await page.getByText('One video', { exact: true }).click()
  await page.getByRole('textbox', { name: 'Topic' }).fill('Blue sky')
  await page.getByRole('textbox', { name: 'What is to be said' }).fill(BRIEF)
  await page.getByRole('checkbox', { name: /^YouTube,/ }).click()
  await page.getByRole('button', { name: 'More options' }).click()
  await page.getByRole('textbox', { name: 'Length' }).fill('15')
  const stages = page.getByRole('group', { name: 'How far the videos go by themselves' })
  await expect(stages.getByRole('radio', { name: 'All the way' })).toBeChecked()
  await stages.getByRole('radio', { name: /Voice$/ }).check()
  await page.keyboard.press('ArrowLeft')
  await expect(stages.getByRole('radio', { name: /Script$/ })).toBeChecked()
  await expect(stages).toContainText('Your video waits for you after its script.')
  await page.getByRole('button', { name: 'Create the video' }).click()

  await expect(page.getByText('1 video waits for you after its script')).toBeVisible({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Look at it' }).click()
  await expect(page).toHaveURL(/waits=any/)
  await page.getByRole('grid').getByText('Script is ready').click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByText('Waits for you: the script is ready')).toBeVisible()
  await drawer.getByRole('button', { name: 'Edit scene 2' }).click()
  await drawer.getByRole('textbox', { name: 'What is said' }).fill('Dust makes the evening red.')
  await drawer.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(drawer.getByText('Dust makes the evening red.')).toBeVisible()
  await expect(drawer.getByRole('textbox', { name: 'What is said' })).toHaveCount(0)
  await expect(drawer.getByText('Waits for you: the script is ready')).toBeVisible()
  await drawer.getByRole('button', { name: 'Go on', exact: true }).click()
  await expect(drawer.getByText('Waits for you: the script is ready')).toHaveCount(0)
  await expect(drawer.getByText('Done', { exact: true }).first()).toBeVisible({ timeout: VIDEO_MS })

  const [job] = (await ann.get<{ items: { id: string }[] }>('/jobs')).items
  const { artifacts } = await ann.get<{ artifacts: { role: string; content_id: string }[] }>(
    `/jobs/${job?.id}`,
  )
  const subtitles = artifacts.find(({ role }) => role === 'subtitles_srt')
  const { url } = await ann.get<{ url: string }>(`/assets/signed-url?content_id=${subtitles?.content_id}`)
  // Without numbers and times of the lines.
  const lines = (await (await fetch(url)).text()).split('\n').filter((line) => /[a-z]/i.test(line))
  expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain('Dust makes the evening red.')
  expect(lines.join(' ')).not.toContain('sun')
})
