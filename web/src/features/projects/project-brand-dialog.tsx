/** The brand of a project: its own, or that of the team. */

import { Button, Group, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Failed } from '@/components/failed'
import {
  logoQuery,
  type ProjectBrand,
  projectBrandQuery,
  removeBrand,
  sendBrand,
} from '@/features/settings/brand/api'
import { BrandEditor, changeOf } from '@/features/settings/brand/brand-editor'
import { BrandPreview } from '@/features/settings/brand/brand-preview'
import type { ProjectRow } from '@/lib/rows'
import { say } from '@/lib/say'
import { useReturnFocus } from '@/lib/use-return-focus'
import { projectName } from './queries'

interface ProjectBrandDialogProps {
  readonly project: ProjectRow
  readonly mayChange: boolean
  readonly onClose: () => void
}

export function ProjectBrandDialog({ project, mayChange, onClose }: ProjectBrandDialogProps) {
  const { t } = useTranslation('projects')
  const { data, error, refetch } = useQuery(projectBrandQuery(project.id))
  useReturnFocus()
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t('brand.title', { name: projectName(project) })}
      closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
    >
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      {data ? (
        <Choice projectId={project.id} brand={data} mayChange={mayChange} />
      ) : (
        !error && <Skeleton height={360} />
      )}
    </Modal>
  )
}

interface ChoiceProps {
  readonly projectId: string
  readonly brand: ProjectBrand
  readonly mayChange: boolean
}

function Choice({ projectId, brand, mayChange }: ChoiceProps) {
  const { t } = useTranslation('projects')
  const { t: settings } = useTranslation('settings')
  const client = useQueryClient()
  const { is_own: isOwn } = brand
  const { data: logo } = useQuery({
    ...logoQuery(projectId, brand.updated_at),
    enabled: brand.has_logo && !isOwn,
  })
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      if (isOwn) await removeBrand(projectId)
      else await sendBrand(projectId, changeOf(brand))
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['brand', projectId] })
      say(t(isOwn ? 'brand.reset' : 'brand.begun'))
    },
  })
  return (
    <Stack gap="md">
      {error && <Failed error={error} />}
      <Group justify="space-between" gap="sm" align="flex-start">
        <Text size="sm" c="dimmed" maw={520}>
          {t(isOwn ? 'brand.own' : 'brand.team')}
        </Text>
        {mayChange && (
          <Button variant="default" loading={isPending} onClick={() => mutate()}>
            {t(isOwn ? 'brand.takeTeams' : 'brand.begin')}
          </Button>
        )}
      </Group>
      {isOwn ? (
        <BrandEditor
          owner={projectId}
          brand={brand}
          isDisabled={!mayChange}
          hint={settings('brand.previewText')}
        />
      ) : (
        <BrandPreview brand={changeOf(brand)} logo={logo} />
      )}
    </Stack>
  )
}
