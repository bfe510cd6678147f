/** People who use the app, and what tests do for them beside it, through the REST API. */

import { test as base, expect, type Page } from '@playwright/test'

export const PASSWORD = 'a long sentence'

export class Person {
  private constructor(
    readonly email: string,
    private readonly token: string,
  ) {}

  /** Somebody new, with a team of their own. */
  static async new(name: string): Promise<Person> {
    const email = `${name}-${crypto.randomUUID().slice(0, 8)}@example.org`
    const made = await request('POST', '/auth/signup', undefined, {
      email,
      password: PASSWORD,
      tenant_name: `${name}'s team`,
    })
    return new Person(email, (made as { access_token: string }).access_token)
  }

  get<T>(path: string): Promise<T> {
    return request('GET', path, this.token) as Promise<T>
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return request('POST', path, this.token, body) as Promise<T>
  }

  patch<T>(path: string, body: object): Promise<T> {
    return request('PATCH', path, this.token, body) as Promise<T>
  }

  put<T>(path: string, body: object): Promise<T> {
    return request('PUT', path, this.token, body) as Promise<T>
  }

  delete(path: string): Promise<unknown> {
    return request('DELETE', path, this.token)
  }

  /** Become a member of somebody else's team, beside the own one. */
  async join(owner: Person, role: 'admin' | 'editor' | 'viewer'): Promise<void> {
    const { token } = await owner.post<{ token: string }>('/invitations', { email: this.email, role })
    await this.post('/invitations/accept', { token })
  }

  /** Sign in by the page, as people do. */
  async signIn(page: Page): Promise<void> {
    await page.goto(appUrl('sign-in'))
    await page.getByLabel('E-mail address').fill(this.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('heading', { name: 'Dashboard', level: 1 })).toBeVisible()
  }

  /** Choose another team, by the page. */
  async actIn(page: Page, team: string): Promise<void> {
    await page.getByRole('button', { name: /^Acting in/ }).click()
    await page.getByRole('menuitem', { name: team }).click()
    await expect(page.getByRole('button', { name: `Acting in ${team}; choose another` })).toBeVisible()
  }

  async newProject(idea: string): Promise<string> {
    return (await this.post<{ id: string }>('/projects', { original_idea: idea, name: idea })).id
  }

  /** A batch in a project of its own. Nothing of it starts before tomorrow, unless `options` say so. */
  async newBatch(batch: NewBatch): Promise<{ readonly batchId: string; readonly jobIds: readonly string[] }> {
    const { title, topics, options = { starts_at: tomorrow() } } = batch
    const { batch_id: batchId } = await this.post<{ batch_id: string }>('/batches', {
      project_id: batch.projectId ?? (await this.newProject(title)),
      title,
      topics,
      defaults: { platforms: ['youtube'] },
      options,
    })
    const { items } = await this.get<{ items: { id: string }[] }>(`/jobs?batch_id=${batchId}&order=position`)
    return { batchId, jobIds: items.map(({ id }) => id) }
  }
}

interface NewBatch {
  readonly projectId?: string
  readonly title: string
  readonly topics: readonly (string | object)[]
  readonly options?: object
}

/** A topic whose first stage fails at once and for good: the offline writer knows no Japanese, and says so. */
export function failingTopic(topic = 'なぜ空は青いのか'): object {
  return { topic, language: 'ja' }
}

function tomorrow(): string {
  return new Date(Date.now() + 86_400_000).toISOString()
}

export function appUrl(path = ''): string {
  return new URL(path, process.env.CLIPROW_E2E_URL).href
}

async function request(method: string, path: string, token?: string, body?: object): Promise<unknown> {
  const response = await fetch(new URL(path, process.env.CLIPROW_E2E_URL), {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body ? JSON.stringify(body) : null,
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return text ? JSON.parse(text) : null
}

/** A test fails when the page throws, or when the browser refuses something for the page's policy. */
export const test = base.extend<{ page: Page }>({
  page: async ({ page }, use) => {
    const wrong: string[] = []
    page.on('pageerror', (error) => wrong.push(error.stack ?? error.message))
    page.on('console', (message) => {
      if (/Content Security Policy|Maximum update depth|unique "key"/.test(message.text()))
        wrong.push(message.text())
    })
    await use(page)
    expect(wrong).toEqual([])
  },
})
export { expect }
