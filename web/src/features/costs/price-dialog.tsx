import { NumberInput, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormDialog } from '@/components/form-dialog'
import { ProviderField } from '@/components/provider-field'
import { useSetPrice } from './api'
import type { Unit } from './comparison'

const UNITS: readonly Unit[] = ['call', '1k_input_tokens', '1k_output_tokens', 'character', 'second']

interface PriceDialogProps {
  readonly currency: string
  readonly onClose: () => void
}

export function PriceDialog({ currency: usual, onClose }: PriceDialogProps) {
  const { t } = useTranslation('costs')
  const { t: tApp } = useTranslation()
  const { mutateAsync } = useSetPrice()
  const [provider, setProvider] = useState('')
  const [model, setModel] = useState('')
  const [unit, setUnit] = useState<Unit>('1k_output_tokens')
  const [amount, setAmount] = useState<number | string>('')
  const [currency, setCurrency] = useState(usual)
  return (
    <FormDialog
      title={t('prices.add')}
      submit={tApp('actions.save')}
      isDisabled={!provider || typeof amount !== 'number'}
      onClose={onClose}
      onSubmit={() =>
        mutateAsync({
          provider,
          model: model.trim(),
          unit,
          amount: Number(amount),
          currency,
        })
      }
    >
      {(errorOf) => (
        <>
          <ProviderField
            label={t('columns.provider')}
            value={provider}
            onChange={setProvider}
            error={errorOf('provider')}
          />
          <TextInput
            label={t('columns.model')}
            description={t('prices.modelText')}
            value={model}
            onChange={(event) => setModel(event.currentTarget.value)}
            error={errorOf('model')}
          />
          <Select
            label={t('columns.unit')}
            allowDeselect={false}
            data={UNITS.map((value) => ({ value, label: t(`unit.${value}`) }))}
            value={unit}
            onChange={(value) => setUnit((value ?? 'call') as Unit)}
          />
          <NumberInput
            label={t('columns.price')}
            required
            min={0}
            decimalScale={6}
            value={amount}
            onChange={setAmount}
            error={errorOf('amount')}
          />
          <TextInput
            label={t('prices.currency')}
            required
            maxLength={3}
            value={currency}
            onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
            error={errorOf('currency')}
          />
        </>
      )}
    </FormDialog>
  )
}
