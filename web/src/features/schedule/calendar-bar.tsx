import { ActionIcon, Button, Group, NativeSelect, SegmentedControl, Text } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { View } from './calendar'

interface CalendarBarProps {
  readonly title: string
  readonly view: View
  /** Platforms whose good times are known. */
  readonly times: readonly { readonly platform: string; readonly label: string }[]
  /** Whose good times are shown; empty for none. */
  readonly platform: string
  readonly onPlatform: (platform: string) => void
  readonly onView: (view: View) => void
  readonly onToday: () => void
  readonly onStep: (by: number) => void
}

/** What the calendar shows, and how to leaf through it. */
export function CalendarBar(props: CalendarBarProps) {
  const { title, view, times, platform, onPlatform, onView, onToday, onStep } = props
  const { t } = useTranslation('schedule')
  return (
    <Group justify="space-between" gap="sm">
      <Group gap="xs">
        <Button variant="default" size="sm" onClick={onToday}>
          {t('calendar.today')}
        </Button>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={t(`calendar.before.${view}`)}
          onClick={() => onStep(-1)}
        >
          <IconChevronLeft size={18} aria-hidden className="flip-rtl" />
        </ActionIcon>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={t(`calendar.after.${view}`)}
          onClick={() => onStep(1)}
        >
          <IconChevronRight size={18} aria-hidden className="flip-rtl" />
        </ActionIcon>
        <Text fw={650} size="lg" role="status" tabIndex={-1} data-calendar-title>
          {title}
        </Text>
      </Group>
      <Group gap="xs">
        <NativeSelect
          aria-label={t('times.label')}
          data={[
            { value: '', label: t('times.none') },
            ...times.map((each) => ({
              value: each.platform,
              label: t('times.of', { platform: each.label }),
            })),
          ]}
          value={platform}
          onChange={(change) => onPlatform(change.currentTarget.value)}
        />
        <SegmentedControl
          aria-label={t('calendar.view')}
          data={(['month', 'week', 'day'] as const).map((value) => ({ value, label: t(`view.${value}`) }))}
          value={view}
          onChange={(next) => onView(next as View)}
        />
      </Group>
    </Group>
  )
}
