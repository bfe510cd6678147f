import { Button, NativeSelect, Stack, TagsInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { say, sayError } from '@/lib/say'
import {
  CATEGORIES,
  type Category,
  changeItem,
  type LibraryItem,
  tagsQuery,
  useLibraryChange,
} from './library'

/** Tags and category of a scene. */
export function ItemEdit({ item, mayChange }: { readonly item: LibraryItem; readonly mayChange: boolean }) {
  const { t } = useTranslation('library')
  const { data: known } = useQuery(tagsQuery)
  const [specific, setSpecific] = useState(item.specific_tags)
  const [generic, setGeneric] = useState(item.generic_tags)
  const [category, setCategory] = useState<Category>(item.library_category)
  const save = useLibraryChange(() =>
    changeItem(item.id, { specific_tags: specific, generic_tags: generic, library_category: category }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(undefined, { onSuccess: () => say(t('item.saved')), onError: sayError })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TagsInput
          label={t('item.specific')}
          description={t('add.tagsHint')}
          data={known ?? []}
          maxTags={50}
          readOnly={!mayChange}
          value={specific}
          onChange={setSpecific}
        />
        <TagsInput
          label={t('item.generic')}
          data={known ?? []}
          maxTags={50}
          readOnly={!mayChange}
          value={generic}
          onChange={setGeneric}
        />
        <NativeSelect
          label={t('item.category')}
          disabled={!mayChange}
          data={CATEGORIES.map((value) => ({ value, label: t(`category.${value}`) }))}
          value={category}
          onChange={(event) => setCategory(event.currentTarget.value as Category)}
        />
        {mayChange && (
          <Button type="submit" variant="default" loading={save.isPending} style={{ alignSelf: 'start' }}>
            {t('item.save')}
          </Button>
        )}
      </Stack>
    </form>
  )
}
