import { Button, Loader, Menu, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { saveFile } from '@/lib/save'
import { sayError } from '@/lib/say'
import { type ExportFormat, exportHistory } from './api'
import type { HistoryFilter } from './filter'

export function ExportMenu({ filter }: { readonly filter: HistoryFilter }) {
  const { t } = useTranslation('history')
  const [running, setRunning] = useState<AbortController>()
  useEffect(() => () => running?.abort(), [running])
  const start = async (format: ExportFormat) => {
    const controller = new AbortController()
    setRunning(controller)
    try {
      const file = await exportHistory(filter, format, controller.signal)
      // The mark tells spreadsheets that it is UTF-8.
      const parts = format === 'csv' ? ['\uFEFF', file] : [file]
      saveFile(`cliprow-history-${new Date().toISOString().slice(0, 10)}.${format}`, parts, file.type)
    } catch (error) {
      if (!controller.signal.aborted) sayError(error)
    } finally {
      setRunning(undefined)
    }
  }
  if (running) {
    return (
      <Button variant="default" leftSection={<Loader size={14} />} onClick={() => running.abort()}>
        {t('export.stop')}
      </Button>
    )
  }
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          {t('export.label')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['csv', 'json'] as const).map((format) => (
          <Menu.Item key={format} onClick={() => void start(format)}>
            {t(`export.${format}`)}
            <Text size="xs" c="dimmed">
              {t(`export.${format}Hint`)}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
