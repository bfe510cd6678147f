import { Box, Checkbox, Group, SimpleGrid, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Schemas } from '@/lib/api'
import { formatDuration, formatNumber } from '@/lib/format'
import { Failed } from './failed'
import { platformsQuery } from './platform-names'

interface PlatformPickerProps {
  readonly label: string
  readonly description?: string
  readonly error?: ReactNode
  readonly value: readonly string[]
  readonly onChange: (platforms: string[]) => void
}

/** Which platforms a video is made for, each with what it asks for. */
export function PlatformPicker({ label, description, error, value, onChange }: PlatformPickerProps) {
  const { data, error: failure, refetch } = useQuery(platformsQuery)
  if (failure) return <Failed error={failure} onRetry={() => void refetch()} />
  return (
    <Checkbox.Group
      label={label}
      description={description}
      error={error}
      value={[...value]}
      onChange={onChange}
    >
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="xs" mt="xs" mb={error ? 'xs' : 0}>
        {data
          ? data
              .filter((each) => each.is_offered)
              .map((each) => <PlatformChoice key={each.platform} platform={each} />)
          : [1, 2, 3, 4, 5, 6].map((each) => <Skeleton key={each} h={58} />)}
      </SimpleGrid>
    </Checkbox.Group>
  )
}

function PlatformChoice({ platform }: { readonly platform: Schemas['Platform'] }) {
  const { t } = useTranslation()
  const { label, aspect, min_duration_ms: min, max_duration_ms: max } = platform
  const rules = t('platforms.rules', {
    aspect,
    from: formatDuration(min),
    to: formatDuration(max),
  })
  return (
    <Checkbox.Card value={platform.platform} p="xs" aria-label={`${label}, ${rules}`}>
      <Group wrap="nowrap" gap="sm">
        <Checkbox.Indicator />
        <AspectSign width={platform.width} height={platform.height} />
        <Box miw={0}>
          <Text size="sm" fw={550} lh={1.3} truncate>
            {label}
          </Text>
          <Text size="xs" c="dimmed" lh={1.3} truncate>
            {t('platforms.short', { aspect, to: limit(max) })}
          </Text>
        </Box>
      </Group>
    </Checkbox.Card>
  )
}

/** The longest a video may be, in the unit that says it shortest. */
function limit(ms: number): string {
  const [size, unit] =
    ms < 180_000 ? [1_000, 'second'] : ms <= 3_600_000 ? [60_000, 'minute'] : [3_600_000, 'hour']
  return formatNumber(ms / (size as number), { style: 'unit', unit: unit as string, unitDisplay: 'short' })
}

/** The shape of the picture, small. */
function AspectSign({ width, height }: { readonly width: number; readonly height: number }) {
  const scale = 22 / Math.max(width, height)
  return (
    <Box w={22} h={22} style={{ display: 'grid', placeItems: 'center', flexShrink: 0 }} aria-hidden>
      <Box
        w={width * scale}
        h={height * scale}
        style={{ border: '1.5px solid var(--mantine-color-dimmed)', borderRadius: 3 }}
      />
    </Box>
  )
}
