/** Charts are large, and fetched when the first is shown. */

import { lazy } from 'react'

export const Bars = lazy(() => import('./charts').then(({ Bars: component }) => ({ default: component })))
export const Ranking = lazy(() =>
  import('./charts').then(({ Ranking: component }) => ({ default: component })),
)

/** Colours of series that stand out from cards in both themes. */
export const COLORS = {
  blue: 'var(--chart-blue)',
  teal: 'var(--chart-teal)',
  red: 'var(--chart-red)',
  gray: 'var(--chart-gray)',
  orange: 'var(--chart-orange)',
} as const
