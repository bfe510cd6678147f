/** Settings, Brand: how new videos of the team look. */

import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Section } from '@/components/section'
import { useIs } from '@/lib/me'
import { brandQuery } from './api'
import { BrandEditor } from './brand-editor'

export function Brand() {
  const { t } = useTranslation('settings')
  const isAdmin = useIs('admin')
  const { data, error, refetch } = useQuery(brandQuery)
  return (
    <Section title={t('brand.title')} description={t('brand.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {data ? (
        <BrandEditor
          owner={null}
          brand={data}
          isDisabled={!isAdmin}
          hint={t(isAdmin ? 'brand.previewText' : 'brand.admins')}
        />
      ) : (
        !error && <Skeleton height={360} />
      )}
    </Section>
  )
}
