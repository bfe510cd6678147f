import { Alert, Button, Group } from '@mantine/core'
import { IconPlayerPause } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, call } from '@/lib/api'
import { formatTime } from '@/lib/format'
import { meQuery, useIs, useMe } from '@/lib/me'
import { sayError } from '@/lib/say'

/** Says why nothing happens while the whole team is paused. */
export function PausedNotice() {
  const { t } = useTranslation('dashboard')
  const { tenant } = useMe()
  const isAdmin = useIs('admin')
  const client = useQueryClient()
  const resume = useMutation({
    mutationFn: (id: string) =>
      call(api.POST('/tenants/{tenant_id}/resume', { params: { path: { tenant_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
    onError: sayError,
  })
  if (!tenant?.paused_at) return null
  return (
    <Alert color="yellow" icon={<IconPlayerPause aria-hidden />} title={t('paused.title')}>
      <Group justify="space-between">
        {t('paused.text', { time: formatTime(tenant.paused_at) })}
        {isAdmin && (
          <Button size="xs" loading={resume.isPending} onClick={() => resume.mutate(tenant.id)}>
            {t('paused.resume')}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
