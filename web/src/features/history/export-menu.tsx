import { Button, Menu, Text } from '@mantine/core'
import { IconDownload, IconX } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import { sayError } from '@/lib/say'
import { type ExportFormat, exportHistory } from './export'
import type { HistoryFilter } from './filter'

export function ExportMenu({ filter }: { readonly filter: HistoryFilter }) {
  const { t } = useTranslation('history')
  const [count, setCount] = useState<number>()
  const running = useRef<AbortController>(null)
  useEffect(() => () => running.current?.abort(), [])
  const start = (format: ExportFormat) => {
    const controller = new AbortController()
    running.current = controller
    setCount(0)
    exportHistory(filter, format, controller.signal, setCount)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) sayError(error)
      })
      .finally(() => setCount(undefined))
  }
  if (count !== undefined) {
    return (
      <Button
        variant="default"
        leftSection={<IconX size={16} aria-hidden />}
        onClick={() => running.current?.abort()}
      >
        <span className="figures">{t('export.running', { count, formatted: formatNumber(count) })}</span>
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
          <Menu.Item key={format} onClick={() => start(format)}>
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
