/** Where sign-ins elsewhere and confirmed addresses come back to. */

import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { TextLink } from '@/components/links'
import { Loading } from '@/components/loading'
import { wantedPage } from '@/lib/session'
import { takeArrival } from './arrival'
import { useLeaveWhenSignedIn } from './leave'

export function CallbackPage() {
  const { t } = useTranslation('sign-in')
  const { error } = useQuery({
    queryKey: ['arrival'],
    queryFn: () => takeArrival().then(() => true),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  useLeaveWhenSignedIn(wantedPage())
  if (!error) return <Loading />
  const back = wantedPage()
  return (
    <Stack>
      <Failed error={error} />
      <TextLink to="/sign-in" search={back === '/' ? {} : { back }} ta="center">
        {t('toSignIn')}
      </TextLink>
    </Stack>
  )
}
