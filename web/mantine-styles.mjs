/**
 * `src/app/mantine.css` imports the styles of the components that the app uses, in the order of Mantine's own sheet; all
 * of them would be twice as large. `npm run styles` writes it; a build fails where a style is missing or not needed.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const LIST = join(import.meta.dirname, 'src/app/mantine.css')
const PACKAGE = join(import.meta.dirname, 'node_modules/@mantine/core')
const MODULE = /@mantine\/core\/esm\/.*\/(\w+)\.module\.mjs$/
/** Used by every component. */
const ALWAYS = ['baseline', 'default-css-variables', 'global']

/**
 * Checks the list against the modules of a build, or only gathers them.
 * @param {(list: string) => void} [gather]
 * @returns {import('vite').Plugin}
 */
export function mantineStyles(gather) {
  return {
    name: 'mantine-styles',
    apply: 'build',
    generateBundle(_options, bundle) {
      /** @type {Set<string>} */
      const used = new Set()
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue
        for (const id of Object.keys(chunk.modules)) used.add(MODULE.exec(id)?.[1] ?? '')
      }
      const list = listOf(used)
      if (gather) gather(list)
      else if (readFileSync(LIST, 'utf8') !== list) {
        this.error('src/app/mantine.css is not what the app uses: run `npm run styles`.')
      }
    },
  }
}

/** @param {ReadonlySet<string>} used */
function listOf(used) {
  const names = [...ALWAYS, ...inOrder().filter((name) => used.has(name))]
  const lines = names.map((name) => `@import "@mantine/core/styles/${name}.css";`)
  return `/* Written by \`npm run styles\`. */\n${lines.join('\n')}\n`
}

/** Names of the sheets by where their first rule stands in the sheet of all. */
function inOrder() {
  const all = readFileSync(join(PACKAGE, 'styles.css'), 'utf8')
  const names = readdirSync(join(PACKAGE, 'styles')).flatMap((file) => /^(\w+)\.css$/.exec(file)?.[1] ?? [])
  const places = names.map((name) => {
    const [rule = ''] = /\.m_[\w]+/.exec(readFileSync(join(PACKAGE, `styles/${name}.css`), 'utf8')) ?? []
    return { name, place: rule ? all.indexOf(rule) : -1 }
  })
  return places.sort((a, b) => a.place - b.place).map(({ name }) => name)
}

if (import.meta.filename === process.argv[1]) {
  await build({
    root: import.meta.dirname,
    configFile: false,
    base: '/app/',
    logLevel: 'error',
    resolve: { alias: { '@': join(import.meta.dirname, 'src') } },
    build: { write: false },
    plugins: [mantineStyles((list) => writeFileSync(LIST, list))],
  })
}
