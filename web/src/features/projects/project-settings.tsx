/** Priority and cap of a project. */

import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import type { ProjectRow } from '@/lib/rows'

const Dialog = lazy(() =>
  import('./project-settings-dialog').then(({ ProjectSettingsDialog: component }) => ({
    default: component,
  })),
)

export function ProjectSettings({ project }: { readonly project: ProjectRow }) {
  const { t } = useTranslation('projects')
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
        onClick={open}
      >
        {t('settings.open')}
      </Button>
      {isOpen && (
        <Suspense>
          <Dialog project={project} onClose={close} />
        </Suspense>
      )}
    </>
  )
}
