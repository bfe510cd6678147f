import type { Person } from './people'

export interface AppPage {
  readonly name: string
  readonly path: string
  /** Its heading of the first level. */
  readonly heading: string | RegExp
}

/** Pages that can be opened without a sign-in. */
export const PUBLIC_PAGES: readonly AppPage[] = [
  { name: 'sign-in', path: 'sign-in', heading: 'Sign in' },
  { name: 'sign-up', path: 'sign-up', heading: 'Make an account' },
  { name: 'forgotten', path: 'forgotten', heading: 'Password forgotten' },
]

/** Pages of somebody who has something to see. */
export async function signedInPages(_person: Person): Promise<readonly AppPage[]> {
  return [{ name: 'dashboard', path: '', heading: 'Dashboard' }]
}
