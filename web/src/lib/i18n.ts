/** Languages: texts by feature (`locales/<language>/<feature>.json`), each fetched when its feature is first shown. */

import i18next, { type BackendModule } from 'i18next'
import { initReactI18next } from 'react-i18next'

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const files = import.meta.glob<Record<string, unknown>>('../locales/*/*.json', { import: 'default' })
const STORED = 'cliprow.language'
/** English written from right to left, by which layouts are tested; nobody is offered it. */
const MIRRORED = 'ar-XB'

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, done) => {
    const folder = language === MIRRORED ? 'en' : language
    const load = files[`../locales/${folder}/${namespace}.json`]
    if (!load) return done(new Error(`There are no texts ${language}/${namespace}.`), null)
    load().then(
      (texts) => done(null, texts),
      (error: Error) => done(error, null),
    )
  },
}

function preferred(): Language | typeof MIRRORED {
  const stored = localStorage.getItem(STORED)
  if (stored === MIRRORED) return MIRRORED
  const wanted = [stored, ...navigator.languages.map((each) => each.slice(0, 2))]
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
      supportedLngs: [...Object.keys(LANGUAGES), MIRRORED],
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
