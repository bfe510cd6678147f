import i18next from 'i18next'
import type { BatchRow } from '@/lib/rows'

/** What a batch is called: its title, or its number where it has none. */
export function batchTitle({ title, number }: Pick<BatchRow, 'title' | 'number'>): string {
  return title || i18next.t('batchNumber', { ns: 'app', number })
}
