/** Edit or delete a project. */

import { ActionIcon, Text } from '@mantine/core'
import { IconDots, IconPencil, IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ActionMenu, type MenuAction } from '@/components/action-menu'
import { LazyConfirmDialog } from '@/components/lazy-confirm-dialog'
import type { ProjectRow } from '@/lib/rows'
import { say } from '@/lib/say'
import { LazyProjectDialog } from './lazy-project-dialog'
import { deleteProject, projectName } from './queries'

interface ProjectMenuProps {
  readonly project: ProjectRow
  readonly onDeleted?: () => void
  /** What stands above; then it is a menu for everybody. */
  readonly others?: readonly MenuAction[]
}

export function ProjectMenu({ project, onDeleted, others = [] }: ProjectMenuProps) {
  const { t } = useTranslation('projects')
  const client = useQueryClient()
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null)
  const name = projectName(project)
  const isForAll = others.length > 0
  if (!project.may_control && !isForAll) return null
  const own: MenuAction[] = [
    {
      label: t('actions.edit', { ns: 'app' }),
      icon: IconPencil,
      isApart: isForAll,
      run: () => setDialog('edit'),
    },
    {
      label: t('actions.delete', { ns: 'app' }),
      icon: IconTrash,
      isDangerous: true,
      run: () => setDialog('delete'),
    },
  ]
  return (
    <>
      <ActionMenu actions={project.may_control ? [...others, ...own] : others}>
        <ActionIcon
          variant={isForAll ? 'default' : 'subtle'}
          color="gray"
          size={isForAll ? 36 : undefined}
          aria-label={t(isForAll ? 'more' : 'menu', { name })}
        >
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </ActionMenu>
      {dialog === 'edit' && <LazyProjectDialog project={project} onClose={() => setDialog(null)} />}
      {dialog === 'delete' && (
        <LazyConfirmDialog
          title={t('delete.title', { name })}
          confirm={t('delete.confirm')}
          isDangerous
          onClose={() => setDialog(null)}
          onConfirm={async () => {
            await deleteProject(client, project.id)
            say(t('delete.done', { name }))
            onDeleted?.()
          }}
        >
          <Text>{t('delete.text')}</Text>
          <Text mt="xs" fw={600}>
            {t('delete.warning')}
          </Text>
        </LazyConfirmDialog>
      )}
    </>
  )
}
