import { Button, Divider, Stack } from '@mantine/core'
import {
  type Icon,
  IconBrandGithub,
  IconBrandGitlab,
  IconBrandGoogle,
  IconBrandWindows,
  IconLogin2,
} from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { sayError } from '@/lib/say'
import { providerUrl } from '@/lib/session'
import { signInOptionsQuery } from './options'

const ICONS: Record<string, Icon> = {
  github: IconBrandGithub,
  gitlab: IconBrandGitlab,
  google: IconBrandGoogle,
  azure: IconBrandWindows,
}

/** Sign-in elsewhere, with what the project has switched on, and then on to `back`. */
export function Providers({ back }: { readonly back?: string | undefined }) {
  const { t } = useTranslation('sign-in')
  const { data } = useQuery(signInOptionsQuery)
  const go = useMutation({
    mutationFn: (provider: string) => providerUrl(provider, back),
    onSuccess: (url) => location.assign(url),
    onError: sayError,
  })
  const providers = data?.providers ?? []
  if (providers.length === 0) return null
  return (
    <Stack>
      <Divider label={t('or')} />
      {providers.map((name) => {
        const IconOf = ICONS[name] ?? IconLogin2
        return (
          <Button
            key={name}
            variant="default"
            leftSection={<IconOf size={18} aria-hidden />}
            loading={go.isPending && go.variables === name}
            onClick={() => go.mutate(name)}
          >
            {t('with', { provider: name.charAt(0).toUpperCase() + name.slice(1) })}
          </Button>
        )
      })}
    </Stack>
  )
}
