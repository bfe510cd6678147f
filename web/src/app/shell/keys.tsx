/**
 * The keyboard map: `g` and a letter go to a page, `l` freezes live changes, `?` shows all keys, Ctrl+K finds a page
 * or an action. Pages add their own keys with `usePageKeys`.
 */

import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { lazy, type RefObject, Suspense, useEffect, useRef } from 'react'
import { useFreeze } from '@/lib/live/live'
import { useMe } from '@/lib/me'
import { pagesFor } from './pages'

const KeyList = lazy(() => import('./key-list').then(({ KeyList: component }) => ({ default: component })))
const Palette = lazy(() => import('./palette').then(({ Palette: component }) => ({ default: component })))

export interface PageKey {
  /** As Mantine's hotkeys name it, like `shift+x`. */
  readonly key: string
  /** What it does, in the reader's language. */
  readonly label: string
  /** Absent: the part of the page that has the focus hears it, and it is only listed. */
  readonly run?: () => void
}

let pageKeys: readonly PageKey[] = []
const listeners = new Set<() => void>()

/** Keys of the page that is shown; they are listed in the help. */
export function usePageKeys(keys: readonly PageKey[]): void {
  useHotkeys(keys.flatMap(({ key, run }) => (run ? [[key, run]] : [])))
  useEffect(() => {
    pageKeys = keys
    for (const listener of listeners) listener()
    return () => {
      pageKeys = []
      for (const listener of listeners) listener()
    }
  }, [keys])
}

export function shownPageKeys(): readonly PageKey[] {
  return pageKeys
}

export function onPageKeys(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

interface KeyMap {
  readonly isHelpOpen: boolean
  readonly openHelp: () => void
  readonly closeHelp: () => void
  readonly isPaletteOpen: boolean
  /** What was typed after Ctrl+K, before the palette was there to hear it. */
  readonly typed: RefObject<string>
  readonly closePalette: () => void
}

/** Milliseconds in which the letter has to follow `g`. */
const CHORD_MS = 1_000

export function useKeyMap(): KeyMap {
  const navigate = useNavigate()
  const { role } = useMe()
  const { isFrozen, setFrozen } = useFreeze()
  const [isHelpOpen, help] = useDisclosure()
  const [isPaletteOpen, palette] = useDisclosure()
  const chordAt = useRef(Number.NEGATIVE_INFINITY)
  const typed = useRef('')
  const pages = pagesFor(role)
  useHotkeys([
    ['shift+?', help.open],
    ['?', help.open],
    ['mod+k', palette.open],
    ['l', () => setFrozen(!isFrozen)],
    ['g', () => (chordAt.current = performance.now())],
  ])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (isPaletteOpen && isLetter(event) && !document.activeElement?.closest('[role="dialog"]')) {
        typed.current += event.key
        event.preventDefault()
        event.stopImmediatePropagation()
        return
      }
      if (performance.now() - chordAt.current > CHORD_MS || event.key === 'g') return
      const page = pages.find(({ key }) => key === event.key)
      chordAt.current = Number.NEGATIVE_INFINITY
      if (!page) return
      event.preventDefault()
      event.stopImmediatePropagation()
      void navigate({ to: page.to })
    }
    addEventListener('keydown', onKey, { capture: true })
    return () => removeEventListener('keydown', onKey, { capture: true })
  }, [navigate, pages, isPaletteOpen])
  return {
    isHelpOpen,
    openHelp: help.open,
    closeHelp: help.close,
    isPaletteOpen,
    typed,
    closePalette: () => {
      typed.current = ''
      palette.close()
    },
  }
}

function isLetter({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return key.length === 1 && !ctrlKey && !metaKey && !altKey
}

export function KeyHelp({ isHelpOpen, closeHelp, isPaletteOpen, typed, closePalette }: KeyMap) {
  return (
    <>
      {isHelpOpen && (
        <Suspense>
          <KeyList onClose={closeHelp} />
        </Suspense>
      )}
      {isPaletteOpen && (
        <Suspense>
          <Palette typed={typed} onClose={closePalette} />
        </Suspense>
      )}
    </>
  )
}
