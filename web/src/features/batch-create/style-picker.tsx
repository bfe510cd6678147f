import { AspectRatio, Center, Image, Radio, SimpleGrid, Skeleton, Text } from '@mantine/core'
import { IconWand } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Style, stillQuery, stylesQuery } from './samples'
import classes from './style-picker.module.css'

interface StylePickerProps {
  readonly value: Style | null
  /** What holds when none is chosen. */
  readonly automatic: string
  readonly onChange: (style: Style | null) => void
}

/** How videos speak and look, by a picture of each. */
export function StylePicker({ value, automatic, onChange }: StylePickerProps) {
  const { t } = useTranslation('batch-create')
  const { data } = useQuery(stylesQuery)
  return (
    <Radio.Group
      label={t('field.tone')}
      description={t('look.styles')}
      value={value ?? ''}
      onChange={(style) => onChange(style === '' ? null : (style as Style))}
    >
      <SimpleGrid cols={{ base: 2, xs: 3, lg: 6 }} spacing="xs" mt="xs">
        <Radio.Card value="" className={classes.choice} aria-label={automatic}>
          <AspectRatio ratio={16 / 9} className={classes.automatic} aria-hidden>
            <Center>
              <IconWand size={24} stroke={1.6} />
            </Center>
          </AspectRatio>
          <Text size="xs" p={6} fw={500} truncate>
            {automatic}
          </Text>
        </Radio.Card>
        {data
          ? data.map(({ style }) => <StyleChoice key={style} style={style} label={t(`tone.${style}`)} />)
          : [1, 2, 3, 4, 5].map((each) => <Skeleton key={each} h={96} />)}
      </SimpleGrid>
    </Radio.Group>
  )
}

function StyleChoice({ style, label }: { readonly style: Style; readonly label: string }) {
  const { data: picture } = useQuery(stillQuery(style))
  return (
    <Radio.Card value={style} className={classes.choice} aria-label={label}>
      <AspectRatio ratio={16 / 9}>
        {picture ? <Image src={picture} alt="" /> : <Skeleton radius={0} />}
      </AspectRatio>
      <Text size="xs" p={6} fw={500} truncate>
        {label}
      </Text>
    </Radio.Card>
  )
}
