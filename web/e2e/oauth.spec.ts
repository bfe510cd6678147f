/** Sign-in at an OpenID provider, played by oidc-provider-mock beside the stack. */

import type { Page } from '@playwright/test'
import { appUrl, expect, Person, test } from './people'

test.skip(!process.env.CLIPROW_E2E_PROVIDER, 'the given stack has no provider that this knows of')

/** Somebody who has an account at the provider. */
async function accountElsewhere(): Promise<string> {
  const subject = `oda-${crypto.randomUUID().slice(0, 8)}`
  const made = await fetch(`${process.env.CLIPROW_E2E_PROVIDER}/users/${subject}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: `${subject}@example.org`, email_verified: true, name: 'Oda' }),
  })
  expect(made.ok).toBe(true)
  return subject
}

async function toTheProvider(page: Page): Promise<void> {
  // Its page is plain without the styles that it would fetch.
  await page.route(/cdn\.jsdelivr\.net/, (route) => route.abort())
  await page.getByRole('button', { name: 'Keycloak' }).click()
  await expect(page.getByRole('heading', { name: 'Authorize Client' })).toBeVisible()
}

async function agree(page: Page, subject: string): Promise<void> {
  await page.getByPlaceholder('sub').fill(subject)
  await page.getByRole('button', { name: 'Authorize' }).click()
}

test('somebody signs in elsewhere, and lands on the page that was wanted', async ({ page }) => {
  const subject = await accountElsewhere()
  await page.goto(appUrl('history?order=oldest'))
  await toTheProvider(page)
  await agree(page, subject)
  await expect(page.getByRole('heading', { name: 'History', level: 1 })).toBeVisible()
  await expect(page).toHaveURL(appUrl('history?order=oldest'))
  await page.getByRole('button', { name: 'Your account' }).click()
  await expect(page.getByText(`${subject}@example.org`)).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'History', level: 1 })).toBeVisible()
})

test('an invitation is accepted by somebody who signs in elsewhere', async ({ page }) => {
  const ann = await Person.new('ann')
  const subject = await accountElsewhere()
  const { token } = await ann.post<{ token: string }>('/invitations', {
    email: `${subject}@example.org`,
    role: 'editor',
  })
  await page.goto(appUrl(`invitation?token=${token}`))
  await page.getByRole('link', { name: 'Sign in' }).click()
  await toTheProvider(page)
  await agree(page, subject)
  await page.getByRole('button', { name: 'Accept the invitation' }).click()
  await expect(page.getByRole('button', { name: "Acting in ann's team; choose another" })).toBeVisible()
})

test('a refusal at the provider is said, and leads back to the sign-in', async ({ page }) => {
  await page.goto(appUrl('history'))
  await toTheProvider(page)
  // The refusal of the provider that is played leaves out the state, which RFC 6749 asks for.
  const asked = new URL(page.url()).searchParams
  const refusal = new URL(asked.get('redirect_uri') ?? '')
  refusal.search = String(
    new URLSearchParams({
      error: 'access_denied',
      error_description: 'Oda said no',
      state: asked.get('state') ?? '',
    }),
  )
  await page.goto(refusal.href)
  await expect(page.getByRole('alert')).toContainText('The sign-in was not completed there: Oda said no')
  expect(page.url()).not.toMatch(/error/)
  await page.getByRole('link', { name: 'To the sign-in' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in', level: 1 })).toBeVisible()
})

test('what Auth tells the first page, for it knows no other, is said', async ({ page }) => {
  await page.goto(
    appUrl('#error=access_denied&error_code=flow_state_expired&error_description=Flow+state+is+over'),
  )
  await expect(page.getByRole('alert')).toContainText('This link does not sign anybody in any more.')
})
