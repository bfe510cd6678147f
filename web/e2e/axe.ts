import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

/** What axe finds wrong on a page, by the rules with these tags. */
export async function violationsOf(page: Page, tags: string[]): Promise<Violations> {
  // Everything is of one origin, so the page itself can put the results together; what is right need not be described.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).withTags(tags)
  return (await axe.setLegacyMode().analyze()).violations
}

type Violations = Awaited<ReturnType<AxeBuilder['analyze']>>['violations']
