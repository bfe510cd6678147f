/** How much JavaScript and CSS a page fetches the first time, gzipped, against its budget. */

import type { Page } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

/** Bytes of each page, none of which may be exceeded. */
const BUDGETS: Record<string, number> = {
  'sign-in': 285_000,
  '': 240_000,
  projects: 300_000,
  'projects/<id>': 300_000,
  analytics: 350_000,
}

/** What a page fetches only once it has something to show. */
const SHOWN: Record<string, string> = { analytics: '.recharts-surface' }

async function bytesOf(page: Page, path: string): Promise<number> {
  const sizes: Promise<number>[] = []
  page.on('requestfinished', (request) => {
    if (/\.(js|css)$/.test(new URL(request.url()).pathname)) {
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
    }
  })
  await page.goto(appUrl(path))
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  if (SHOWN[path]) await expect(page.locator(SHOWN[path]).first()).toBeVisible()
  await page.waitForLoadState('networkidle')
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

for (const [path, most] of Object.entries(BUDGETS)) {
  const name = path || 'dashboard'
  test(`${name} fetches no more than ${most / 1000} kB of code`, async ({ page, browser }) => {
    const ann = await Person.new('ann')
    if (path !== 'sign-in') await ann.signIn(page)
    const address = path.includes('<id>') ? path.replace('<id>', await ann.newProject('Moons')) : path
    if (path === 'analytics') await ann.newBatch({ title: 'Moons', topics: ['Europa'] })
    // A new browser that has the cookie, and nothing else.
    const state = await page.context().storageState()
    const fresh = await browser.newContext({ storageState: state })
    const bytes = await bytesOf(await fresh.newPage(), address)
    await fresh.close()
    test.info().annotations.push({ type: 'bytes', description: String(bytes) })
    process.stdout.write(`    ${name}: ${(bytes / 1000).toFixed(1)} kB of ${most / 1000} kB\n`)
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThanOrEqual(most)
  })
}
