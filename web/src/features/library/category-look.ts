/** How categories look; a new one of the database fails to compile here. */

import { type Icon, IconArchive, IconFlask, IconHeart, IconTrendingUp, IconWorld } from '@tabler/icons-react'
import type { Category } from './library'

export const CATEGORY_LOOK: Record<Category, { color: string; icon: Icon }> = {
  high_performance: { color: 'teal', icon: IconTrendingUp },
  favorite: { color: 'pink', icon: IconHeart },
  experimental: { color: 'blue', icon: IconFlask },
  public: { color: 'grape', icon: IconWorld },
  archived: { color: 'gray', icon: IconArchive },
}
