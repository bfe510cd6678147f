/**
 * axe finds nothing on any page: WCAG 2.2 A and AA, light and dark, on a laptop and on a phone. With a folder in SCREENS
 * (`just screens`), what was looked at is kept there as pictures.
 */

import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { violationsOf } from './axe'
import { type AppPage, dialogsOn, PUBLIC_PAGES, signedInPages } from './pages'
import { appUrl, expect, Person, test } from './people'

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const { SCREENS } = process.env
const LOOKS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'light', width: 375 },
  { scheme: 'dark', width: 375 },
] as const
/** Both schemes and both widths. */
const DIALOG_LOOKS = [LOOKS[1], LOOKS[2]] as const

test.describe.configure({ timeout: 900_000 })

test('pages before the sign-in', async ({ page }) => {
  await lookAt(page, PUBLIC_PAGES)
})

test('pages after the sign-in', async ({ page }) => {
  const ann = await Person.new('ann')
  const pages = await signedInPages(ann)
  await ann.signIn(page)
  await lookAt(page, [...pages, ...dialogsOn(pages)])
})

async function lookAt(page: Page, pages: readonly AppPage[]): Promise<void> {
  const found: string[] = []
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.addInitScript(rememberHiddenPages)
  for (const { name, path, heading, open } of pages) {
    await page.goto(appUrl(path))
    await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible()
    await page.waitForLoadState('networkidle')
    if (open) {
      await page.setViewportSize({ width: 1280, height: 800 })
      await open(page)
      await expect(page.getByRole('dialog').or(page.getByRole('menu')).first()).toBeVisible()
    }
    for (const { scheme, width } of open ? DIALOG_LOOKS : LOOKS) {
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height: 800 })
      // The page takes the scheme a moment after the browser; axe may not see it half way.
      await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', scheme)
      if (SCREENS) {
        const file = `${name.replace(/\W+/g, '-')}-${scheme}-${width}.png`
        await page.screenshot({ path: join(SCREENS, file), fullPage: true })
      }
      for (const { id, nodes } of await violationsOf(page, RULES)) {
        for (const { html, failureSummary } of nodes) {
          found.push(`${name}, ${scheme}, ${width} px: ${id}\n${html}\n${failureSummary}`)
        }
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (overflow > 0) found.push(`${name}, ${width} px: ${overflow} px wider than the screen`)
    }
    const isHidden = await page.evaluate(() => 'hidden' in document.documentElement.dataset)
    if (isHidden) found.push(`${name}: was there, and gone again until a part of it had its code or texts`)
  }
  expect(found.join('\n\n')).toBe('')
}

/** In the page: marks the document once React takes away a page that is there already, since a part of it waits. */
function rememberHiddenPages(): void {
  const observer = new MutationObserver((records) => {
    for (const { target } of records) {
      if (!(target instanceof HTMLElement) || !target.querySelector('h1')) continue
      if (target.style.display === 'none') document.documentElement.dataset.hidden = ''
    }
  })
  observer.observe(document, { subtree: true, attributeFilter: ['style'] })
}
