// The page of a batch in Chromium: how smoothly it runs, and when which progress was on the screen.
//
//   node web_live.mjs APP_URL BATCH_ID EMAIL PASSWORD SLOWDOWN
//
// Prints "ready" when the list is shown and live. After a line on standard input: one line of JSON with `frames` per
// second, `seen` as [position, progress, milliseconds since 1970], `arrivals` of messages, and `rows` in the page.

import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(new URL('../web/package.json', import.meta.url))
const { chromium } = require('@playwright/test')
const [app, batch, email, password, slowdown] = process.argv.slice(2)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
})
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
await page.addInitScript(() => {
  window.arrivals = []
  const Native = window.WebSocket
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', () => window.arrivals.push(performance.timeOrigin + performance.now()))
    }
  }
})
await page.goto(new URL('sign-in', app).href)
await page.getByLabel('E-mail address').fill(email)
await page.getByRole('textbox', { name: 'Password' }).fill(password)
await page.getByRole('button', { name: 'Sign in' }).click()
await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor()
await page.goto(new URL(`batches/${batch}`, app).href)
await page.locator('[role="row"] [role="progressbar"]').nth(10).waitFor()
await page.locator('[data-link="live"]').waitFor()
if (Number(slowdown) > 1) {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: Number(slowdown) })
}
await page.evaluate(() => {
  window.seen = []
  window.frames = []
  const now = () => performance.timeOrigin + performance.now()
  const note = ({ target }) => {
    const row = target.closest('[role="row"]')
    if (row && target.role === 'progressbar') {
      window.seen.push([Number(row.ariaRowIndex) - 1, Number(target.ariaValueNow), now()])
    }
  }
  new MutationObserver((changes) => changes.forEach(note)).observe(document.body, {
    subtree: true,
    attributes: true,
    attributeFilter: ['aria-valuenow'],
  })
  const frame = () => {
    window.frames.push(performance.now())
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})
process.stdout.write('ready\n')
for await (const _line of createInterface({ input: process.stdin })) break
const result = await page.evaluate(() => {
  const { frames, seen, arrivals } = window
  return {
    frames: (1000 * (frames.length - 1)) / (frames.at(-1) - frames[0]),
    seen,
    arrivals,
    rows: document.querySelectorAll('[role="row"]').length,
  }
})
process.stdout.write(`${JSON.stringify(result)}\n`)
await browser.close()
process.exit(0)
