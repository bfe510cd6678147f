import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const FOLDER = join(import.meta.dirname, '../locales')

function keysOf(texts: object, before = ''): string[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    typeof text === 'object' ? keysOf(text, `${before}${name}.`) : [`${before}${name}`],
  )
}

function load(language: string, file: string): object {
  return JSON.parse(readFileSync(join(FOLDER, language, file), 'utf8'))
}

test.each(readdirSync(join(FOLDER, 'en')))('every language has all texts of %s', (file) => {
  const wanted = keysOf(load('en', file)).sort()
  for (const language of readdirSync(FOLDER)) expect(keysOf(load(language, file)).sort()).toEqual(wanted)
})

test.each(readdirSync(join(FOLDER, 'en')))('texts of %s have the same values in them', (file) => {
  const values = (language: string) =>
    JSON.stringify(load(language, file))
      .match(/\{\{[^}]*\}\}/g)
      ?.sort()
  for (const language of readdirSync(FOLDER)) expect(values(language)).toEqual(values('en'))
})
