import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconArchive,
  IconArchiveOff,
  IconMovie,
  IconTrash,
  IconWorld,
  IconWorldOff,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { ButtonLink } from '@/components/links'
import { say, sayError } from '@/lib/say'
import { changeItem, type LibraryItem, removeItem, shareItem, useLibraryChange } from './library'

interface ItemActionsProps {
  readonly item: LibraryItem
  readonly mayChange: boolean
  readonly onGone: () => void
}

export function ItemActions({ item, mayChange, onGone }: ItemActionsProps) {
  const { t } = useTranslation('library')
  const [isAsking, asking] = useDisclosure()
  const isPublic = item.library_category === 'public'
  const isArchived = item.library_category === 'archived'
  const archive = useLibraryChange(() =>
    changeItem(item.id, { library_category: isArchived ? 'experimental' : 'archived' }),
  )
  const share = useLibraryChange(() => shareItem(item.id, !isPublic))
  const remove = useLibraryChange(() => removeItem(item.id))
  if (!mayChange) return null
  return (
    <>
      <ButtonLink
        size="xs"
        to="/batches/new"
        search={{ mode: 'many', items: item.id }}
        leftSection={<IconMovie size={16} aria-hidden />}
      >
        {t('item.use')}
      </ButtonLink>
      {item.is_own && (
        <>
          <Button
            size="xs"
            variant="default"
            loading={archive.isPending}
            leftSection={
              isArchived ? <IconArchiveOff size={16} aria-hidden /> : <IconArchive size={16} aria-hidden />
            }
            onClick={() =>
              archive.mutate(undefined, {
                onSuccess: () => say(isArchived ? t('item.saved') : t('item.archived')),
                onError: sayError,
              })
            }
          >
            {isArchived ? t('item.unarchive') : t('item.archive')}
          </Button>
          <Button
            size="xs"
            variant="default"
            loading={share.isPending}
            title={t('item.shareHint')}
            leftSection={
              isPublic ? <IconWorldOff size={16} aria-hidden /> : <IconWorld size={16} aria-hidden />
            }
            onClick={() =>
              share.mutate(undefined, { onSuccess: () => say(t('item.saved')), onError: sayError })
            }
          >
            {isPublic ? t('item.unshare') : t('item.share')}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={asking.open}
          >
            {t('item.remove')}
          </Button>
        </>
      )}
      {isAsking && (
        <ConfirmDialog
          title={t('item.remove')}
          confirm={t('item.remove')}
          isDangerous
          onClose={asking.close}
          onConfirm={async () => {
            await remove.mutateAsync(undefined)
            onGone()
            say(t('item.removed'))
          }}
        >
          {t('item.removeQuestion')}
        </ConfirmDialog>
      )}
    </>
  )
}
