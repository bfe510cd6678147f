/** What a brand says, to be changed, beside a sketch of it. */

import { SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Brand, type BrandChange, type BrandOwner, logoQuery } from './api'
import { BrandForm } from './brand-form'
import { BrandPreview } from './brand-preview'

interface BrandEditorProps {
  readonly owner: BrandOwner
  readonly brand: Brand
  readonly isDisabled: boolean
  /** Below the sketch. */
  readonly hint: string
}

export function BrandEditor({ owner, brand, isDisabled, hint }: BrandEditorProps) {
  const [draft, setDraft] = useState<BrandChange>(changeOf(brand))
  const { data: logo } = useQuery({ ...logoQuery(owner, brand.updated_at), enabled: brand.has_logo })
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <BrandForm owner={owner} brand={brand} draft={draft} isDisabled={isDisabled} onChange={setDraft} />
      <Stack gap="xs">
        <BrandPreview brand={draft} logo={brand.has_logo ? logo : undefined} />
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      </Stack>
    </SimpleGrid>
  )
}

/** A brand as it is sent to be the same. */
export function changeOf({ colours, font, logo_corner, logo_size }: Brand): BrandChange {
  return { colours, font, logo_corner, logo_size }
}
