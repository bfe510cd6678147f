/** The logo: stored as soon as it is chosen; where it stands is saved with the rest. */

import { Button, FileButton, Group, Select, SimpleGrid, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { say } from '@/lib/say'
import { type Brand, type BrandChange, type BrandOwner, removeLogo, sendLogo } from './api'

interface LogoFormProps {
  readonly owner: BrandOwner
  readonly brand: Brand
  readonly draft: BrandChange
  readonly isDisabled: boolean
  readonly onChange: (draft: BrandChange) => void
}

export function LogoForm({ owner, brand, draft, isDisabled, onChange }: LogoFormProps) {
  const { t } = useTranslation('settings')
  const client = useQueryClient()
  const again = async () => {
    await client.invalidateQueries({ queryKey: ['brand'] })
    say(t('saved'))
  }
  const upload = useMutation({ mutationFn: (file: File) => sendLogo(owner, file), onSuccess: again })
  const remove = useMutation({ mutationFn: () => removeLogo(owner), onSuccess: again })
  return (
    <Stack gap="xs">
      {(upload.error ?? remove.error) && <Failed error={(upload.error ?? remove.error) as Error} />}
      <Text fw={500} size="sm">
        {t('brand.logo')}
      </Text>
      <Text size="xs" c="dimmed">
        {t('brand.logoText')}
      </Text>
      {!isDisabled && (
        <Group gap="sm">
          <FileButton
            accept="image/png,image/jpeg,image/webp"
            onChange={(file) => file && upload.mutate(file)}
          >
            {(props) => (
              <Button variant="default" loading={upload.isPending} {...props}>
                {t(brand.has_logo ? 'brand.replace' : 'brand.upload')}
              </Button>
            )}
          </FileButton>
          {brand.has_logo && (
            <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              {t('brand.remove')}
            </Button>
          )}
        </Group>
      )}
      {brand.has_logo && (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select
            label={t('brand.corner')}
            disabled={isDisabled}
            allowDeselect={false}
            data={(['top_left', 'top_right'] as const).map((value) => ({
              value,
              label: t(`brand.corners.${value}`),
            }))}
            value={draft.logo_corner}
            onChange={(value) => onChange({ ...draft, logo_corner: value as BrandChange['logo_corner'] })}
          />
          <Select
            label={t('brand.size')}
            disabled={isDisabled}
            allowDeselect={false}
            data={(['small', 'medium', 'large'] as const).map((value) => ({
              value,
              label: t(`brand.sizes.${value}`),
            }))}
            value={draft.logo_size}
            onChange={(value) => onChange({ ...draft, logo_size: value as BrandChange['logo_size'] })}
          />
        </SimpleGrid>
      )}
    </Stack>
  )
}
