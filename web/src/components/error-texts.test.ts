import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import texts from '@/locales/en/errors.json'

/** Of jobs that were withdrawn, and not of tasks. */
const OF_JOBS = ['DEADLINE_PASSED', 'DEPENDENCY_FAILED']

test('every error code that the database explains has texts, and no other', () => {
  const sql = readFileSync(join(import.meta.dirname, '../../../sql/53_error_codes.sql'), 'utf8')
  const codes = [...sql.matchAll(/^ {2}\('([A-Z_]+)'/gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(50)
  expect(Object.keys(texts).sort()).toEqual([...codes, ...OF_JOBS].sort())
})
