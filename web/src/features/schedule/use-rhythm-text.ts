import { useTranslation } from 'react-i18next'
import { readerLanguage } from '@/lib/format'
import type { Rhythm } from './cron'

/** How often, in words. */
export function useRhythmText(): (rhythm: Rhythm) => string {
  const { t } = useTranslation('schedule')
  const weekday = new Intl.DateTimeFormat(readerLanguage(), { weekday: 'short' })
  const list = new Intl.ListFormat(readerLanguage())
  return (rhythm) => {
    if (rhythm.kind === 'custom') return rhythm.cron
    if (rhythm.kind === 'hourly') return t('words.hourly', { minute: rhythm.minute })
    if (rhythm.kind === 'daily') return t('words.daily', { time: rhythm.time })
    if (rhythm.kind === 'monthly') return t('words.monthly', { day: rhythm.day, time: rhythm.time })
    // The first of January 2024 was a Monday.
    const days = list.format(rhythm.weekdays.map((day) => weekday.format(new Date(2024, 0, day))))
    return t('words.weekly', { days, time: rhythm.time })
  }
}
