/** Viewers and editors: what they may not do is not offered, and refused where it is tried. */

import type { Page } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

/** What the API refused to a page. */
function refusalsOf(page: Page): string[] {
  const refused: string[] = []
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (response.status() >= 400 && response.request().resourceType() === 'fetch')
      refused.push(`${response.request().method()} ${pathname}: ${response.status()}`)
  })
  return refused
}

async function open(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(appUrl(path))
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible()
  await page.waitForLoadState('networkidle')
}

const noPermission = (page: Page) => page.getByText('This page is for others')
const COMMANDS =
  /^(New batch|Pause|Resume|Cancel|Settings|Retry|Make again|New project|Edit|Delete|Add|Invite|Remove|Run again|Save)\b/

test('a viewer looks at everything, and is offered nothing that changes it', async ({ page }) => {
  test.setTimeout(120_000)
  const [ann, vera] = await Promise.all([Person.new('ann'), Person.new('vera')])
  await vera.join(ann, 'viewer')
  const project = await ann.newProject('Things in the sky')
  const { batchId, jobIds } = await ann.newBatch({
    projectId: project,
    title: 'Colours',
    topics: ['Why the sky is blue', 'Why the sea is salty'],
  })
  await vera.signIn(page)
  await vera.actIn(page, "ann's team")
  const refused = refusalsOf(page)

  for (const [path, heading] of [
    ['', 'Dashboard'],
    ['projects', 'Projects'],
    [`projects/${project}`, 'Things in the sky'],
    ['batches', 'Batches'],
    [`batches/${batchId}`, 'Colours'],
    [`jobs/${jobIds[0]}`, 'Why the sky is blue'],
    ['library', 'Library'],
    ['schedule', 'Schedule'],
    ['history', 'History'],
    ['costs', 'Costs'],
    ['costs?tab=budgets', 'Costs'],
    ['analytics', 'Analytics'],
    ['settings?tab=team', 'Settings'],
    ['settings?tab=members', 'Settings'],
    ['settings?tab=projects', 'Settings'],
    ['settings?tab=platforms', 'Settings'],
  ] as const) {
    await open(page, path, heading)
    const main = page.getByRole('main')
    const offered = main
      .getByRole('button', { name: COMMANDS, disabled: false })
      .or(main.getByRole('link', { name: COMMANDS }))
    expect(await offered.allInnerTexts(), path).toEqual([])
    await expect(main.getByRole('alert'), path).toHaveCount(0)
  }
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Operations' })).toHaveCount(0)

  for (const path of ['batches/new', 'imports']) {
    await page.goto(appUrl(path))
    await expect(page.getByText('You may look, but not create')).toBeVisible()
  }
  for (const path of ['operations', 'operations?tab=audit', 'settings?tab=providers']) {
    await page.goto(appUrl(path))
    await expect(noPermission(page)).toBeVisible()
  }
  // The keys of the grid look and select, and do no more.
  await open(page, `batches/${batchId}`, 'Colours')
  const grid = page.getByRole('grid', { name: 'Videos of the batch' })
  await grid.focus()
  for (const key of ['x', 'p', 'r', 'c']) await page.keyboard.press(key)
  await expect(page.getByRole('row', { selected: true })).toHaveCount(1)
  await expect(page.getByRole('dialog')).toHaveCount(0)
  expect(refused).toEqual([])
})

test('an editor creates, and what is not theirs appears and goes with the right to it, live', async ({
  page,
}) => {
  const [ann, ed] = await Promise.all([Person.new('ann'), Person.new('ed')])
  await ed.join(ann, 'editor')
  const project = await ann.newProject('Colours')
  const { batchId } = await ann.newBatch({
    projectId: project,
    title: 'Colours',
    topics: ['Why the sky is blue'],
  })
  await ed.signIn(page)
  await ed.actIn(page, "ann's team")
  const refused = refusalsOf(page)
  await open(page, 'settings?tab=team', 'Settings')
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeDisabled()
  for (const path of ['operations', 'settings?tab=providers']) {
    await page.goto(appUrl(path))
    await expect(noPermission(page)).toBeVisible()
  }
  await open(page, 'batches', 'Batches')
  await expect(page.getByRole('link', { name: 'New batch' })).toBeVisible()
  expect(refused).toEqual([])

  // Ann's project is hers alone: the pages say so, and offer nothing.
  const pause = page.getByRole('button', { name: 'Pause: Colours' })
  const reason = page.getByText("the project's owner can add you as an editor")
  await expect(pause).toHaveCount(0)
  await open(page, `projects/${project}`, 'Colours')
  await expect(reason).toBeVisible()
  await expect(page.getByRole('link', { name: 'New batch' })).toHaveCount(0)
  await open(page, `batches/${batchId}`, 'Colours')
  await expect(reason).toBeVisible()
  await expect(pause).toHaveCount(0)
  await expect(page.locator('[data-link="live"]')).toBeVisible()

  // An editor of the project from now on: the page offers it without being loaded again.
  const { items } = await ann.get<{ items: { user_id: string; email: string }[] }>('/members')
  const member = items.find(({ email }) => email === ed.email)?.user_id ?? ''
  await ann.put(`/projects/${project}/members/${member}`, { role: 'editor' })
  await expect(pause).toBeVisible()
  await expect(reason).toHaveCount(0)

  // Made a viewer: nothing is offered any more.
  await ann.patch(`/members/${member}`, { role: 'viewer' })
  await expect(page.getByText('your role in this team is viewer')).toBeVisible()
  await expect(pause).toHaveCount(0)
  expect(refused).toEqual([])
})
