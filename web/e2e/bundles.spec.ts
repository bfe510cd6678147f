/** How much JavaScript and CSS a page fetches the first time, gzipped, against its budget. */

import type { Page } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

/**
 * Bytes: what is aimed at, and what a page must not exceed today. Where the second is larger, it may only become smaller.
 */
const BUDGETS: Record<string, { readonly target: number; readonly most: number }> = {
  'sign-in': { target: 285_000, most: 285_000 },
  '': { target: 240_000, most: 305_000 },
  projects: { target: 300_000, most: 322_000 },
  analytics: { target: 350_000, most: 350_000 },
}

async function bytesOf(page: Page, path: string): Promise<number> {
  const sizes: Promise<number>[] = []
  page.on('requestfinished', (request) => {
    if (/\.(js|css)$/.test(new URL(request.url()).pathname)) {
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
    }
  })
  await page.goto(appUrl(path))
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.waitForLoadState('networkidle')
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

for (const [path, { target, most }] of Object.entries(BUDGETS)) {
  test(`${path || 'dashboard'} fetches no more than ${most / 1000} kB of code`, async ({ page, browser }) => {
    const ann = await Person.new('ann')
    if (path !== 'sign-in') await ann.signIn(page)
    // A new browser that has the cookie, and nothing else.
    const state = await page.context().storageState()
    const fresh = await browser.newContext({ storageState: state })
    const bytes = await bytesOf(await fresh.newPage(), path)
    await fresh.close()
    test.info().annotations.push({ type: 'bytes', description: String(bytes) })
    process.stdout.write(
      `    ${path || 'dashboard'}: ${(bytes / 1000).toFixed(1)} kB, aimed at ${target / 1000} kB\n`,
    )
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThanOrEqual(most)
  })
}
