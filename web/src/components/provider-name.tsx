import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** What people call a provider, and beside it the name that commands and the API know it by. */
export function ProviderName({ provider }: { readonly provider: string }) {
  const { t } = useTranslation()
  const name = t(`provider.${provider}`, provider)
  if (name === provider) return provider
  return (
    <>
      {name}{' '}
      <Text span size="xs" c="dimmed" fw={400}>
        {provider}
      </Text>
    </>
  )
}
