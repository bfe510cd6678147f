/** Contrast of colours by WCAG 2.2, as the API asks for it, so that it is told while choosing. */

import type { Schemas } from '@/lib/api'

export type Colours = Schemas['BrandColours']

/** Least contrast on the background. */
export const LEAST = { text: 4.5, accent: 3 } as const

/** 1 to 21. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return Math.round(((lighter + 0.05) / (darker + 0.05)) * 100) / 100
}

/** White or nearly black, whichever is read better on a colour. */
export function textOn(colour: string): string {
  return contrast('#ffffff', colour) >= contrast('#0a0a12', colour) ? '#ffffff' : '#0a0a12'
}

/** Colours that cannot be told from the background, with their contrast. */
export function faintOf(colours: Colours): Partial<Record<'text' | 'accent', number>> {
  const faint: Partial<Record<'text' | 'accent', number>> = {}
  for (const name of ['text', 'accent'] as const) {
    const found = contrast(colours[name], colours.background)
    if (found < LEAST[name]) faint[name] = found
  }
  return faint
}

/** Relative luminance of #rrggbb, 0 to 1. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((place) => {
    const part = Number.parseInt(colour.slice(place, place + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
