/** Languages: texts by feature (`locales/<language>/<feature>.json`), each fetched when its feature is first shown. */

import i18next, { type BackendModule } from 'i18next'
import { initReactI18next } from 'react-i18next'

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const files = import.meta.glob<Record<string, unknown>>('../locales/*/*.json', { import: 'default' })
const STORED = 'cliprow.language'

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = files[`../locales/${language}/${namespace}.json`]
    if (!load) return done(new Error(`There are no texts ${language}/${namespace}.`), null)
    load().then(
      (texts) => done(null, texts),
      (error: Error) => done(error, null),
    )
  },
}

function preferred(): Language {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages.map((each) => each.slice(0, 2))]
  return wanted.find((each): each is Language => each !== null && each in LANGUAGES) ?? 'en'
}

export function startTexts(): Promise<unknown> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language
    document.documentElement.dir = i18next.dir(language)
  })
  return i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: preferred(),
      fallbackLng: 'en',
      supportedLngs: Object.keys(LANGUAGES),
      ns: ['app'],
      defaultNS: 'app',
      // React escapes.
      interpolation: { escapeValue: false },
    })
}

export function setLanguage(language: Language): void {
  localStorage.setItem(STORED, language)
  void i18next.changeLanguage(language)
}
