/** Settings, Brand: how new videos of the team look. */

import { SimpleGrid, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { Section } from '@/components/section'
import { useIs } from '@/lib/me'
import { type BrandChange, type Brand as BrandRow, brandQuery, logoQuery } from './api'
import { BrandForm } from './brand-form'
import { BrandPreview } from './brand-preview'

export function Brand() {
  const { t } = useTranslation('settings')
  const { data, error, refetch } = useQuery(brandQuery)
  return (
    <Section title={t('brand.title')} description={t('brand.text')}>
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {data ? <Editor brand={data} /> : !error && <Skeleton height={360} />}
    </Section>
  )
}

function Editor({ brand }: { readonly brand: BrandRow }) {
  const { t } = useTranslation('settings')
  const isAdmin = useIs('admin')
  const [draft, setDraft] = useState<BrandChange>({
    colours: brand.colours,
    font: brand.font,
    logo_corner: brand.logo_corner,
    logo_size: brand.logo_size,
  })
  const { data: logo } = useQuery({ ...logoQuery(brand.updated_at), enabled: brand.has_logo })
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <BrandForm brand={brand} draft={draft} isDisabled={!isAdmin} onChange={setDraft} />
      <Stack gap="xs">
        <BrandPreview brand={draft} logo={brand.has_logo ? logo : undefined} />
        <Text size="xs" c="dimmed">
          {t(isAdmin ? 'brand.previewText' : 'brand.admins')}
        </Text>
      </Stack>
    </SimpleGrid>
  )
}
