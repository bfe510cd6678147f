/** Edit or delete a project. */

import { ActionIcon, Menu, Text } from '@mantine/core'
import { IconDots, IconPencil, IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '@/components/confirm-dialog'
import { useIs } from '@/lib/me'
import type { ProjectRow } from '@/lib/rows'
import { say } from '@/lib/say'
import { ProjectDialog } from './project-dialog'
import { deleteProject, projectName } from './queries'

interface ProjectMenuProps {
  readonly project: ProjectRow
  readonly onDeleted?: () => void
  /** What stands above; then it is a menu for everybody. */
  readonly children?: ReactNode
}

export function ProjectMenu({ project, onDeleted, children }: ProjectMenuProps) {
  const { t } = useTranslation('projects')
  const client = useQueryClient()
  const isEditor = useIs('editor')
  const [dialog, setDialog] = useState<'edit' | 'delete' | null>(null)
  const name = projectName(project)
  if (!isEditor && !children) return null
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant={children ? 'default' : 'subtle'}
            color="gray"
            size={children ? 36 : undefined}
            aria-label={t(children ? 'more' : 'menu', { name })}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {children}
          {isEditor && (
            <>
              {children && <Menu.Divider />}
              <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setDialog('edit')}>
                {t('actions.edit', { ns: 'app' })}
              </Menu.Item>
              <Menu.Item
                color="var(--mantine-color-error)"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => setDialog('delete')}
              >
                {t('actions.delete', { ns: 'app' })}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {dialog === 'edit' && <ProjectDialog project={project} onClose={() => setDialog(null)} />}
      {dialog === 'delete' && (
        <ConfirmDialog
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
        </ConfirmDialog>
      )}
    </>
  )
}
