import { appUrl, expect, PASSWORD, Person, test } from './people'

const dashboard = { name: 'Dashboard', level: 1 } as const

test('somebody new signs up, and is still signed in after a reload', async ({ page }) => {
  await page.goto(appUrl())
  await page.getByRole('link', { name: 'Make an account' }).click()
  await expect(page.getByRole('heading', { name: 'Make an account', level: 1 })).toBeVisible()
  await page.getByLabel('E-mail address').fill(`new-${crypto.randomUUID()}@example.org`)
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByLabel('Name of your team').fill('Sky Stories')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await expect(page.getByRole('heading', dashboard)).toBeVisible()
  await expect(page.getByText('Sky Stories')).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', dashboard)).toBeVisible()
})

test('a wrong password is refused in words, and the form keeps what was typed', async ({ page }) => {
  const ann = await Person.new('ann')
  await page.goto(appUrl('sign-in'))
  await page.getByLabel('E-mail address').fill(ann.email)
  await page.getByRole('textbox', { name: 'Password' }).fill('another sentence')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('Address and password do not belong together.')
  await expect(page.getByLabel('E-mail address')).toHaveValue(ann.email)
})

test('no token is where scripts or other sites could take it', async ({ page }) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  const stored = await page.evaluate(() =>
    JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie }),
  )
  expect(stored).not.toMatch(/eyJ|refresh/)
  const [cookie] = await page.context().cookies(appUrl('../auth/refresh'))
  expect(cookie).toMatchObject({ name: 'cliprow_refresh', httpOnly: true, sameSite: 'Strict', path: '/auth' })
})

test('signing out in one tab signs out in the others', async ({ page, context }) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  const other = await context.newPage()
  await other.goto(appUrl())
  await expect(other.getByRole('heading', dashboard)).toBeVisible()
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  for (const each of [page, other]) await expect(each.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})

test('signing out everywhere ends the session of another browser, which leads to the sign-in and back', async ({
  page,
  browser,
}) => {
  const ann = await Person.new('ann')
  await ann.signIn(page)
  const elsewhere = await browser.newPage()
  await ann.signIn(elsewhere)
  await elsewhere.getByRole('button', { name: 'Your account' }).click()
  await elsewhere.getByRole('menuitem', { name: 'Sign out everywhere' }).click()
  await expect(elsewhere.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await elsewhere.close()
  await page.goto(appUrl('?from=here'))
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})

test('somebody without a session who opens a page comes back to it after the sign-in', async ({ page }) => {
  const ann = await Person.new('ann')
  const project = await ann.newProject('The sky')
  await page.goto(appUrl(`projects/${project}`))
  await page.getByLabel('E-mail address').fill(ann.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(appUrl(`projects/${project}`))
})

test('an invitation makes a member, who acts in that team at once', async ({ page, browser }) => {
  const ann = await Person.new('ann')
  const bob = await Person.new('bob')
  const { token } = await ann.post<{ token: string }>('/invitations', { email: bob.email, role: 'editor' })
  await page.goto(appUrl(`invitation?token=${token}`))
  await page.getByRole('link', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'Sign in', level: 1 })).toBeVisible()
  await page.getByLabel('E-mail address').fill(bob.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Accept the invitation' }).click()
  await expect(page.getByRole('button', { name: "Acting in ann's team; choose another" })).toBeVisible()

  // Two teams side by side: each sees its own.
  await ann.newProject('Only for ann')
  const other = await browser.newPage()
  await (await Person.new('carl')).signIn(other)
  await expect(other.getByText('Only for ann')).toHaveCount(0)
  await other.close()

  // Removed, bob is out at once, and back in his own team.
  const members = await ann.get<{ items: { user_id: string; email: string }[] }>('/members')
  const gone = members.items.find(({ email }) => email === bob.email)
  await ann.delete(`/members/${gone?.user_id}`)
  await page.reload()
  await expect(page.getByText("ann's team")).toHaveCount(0)
})

test('a forgotten password is replaced by a link in a message', async ({ page }) => {
  const ann = await Person.new('ann')
  await page.goto(appUrl('forgotten'))
  await page.getByLabel('E-mail address').fill(ann.email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByRole('status')).toContainText('Look into your mail')
  await page.goto(await linkFor(ann.email))
  await page.getByRole('textbox', { name: 'New password' }).fill('another long sentence')
  await page.getByRole('button', { name: 'Save the password' }).click()
  await expect(page.getByRole('heading', dashboard)).toBeVisible()
  // What signed in is in no history.
  expect(page.url()).not.toMatch(/token|code=/)
})

/** The link in the latest message to somebody, from the mailbox of the embedded gateway. */
async function linkFor(email: string): Promise<string> {
  const config = (await (await fetch(new URL('/config', appUrl()))).json()) as { supabase_url: string }
  const answer = await fetch(`${config.supabase_url}/mail/messages?to=${encodeURIComponent(email)}`)
  const [link] = /https?:\/\/[^\s"\\]+verify[^\s"\\]+/.exec(await answer.text()) ?? []
  if (!link) throw new Error(`There is no message to ${email}.`)
  return link.replaceAll('&amp;', '&')
}
