/** A job beside the list of its batch. */

import { Drawer, Group, Text } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { ButtonLink } from '@/components/links'
import { useRow } from '@/lib/rows'
import type { JobTab } from './job-tabs'
import { JobView } from './job-view'

interface JobDrawerProps {
  readonly jobId: string | undefined
  readonly tab: JobTab | undefined
  readonly onTab: (tab: JobTab | undefined) => void
  readonly onClose: () => void
}

export const JobDrawer = memo(function JobDrawer({ jobId, tab, onTab, onClose }: JobDrawerProps) {
  const { t } = useTranslation('jobs')
  const job = useRow('jobs', jobId ?? '')
  return (
    <Drawer
      opened={jobId !== undefined}
      onClose={onClose}
      position="right"
      size="min(920px, 100%)"
      title={
        <Group gap="xs" wrap="nowrap">
          <Text fw={650} lineClamp={2} dir="auto">
            {job?.topic}
          </Text>
          {jobId && (
            <ButtonLink
              variant="subtle"
              size="compact-xs"
              to="/jobs/$jobId"
              params={{ jobId }}
              search={{ tab }}
              leftSection={<IconExternalLink size={14} aria-hidden />}
            >
              {t('fullPage')}
            </ButtonLink>
          )}
        </Group>
      }
      closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
    >
      {jobId && <JobView key={jobId} jobId={jobId} tab={tab} onTab={onTab} />}
    </Drawer>
  )
})
