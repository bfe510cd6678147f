import type { Page } from '@playwright/test'
import type { Person } from './people'

export interface AppPage {
  readonly name: string
  readonly path: string
  /** Its heading of the first level. */
  readonly heading: string | RegExp
  /** Opens a dialog or a menu on it, which is to be looked at. */
  readonly open?: (page: Page) => Promise<void>
}

/** Pages that can be opened without a sign-in. */
export const PUBLIC_PAGES: readonly AppPage[] = [
  { name: 'sign-in', path: 'sign-in', heading: 'Sign in' },
  { name: 'sign-up', path: 'sign-up', heading: 'Make an account' },
  { name: 'forgotten', path: 'forgotten', heading: 'Password forgotten' },
]

/** Every page of somebody who has a project, a failed video, and a planned batch. */
export async function signedInPages(person: Person): Promise<readonly AppPage[]> {
  const project = await person.newProject('Things in the sky')
  const defaults = { platforms: ['youtube'] }
  const { batch_id: failing } = await person.post<{ batch_id: string }>('/batches', {
    project_id: project,
    title: 'Colours of the sky',
    topics: [{ topic: 'なぜ空は青いのか', language: 'ja' }],
    defaults,
  })
  await person.post('/batches', {
    project_id: project,
    title: 'Later this week',
    topics: Array.from({ length: 30 }, (_, at) => `Star number ${at + 1}`),
    defaults,
    options: { starts_at: new Date(Date.now() + 86_400_000).toISOString() },
  })
  const jobs = await person.get<{ items: { id: string }[] }>(`/jobs?batch_id=${failing}`)
  const page = (name: string, path: string, heading: string | RegExp): AppPage => ({ name, path, heading })
  const tabs = (path: string, names: readonly string[], heading: string) =>
    names.map((name) => page(`${path}, ${name}`, `${path}?tab=${name}`, heading))
  return [
    page('dashboard', '', 'Dashboard'),
    page('projects', 'projects', 'Projects'),
    page('project', `projects/${project}`, 'Things in the sky'),
    page('batches', 'batches', 'Batches'),
    page('batch', `batches/${failing}`, 'Colours of the sky'),
    page('job', `jobs/${jobs.items[0]?.id}`, /空/),
    page('new batch', 'batches/new', 'New videos'),
    page('imports', 'imports', 'Imports'),
    page('library', 'library', 'Library'),
    page('schedule', 'schedule', 'Schedule'),
    page('history', 'history', 'History'),
    page('costs', 'costs', 'Costs'),
    page('analytics', 'analytics', 'Analytics'),
    ...tabs('operations', ['letters', 'queues', 'audit', 'webhooks', 'content', 'flags'], 'Operations'),
    ...tabs(
      'settings',
      ['account', 'notifications', 'team', 'members', 'projects', 'providers', 'brand', 'platforms'],
      'Settings',
    ),
  ]
}

/** Dialogs and a menu on these pages. */
export function dialogsOn(pages: readonly AppPage[]): readonly AppPage[] {
  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
  const dialogs: Readonly<Record<string, readonly [on: string, open: (page: Page) => Promise<void>]>> = {
    palette: ['dashboard', (page) => page.keyboard.press('Control+k')],
    menu: ['dashboard', (page) => press(page, 'Your account')],
    keys: ['batch', (page) => page.keyboard.press('?')],
    retry: [
      'batch',
      async (page) => {
        await page.getByRole('grid').focus()
        await page.keyboard.press('r')
      },
    ],
    'bulk action': [
      'batch',
      async (page) => {
        await press(page, /^Select all/)
        await press(page, /^Cancel$/)
      },
    ],
    reuse: ['new batch', (page) => press(page, 'Choose scenes')],
    'recurring batch': [
      'schedule',
      async (page) => {
        await press(page, 'New recurring batch')
        await press(page, 'More options')
      },
    ],
    'brand of a project': [
      'project',
      async (page) => {
        await press(page, /^Edit or delete|^More for/)
        await page.getByRole('menuitem', { name: 'Brand' }).click()
      },
    ],
  }
  return Object.entries(dialogs).flatMap(([name, [on, open]]) =>
    pages.filter((each) => each.name === on).map((page) => ({ ...page, name, open })),
  )
}
