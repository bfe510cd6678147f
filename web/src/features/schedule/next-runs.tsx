import { List, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { readerLanguage } from '@/lib/format'
import { previewQuery } from './schedules'

/** When it would run, by its own clocks: what the database makes of it. */
export function NextRuns({ cron, zone }: { readonly cron: string; readonly zone: string }) {
  const { t } = useTranslation('schedule')
  const [[wantedCron, wantedZone]] = useDebouncedValue([cron, zone] as const, 400)
  const { data, error } = useQuery({ ...previewQuery(wantedCron, wantedZone), enabled: wantedCron !== '' })
  if (error) return <Failed error={error} />
  const format = timeIn(readerLanguage(), wantedZone)
  return (
    <div aria-live="polite">
      <Text size="sm" fw={500}>
        {t('form.next')}
      </Text>
      <List size="sm" c="dimmed" mih={112}>
        {data?.map((each) => (
          <List.Item key={each}>{format(each)}</List.Item>
        ))}
      </List>
    </div>
  )
}

function timeIn(language: string, timeZone: string): (iso: string) => string {
  const isKnown = Intl.supportedValuesOf('timeZone').includes(timeZone) || timeZone === 'UTC'
  const format = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(isKnown ? { timeZone } : {}),
  })
  return (iso) => format.format(new Date(iso))
}
