import type { Page, WebSocketRoute } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

const badge = (page: Page) => page.locator('[data-link]')

/** Between the page and the live channels: what a network is that can be cut. */
class Network {
  isUp = true
  private readonly sockets = new Set<WebSocketRoute>()

  async stand(page: Page): Promise<void> {
    await page.routeWebSocket(/\/realtime\/v1/, (socket) => {
      if (!this.isUp) return socket.close({ code: 1013 })
      socket.connectToServer()
      this.sockets.add(socket)
    })
  }

  cut(): void {
    this.isUp = false
    for (const socket of this.sockets) socket.close({ code: 1013 })
    this.sockets.clear()
  }
}

test('a lost socket shows within a second, and is live again within five, with nothing missed', async ({
  page,
}) => {
  const ann = await Person.new('ann')
  const network = new Network()
  await network.stand(page)
  await ann.signIn(page)
  await expect(badge(page)).toHaveAttribute('data-link', 'live')

  network.cut()
  await expect(badge(page)).toHaveAttribute('data-link', 'polling', { timeout: 1_000 })
  await ann.newProject('Made while nobody heard')
  network.isUp = true
  await expect(badge(page)).toHaveAttribute('data-link', 'live', { timeout: 5_000 })
  const known = await page.waitForFunction(async () => {
    const found = await fetch('/config')
    return found.ok
  })
  expect(known).toBeTruthy()
})

test('a page without a network says that it is offline, and goes on by itself', async ({ page, context }) => {
  const ann = await Person.new('ann')
  const network = new Network()
  await network.stand(page)
  await ann.signIn(page)
  await expect(badge(page)).toHaveAttribute('data-link', 'live')
  await context.setOffline(true)
  network.cut()
  await expect(badge(page)).toHaveAttribute('data-link', 'offline', { timeout: 2_000 })
  network.isUp = true
  await context.setOffline(false)
  await expect(badge(page)).toHaveAttribute('data-link', 'live', { timeout: 6_000 })
})

test('while it is frozen nothing moves, and afterwards everything is caught up', async ({ page }) => {
  test.setTimeout(120_000)
  const ann = await Person.new('ann')
  const { batchId } = await ann.newBatch({ title: 'Colours', topics: ['Why the sky is blue'] })
  await ann.signIn(page)
  const batches = page.getByRole('list', { name: 'Batches' }).getByRole('listitem')
  await expect(batches).toHaveCount(1)
  await expect(badge(page)).toHaveAttribute('data-link', 'live')
  await page.keyboard.press('l')
  await expect(page.getByText('Frozen')).toBeVisible()

  const requests: string[] = []
  page.on('request', (request) => requests.push(new URL(request.url()).pathname))
  await ann.post(`/batches/${batchId}/actions`, { action: 'pause' })
  await ann.newBatch({ title: 'Made meanwhile', topics: ['Why the sea is salty'] })
  // Longer than lists wait for the next change, and figures for the clock.
  await page.waitForTimeout(11_000)
  await expect(batches).toHaveCount(1)
  await expect(batches.getByText('Paused', { exact: true })).toHaveCount(0)
  expect(requests.filter((path) => ['/batches', '/summary'].includes(path))).toEqual([])

  await page.keyboard.press('l')
  await expect(badge(page)).toHaveAttribute('data-link', 'live')
  await expect(batches.filter({ hasText: 'Colours' }).getByText('Paused', { exact: true })).toBeVisible()
  await expect(batches).toHaveCount(2)
})

test('keys lead everywhere, and say so', async ({ page }) => {
  await (await Person.new('ann')).signIn(page)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+k')
  await page
    .getByRole('combobox', { name: 'Find anything' })
    .or(page.getByRole('textbox', { name: 'Find anything' }))
    .fill('dash')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(appUrl())
})
