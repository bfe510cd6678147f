/** What a job has made, to look at and to save. */

import { ActionIcon, Card, Switch, Table, Text } from '@mantine/core'
import { IconDownload, IconFiles } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/components/empty'
import { usePlatformName } from '@/components/platform-names'
import { formatBytes, formatDuration } from '@/lib/format'
import type { Artifact, JobDetail } from './queries'
import { useSaveFile } from './use-save-file'

/** What is made on the way to a package. */
const PARTS: readonly string[] = ['narration', 'segment']

export function JobFiles({ detail }: { readonly detail: JobDetail }) {
  const { t } = useTranslation('jobs')
  const hasPackage = detail.artifacts.some(({ role }) => !PARTS.includes(role))
  const [withParts, setWithParts] = useState(!hasPackage)
  const files = detail.artifacts.filter(({ role }) => withParts || !PARTS.includes(role))
  if (detail.artifacts.length === 0) {
    return (
      <Empty icon={IconFiles} title={t('files.none')}>
        {t('files.noneNext')}
      </Empty>
    )
  }
  return (
    <>
      <Switch
        label={t('files.parts')}
        checked={withParts}
        onChange={(event) => setWithParts(event.currentTarget.checked)}
        mb="xs"
      />
      <Card padding={0}>
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6} horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('files.name')}</Table.Th>
                <Table.Th>{t('files.role')}</Table.Th>
                <Table.Th>{t('filters.platform', { ns: 'app' })}</Table.Th>
                <Table.Th ta="end">{t('files.duration')}</Table.Th>
                <Table.Th ta="end">{t('files.size')}</Table.Th>
                <Table.Th w={44}>
                  <span className="visually-hidden">{t('actions.download', { ns: 'app' })}</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {files.map((file) => (
                <FileRow key={file.content_id} file={file} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card>
    </>
  )
}

function FileRow({ file }: { readonly file: Artifact }) {
  const { t } = useTranslation('jobs')
  const platformName = usePlatformName()
  const save = useSaveFile(file)
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {file.file_name}
        </Text>
      </Table.Td>
      <Table.Td>{t(`role.${file.role}`)}</Table.Td>
      <Table.Td>{file.platform === 'universal' ? t('files.every') : platformName(file.platform)}</Table.Td>
      <Table.Td ta="end" className="figures">
        {file.duration_ms === null ? '' : formatDuration(file.duration_ms)}
      </Table.Td>
      <Table.Td ta="end" className="figures">
        {formatBytes(file.size_bytes)}
      </Table.Td>
      <Table.Td>
        <ActionIcon
          variant="subtle"
          color="gray"
          loading={save.isPending}
          aria-label={t('files.download', { name: file.file_name })}
          onClick={() => save.mutate()}
        >
          <IconDownload size={17} aria-hidden />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  )
}
