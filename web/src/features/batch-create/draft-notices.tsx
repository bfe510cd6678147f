import { Alert, Button, Group } from '@mantine/core'
import { IconHistory, IconInfoCircle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { DraftState } from './use-draft'

/** That a draft of an earlier visit is shown, and that this one cannot be kept. */
export function DraftNotices({ draft }: { readonly draft: DraftState }) {
  const { t } = useTranslation('batch-create')
  return (
    <>
      {draft.isRestored && (
        <Alert color="blue" icon={<IconHistory aria-hidden />} role="status">
          <Group justify="space-between" gap="xs">
            {t('draft.restored')}
            <Group gap="xs">
              <Button size="compact-sm" variant="default" onClick={draft.discard}>
                {t('draft.discard')}
              </Button>
              <Button size="compact-sm" variant="subtle" onClick={draft.dismissNotice}>
                {t('draft.keep')}
              </Button>
            </Group>
          </Group>
        </Alert>
      )}
      {draft.keepError && (
        <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} role="status">
          {t('draft.notKept')}
        </Alert>
      )}
    </>
  )
}
