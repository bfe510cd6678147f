/** German is complete, and remembered; a language that is written from right to left turns the pages around. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { violationsOf } from './axe'
import { signedInPages } from './pages'
import { appUrl, expect, Person, test } from './people'

/** Texts of a language by their keys. */
function textsOf(language: string): ReadonlyMap<string, string> {
  const folder = join(import.meta.dirname, '../src/locales', language)
  return new Map(
    readdirSync(folder).flatMap((file) => flat(JSON.parse(readFileSync(join(folder, file), 'utf8')), '')),
  )
}

function flat(texts: object, above: string): [string, string][] {
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text === 'string'
      ? [[above + key, text] as [string, string]]
      : flat(text as object, `${above}${key}.`),
  )
}

/** Everything that a page says: what is to be read, and what names its parts. */
async function saidBy(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const said: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node instanceof Element) {
        for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-description'])
          said.push(node.getAttribute(name) ?? '')
      } else if (!node.parentElement?.closest('script, style, noscript, [lang]:not(html)')) {
        said.push(node.textContent ?? '')
      }
    }
    return said.map((each) => each.trim()).filter((each) => each !== '')
  })
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(appUrl(path))
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.waitForLoadState('networkidle')
}

test('every page is German once it is chosen, without a word of English or the name of a text', async ({
  page,
}) => {
  test.setTimeout(180_000)
  const [english, german] = [textsOf('en'), textsOf('de')]
  const germanTexts = new Set(german.values())
  const untranslated = new Set(
    [...english.values()].filter((text) => !germanTexts.has(text) && !text.includes('{{')),
  )
  const ann = await Person.new('ann')
  const pages = await signedInPages(ann)
  await ann.signIn(page)
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('menuitem', { name: 'Deutsch' }).click()
  await expect(page.getByRole('heading', { name: 'Übersicht', level: 1 })).toBeVisible()
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')

  // What people wrote, and what the server says of failures, is in no file of texts.
  const { items } = await ann.get<{ items: { error_message: string; next_step: string }[] }>('/dead-letters')
  const written = ['Things in the sky', 'Colours of the sky', 'Later this week']
  const foreign: string[] = [
    ...written,
    ...items.flatMap((letter) => [letter.error_message, letter.next_step]),
  ]
  const codes = await ann.get<{ items: { meaning: string; next_step: string }[] }>('/error-codes')
  foreign.push(...codes.items.flatMap((code) => [code.meaning, code.next_step]))
  const wrong: string[] = []
  for (const { name, path } of pages) {
    await open(page, path)
    for (const text of await saidBy(page)) {
      const own = foreign.reduce((rest, words) => rest.replaceAll(words || '\0', ''), text)
      if (/(^|\s)[a-z]+(\.[a-z]\w+)+($|\s)/.test(own)) wrong.push(`${name}: a key: ${text}`)
      if (untranslated.has(own)) wrong.push(`${name}: English: ${text}`)
      if (/\b(the|and|with|of|is|are|this|you|your|from|to)\b/i.test(own))
        wrong.push(`${name}: English words: ${text}`)
    }
  }
  expect(wrong).toEqual([])

  await open(page, 'batches')
  await expect(page.getByTitle(/^\d\d\.\d\d\.\d{4}, \d\d:\d\d$/).first()).toHaveText(/^(vor|beginnt in) /)
  await open(page, '')
  await expect(page.getByRole('group', { name: 'Zahlen' })).toContainText('0,00\u00a0$')
})

test('from right to left, the navigation is on the right, nothing is too wide, and axe finds nothing', async ({
  page,
}) => {
  test.setTimeout(180_000)
  const ann = await Person.new('ann')
  const pages = await signedInPages(ann)
  // A language that nobody is offered: English, mirrored.
  await page.addInitScript(() => localStorage.setItem('cliprow.language', 'ar-XB'))
  await ann.signIn(page)
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
  const isRight = () =>
    page.evaluate(() => {
      const [navigation, main] = ['nav', 'h1'].map((name) => document.querySelector(name))
      const edges = navigation?.getBoundingClientRect()
      const isOutermost = edges?.right === document.body.getBoundingClientRect().right
      return isOutermost && edges.left > (main?.getBoundingClientRect().right ?? Number.POSITIVE_INFINITY)
    })
  await expect.poll(isRight).toBe(true)

  const wrong: string[] = []
  const shown = [
    'dashboard',
    'project',
    'batch',
    'job',
    'new batch',
    'schedule',
    'history',
    'operations, letters',
  ]
  for (const { name, path } of pages.filter((each) => shown.includes(each.name))) {
    await open(page, path)
    const violations = await violationsOf(page, ['wcag2a', 'wcag2aa', 'wcag22aa'])
    for (const { id, nodes } of violations) wrong.push(...nodes.map(({ html }) => `${name}: ${id}: ${html}`))
    for (const width of [375, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (tooWide > 0) wrong.push(`${name}, ${width} px: ${tooWide} px wider than the screen`)
    }
  }
  expect(wrong).toEqual([])
})
