import { Textarea } from '@mantine/core'
import { type ClipboardEvent, type RefObject, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { RowProblem } from './topic-problems'

interface TopicTextProps {
  readonly text: string
  readonly error?: string
  readonly field: RefObject<TopicField | null>
  readonly onChange: (text: string) => void
  /** A table, or more lines than are edited well as text. */
  readonly onTable: (text: string) => void
}

/** Where problems are jumped to. */
export interface TopicField {
  jump(number: RowProblem['number']): void
}

/** Lines that are still edited well in one field. */
const MOST_LINES = 2_000

/** Topics, one a line. */
export function TopicText({ text, error, field, onChange, onTable }: TopicTextProps) {
  const { t } = useTranslation('batch-create')
  const area = useRef<HTMLTextAreaElement>(null)
  field.current = { jump: (number) => area.current && selectLine(area.current, number ?? 1) }
  const paste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData('text/plain')
    if (!isTable(pasted)) return
    event.preventDefault()
    onTable(pasted)
  }
  return (
    <Textarea
      ref={area}
      label={t('topics.label')}
      description={t('topics.hint')}
      placeholder={t('topics.example')}
      error={error}
      autosize
      minRows={7}
      maxRows={18}
      value={text}
      onPaste={paste}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** Cells of a spreadsheet are separated by tabs. */
export function isTable(text: string): boolean {
  const lines = text.split('\n')
  return (
    lines.length > MOST_LINES || (lines.length > 1 && lines.slice(0, 5).every((line) => line.includes('\t')))
  )
}

function selectLine(area: HTMLTextAreaElement, number: number): void {
  const lines = area.value.split('\n')
  const from = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0)
  area.focus()
  area.setSelectionRange(from, from + (lines[number - 1]?.length ?? 0))
  const lineHeight = Number.parseFloat(getComputedStyle(area).lineHeight)
  area.scrollTop = Math.max(0, (number - 3) * lineHeight)
}
