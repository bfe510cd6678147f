import { Button, Tabs } from '@mantine/core'
import { IconCalendarPlus, IconRepeat } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { Page } from '@/components/page'
import { useIs } from '@/lib/me'
import { CalendarTab } from './calendar-tab'
import { RecurringTab } from './recurring-tab'
import { ScheduleForm } from './schedule-form'
import { schedulesQuery } from './schedules'
import type { ScheduleSearch } from './search'

const route = getRouteApi('/signed-in/schedule')

export function SchedulePage() {
  const { t } = useTranslation('schedule')
  const { tab = 'calendar', view = 'month', date, edit } = route.useSearch()
  const navigate = route.useNavigate()
  const mayChange = useIs('editor')
  const { data: schedules } = useQuery(schedulesQuery)
  const [newAt, setNewAt] = useState<Date | undefined>()
  const anchor = useMemo(() => (date ? new Date(`${date}T12:00`) : new Date()), [date])
  const change = (next: Partial<ScheduleSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true })
  const edited = schedules?.find(({ id }) => id === edit) ?? null
  const create = (at?: Date) => {
    setNewAt(at)
    change({ edit: 'new' })
  }
  return (
    <Page
      title={t('title')}
      description={t('text')}
      actions={
        mayChange && (
          <>
            <Button
              variant="default"
              leftSection={<IconRepeat size={18} aria-hidden />}
              onClick={() => create()}
            >
              {t('recurring.new')}
            </Button>
            <ButtonLink
              to="/batches/new"
              search={{ mode: 'many' }}
              leftSection={<IconCalendarPlus size={18} aria-hidden />}
            >
              {t('planBatch')}
            </ButtonLink>
          </>
        )
      }
    >
      <Tabs
        value={tab}
        onChange={(next) => change({ tab: next as ScheduleSearch['tab'] })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="calendar">{t('tab.calendar')}</Tabs.Tab>
          <Tabs.Tab value="recurring">{t('tab.recurring')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="calendar">
          <CalendarTab
            view={view}
            anchor={anchor}
            onChange={change}
            onEditSchedule={(id) => change({ edit: id })}
            onNewSchedule={create}
          />
        </Tabs.Panel>
        <Tabs.Panel value="recurring">
          <RecurringTab onNew={() => create()} onEdit={(id) => change({ edit: id })} />
        </Tabs.Panel>
      </Tabs>
      {(edit === 'new' || edited) && mayChange && (
        <ScheduleForm
          key={edited?.version}
          schedule={edited}
          at={newAt}
          onClose={() => change({ edit: undefined })}
        />
      )}
    </Page>
  )
}
