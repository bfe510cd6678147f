import { useTranslation } from 'react-i18next'
import { usePlatformName } from '@/components/platform-names'
import type { Task } from './queries'

type Named = Pick<Task, 'stage' | 'scene_number' | 'aspect' | 'platform'>

/** What tells one task of a stage from the others: its scene, aspect or platform; empty where there is one only. */
export function useTaskName(): (task: Named) => string {
  const { t } = useTranslation('jobs')
  const platformName = usePlatformName()
  return ({ scene_number, aspect, platform }) =>
    [
      scene_number !== null && t('scene', { number: scene_number }),
      aspect,
      platform !== null && platformName(platform),
    ]
      .filter(Boolean)
      .join(' · ')
}
