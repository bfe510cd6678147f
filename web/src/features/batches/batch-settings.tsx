/** Priority, cap, start and deadline of a batch. */

import { Button, Checkbox, Group, Modal, NumberInput, Select, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { LANES, type Lane } from '@/features/jobs/filters'
import { markFirstField } from '@/lib/first-field'
import { fromLocalTime, toLocalTime } from '@/lib/local-time'
import type { BatchRow } from '@/lib/rows'
import { useBatchCommands } from './commands'
import { hasEnded } from './eta'
import type { BatchDetail } from './queries'

interface BatchSettingsProps {
  readonly batch: BatchRow
  readonly detail: BatchDetail
}

export function BatchSettings({ batch, detail }: BatchSettingsProps) {
  const { t } = useTranslation('batches')
  const [isOpen, { open, close }] = useDisclosure()
  if (hasEnded(batch)) return null
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
        onClick={open}
      >
        {t('settings.open')}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={t('settings.title')}
        closeButtonProps={{ 'aria-label': t('actions.close', { ns: 'app' }) }}
      >
        {isOpen && <SettingsForm batch={batch} detail={detail} onClose={close} />}
      </Modal>
    </>
  )
}

function SettingsForm({ batch, detail, onClose }: BatchSettingsProps & { readonly onClose: () => void }) {
  const { t } = useTranslation('batches')
  const commands = useBatchCommands()
  const [lane, setLane] = useState<Lane | null>(null)
  const [cap, setCap] = useState<number | string>(batch.max_concurrent_tasks ?? '')
  const [startsAt, setStartsAt] = useState(toLocalTime(batch.starts_at))
  const [deadline, setDeadline] = useState(toLocalTime(batch.deadline))
  const [isCancelled, setCancelled] = useState(detail.options.on_deadline !== 'warn')
  const canStart = batch.started_at === null
  const save = (event: FormEvent) => {
    event.preventDefault()
    const wantedCap = cap === '' ? null : Number(cap)
    if (lane) void commands.setLane(batch.id, lane)
    if (wantedCap !== batch.max_concurrent_tasks) void commands.setCap(batch.id, wantedCap)
    if (canStart && startsAt !== toLocalTime(batch.starts_at)) {
      void commands.start(batch.id, fromLocalTime(startsAt))
    }
    const wasCancelled = detail.options.on_deadline !== 'warn'
    if (deadline !== toLocalTime(batch.deadline) || (deadline && isCancelled !== wasCancelled)) {
      void commands.setDeadline(batch.id, fromLocalTime(deadline), isCancelled)
    }
    onClose()
  }
  return (
    <form ref={markFirstField} onSubmit={save}>
      <Stack>
        <Select
          label={t('settings.priority')}
          description={t('settings.priorityHint')}
          placeholder={t('settings.unchanged')}
          clearable
          clearButtonProps={{ 'aria-label': t('filters.clear', { ns: 'app' }) }}
          data={LANES.map((value) => ({ value, label: t(`lane.${value}`, { ns: 'app' }) }))}
          value={lane}
          onChange={setLane}
        />
        <NumberInput
          label={t('settings.cap')}
          description={t('settings.capHint')}
          min={1}
          max={999_999}
          allowDecimal={false}
          value={cap}
          onChange={setCap}
        />
        {canStart && (
          <TextInput
            type="datetime-local"
            label={t('settings.start')}
            description={t('settings.startHint')}
            value={startsAt}
            onChange={(event) => setStartsAt(event.currentTarget.value)}
          />
        )}
        <TextInput
          type="datetime-local"
          label={t('settings.deadline')}
          value={deadline}
          onChange={(event) => setDeadline(event.currentTarget.value)}
        />
        {deadline && (
          <Checkbox
            label={t('settings.onDeadline')}
            checked={isCancelled}
            onChange={(event) => setCancelled(event.currentTarget.checked)}
          />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('actions.back', { ns: 'app' })}
          </Button>
          <Button type="submit">{t('actions.save', { ns: 'app' })}</Button>
        </Group>
      </Stack>
    </form>
  )
}
