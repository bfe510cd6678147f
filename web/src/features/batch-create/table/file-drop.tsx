import { Box, Button, FileButton, Group, Text } from '@mantine/core'
import { IconFileUpload } from '@tabler/icons-react'
import { type DragEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './file-drop.module.css'

const ACCEPTED = '.csv,.tsv,.txt,.json,.jsonl,.ndjson,text/csv,application/json,text/plain'

interface FileDropProps {
  readonly isReading: boolean
  readonly onFile: (file: File) => void
  readonly children?: ReactNode
}

/** A file with topics: dropped anywhere on it, or chosen. */
export function FileDrop({ isReading, onFile, children }: FileDropProps) {
  const { t } = useTranslation('batch-create')
  const [isOver, setIsOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setIsOver(false)
    const file = event.dataTransfer.files[0]
    if (file) onFile(file)
  }
  return (
    <Box
      className={classes.drop}
      data-over={isOver || undefined}
      data-alone={children ? undefined : true}
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setIsOver(false)
      }}
      onDrop={drop}
    >
      {children}
      <Group gap="xs" mt={children ? 'xs' : 0} className={classes.choose}>
        <FileButton onChange={(file) => file && onFile(file)} accept={ACCEPTED}>
          {(props) => (
            <Button
              {...props}
              variant="default"
              size="xs"
              loading={isReading}
              leftSection={<IconFileUpload size={16} aria-hidden />}
            >
              {t('table.choose')}
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed">
          {t('table.drop')}
        </Text>
      </Group>
    </Box>
  )
}
