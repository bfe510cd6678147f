import { Button, Group, Select, Stack, Switch } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import { say } from '@/lib/say'
import { type Brand, type BrandChange, type BrandOwner, sendBrand } from './api'
import { PLAIN } from './brand-preview'
import { ColourFields } from './colour-fields'
import { faintOf } from './contrast'
import { LogoForm } from './logo-form'

interface BrandFormProps {
  readonly owner: BrandOwner
  readonly brand: Brand
  readonly draft: BrandChange
  readonly isDisabled: boolean
  readonly onChange: (draft: BrandChange) => void
}

export function BrandForm({ owner, brand, draft, isDisabled, onChange }: BrandFormProps) {
  const { t } = useTranslation('settings')
  const { t: tApp } = useTranslation()
  const client = useQueryClient()
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => sendBrand(owner, draft),
    onSuccess: async () => {
      // Those of projects without one of their own are the team's.
      await client.invalidateQueries({ queryKey: ['brand'] })
      say(t('saved'))
    },
  })
  const send = (event: FormEvent) => {
    event.preventDefault()
    mutate()
  }
  const isFaint = draft.colours !== null && Object.keys(faintOf(draft.colours)).length > 0
  return (
    <form onSubmit={send}>
      <Stack gap="md">
        {error && <Failed error={error} />}
        <Switch
          label={t('brand.own')}
          description={t('brand.ownText')}
          disabled={isDisabled}
          checked={draft.colours !== null}
          onChange={(event) => onChange({ ...draft, colours: event.currentTarget.checked ? PLAIN : null })}
        />
        {draft.colours && (
          <ColourFields
            colours={draft.colours}
            isDisabled={isDisabled}
            onChange={(colours) => onChange({ ...draft, colours })}
          />
        )}
        <Select
          label={t('brand.font')}
          description={t('brand.fontText')}
          disabled={isDisabled}
          data={brand.fonts}
          value={draft.font ?? brand.fonts[0] ?? null}
          allowDeselect={false}
          onChange={(font) => onChange({ ...draft, font: font === brand.fonts[0] ? null : font })}
        />
        <LogoForm owner={owner} brand={brand} draft={draft} isDisabled={isDisabled} onChange={onChange} />
        {!isDisabled && (
          <Group>
            <Button type="submit" loading={isPending} disabled={isFaint}>
              {tApp('actions.save')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
