/** Beside the video of a platform: what its package holds, to be saved. */

import { Button, Card, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '@/lib/format'
import type { Artifact, JobDetail } from './queries'
import { useSaveFile } from './use-save-file'

interface PreviewFilesProps {
  readonly detail: JobDetail
  readonly platform: string
}

export function PreviewFiles({ detail, platform }: PreviewFilesProps) {
  const { t } = useTranslation('jobs')
  const files = detail.artifacts.filter((each) => each.platform === platform && each.role !== 'segment')
  return (
    <Card component="section" aria-label={t('preview.files')}>
      {detail.title && (
        <Text fw={650} mb={4} dir="auto" ta="start">
          {detail.title}
        </Text>
      )}
      <Text size="sm" c="dimmed" mb="xs">
        {t('preview.files')}
      </Text>
      <Stack gap={6}>
        {files.map((file) => (
          <FileButton key={file.content_id} file={file} />
        ))}
      </Stack>
    </Card>
  )
}

function FileButton({ file }: { readonly file: Artifact }) {
  const { t } = useTranslation('jobs')
  const save = useSaveFile(file)
  return (
    <Button
      variant={file.role === 'video' ? 'light' : 'default'}
      justify="space-between"
      fullWidth
      loading={save.isPending}
      leftSection={<IconDownload size={16} aria-hidden />}
      rightSection={
        <Text span size="xs" fw={400} className="figures">
          {formatBytes(file.size_bytes)}
        </Text>
      }
      styles={{ label: { flex: 1 } }}
      title={file.file_name}
      onClick={() => save.mutate()}
    >
      {t(`role.${file.role}`)}
    </Button>
  )
}
