/** How categories look; a new one of the database fails to compile here. */

import { type Icon, IconArchive, IconFlask, IconHeart, IconTrendingUp, IconWorld } from '@tabler/icons-react'
import type { Category } from './library'

export const CATEGORY_LOOK: Record<Category, { color: string; icon: Icon }> = {
  high_performance: { color: 'teal.9', icon: IconTrendingUp },
  favorite: { color: 'pink.9', icon: IconHeart },
  experimental: { color: 'blue.9', icon: IconFlask },
  public: { color: 'grape.9', icon: IconWorld },
  archived: { color: 'gray', icon: IconArchive },
}
