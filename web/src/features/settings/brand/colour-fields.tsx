import { SimpleGrid, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatNumber } from '@/lib/format'
import { type Colours, faintOf, LEAST } from './contrast'

interface ColourFieldsProps {
  readonly colours: Colours
  readonly isDisabled: boolean
  readonly onChange: (colours: Colours) => void
}

/** Three colours, with a word where one cannot be told from the background. */
export function ColourFields({ colours, isDisabled, onChange }: ColourFieldsProps) {
  const { t } = useTranslation('settings')
  const faint = faintOf(colours)
  const said = (name: 'text' | 'accent') =>
    faint[name] === undefined
      ? undefined
      : t('brand.faint', { found: formatNumber(faint[name]), least: formatNumber(LEAST[name]) })
  return (
    <SimpleGrid cols={{ base: 1, xs: 3 }}>
      {(['background', 'text', 'accent'] as const).map((name) => (
        <TextInput
          key={name}
          type="color"
          label={t(`brand.colour.${name}`)}
          description={colours[name]}
          disabled={isDisabled}
          value={colours[name]}
          onChange={(event) => onChange({ ...colours, [name]: event.currentTarget.value })}
          error={name === 'background' ? undefined : said(name)}
        />
      ))}
    </SimpleGrid>
  )
}
