/** The charts themselves, in a chunk of their own. Series differ by colour, by hatching, and by labels. */

import { Box, Group, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import {
  Bar,
  BarChart,
  CartesianGrid,
  Cell,
  LabelList,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts'

export interface Series {
  /** Which field of the rows. */
  readonly key: string
  readonly name: string
  readonly color: string
  /** How bars are filled beside the colour. */
  readonly pattern?: 'stripes' | 'dots'
}

interface ChartProps {
  readonly rows: readonly object[]
  /** Field of the names along the axis. */
  readonly x: string
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  /** They are counted: the axis has no halves. */
  readonly isWhole?: boolean
}

const TEXT = { fill: 'var(--mantine-color-dimmed)', fontSize: 12 }
const TIP = {
  background: 'var(--cliprow-surface)',
  border: '1px solid var(--mantine-color-default-border)',
  borderRadius: 8,
  color: 'var(--mantine-color-text)',
}
const GRID = 'var(--mantine-color-default-border)'

/** Names beside bars; the table has them in full. */
const shorten = (name: string) => (name.length > 18 ? `${name.slice(0, 17)}…` : name)

const fillOf = ({ key, pattern, color }: Series) => (pattern ? `url(#pattern-${key})` : color)

function Patterns({ series }: { readonly series: readonly Series[] }) {
  return (
    <defs>
      {series.map(({ key, pattern, color }) =>
        pattern ? (
          <pattern
            key={key}
            id={`pattern-${key}`}
            width={6}
            height={6}
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width={6} height={6} fill={color} opacity={0.35} />
            {pattern === 'stripes' ? (
              <rect width={3} height={6} fill={color} />
            ) : (
              <circle cx={3} cy={3} r={1.6} fill={color} />
            )}
          </pattern>
        ) : null,
      )}
    </defs>
  )
}

/** A chart that fills its place, and below it what its series are called, where there are several. */
function WithLegend({
  series,
  children,
}: {
  readonly series: readonly Series[]
  readonly children: ReactNode
}) {
  if (series.length < 2) return <ResponsiveContainer>{children}</ResponsiveContainer>
  return (
    <Stack h="100%" gap={4}>
      <Box flex={1} mih={0}>
        <ResponsiveContainer>{children}</ResponsiveContainer>
      </Box>
      <Group justify="center" gap="md" fz="xs">
        {series.map((each) => (
          <Group key={each.key} gap={6}>
            <svg width={14} height={10} aria-hidden="true">
              <Patterns series={[{ ...each, key: `legend-${each.key}` }]} />
              <rect
                width={14}
                height={10}
                rx={2}
                fill={fillOf({ ...each, key: `legend-${each.key}` })}
                stroke={each.color}
              />
            </svg>
            {each.name}
          </Group>
        ))}
      </Group>
    </Stack>
  )
}

/** Bars side by side, or one upon the other. */
export function Bars(props: ChartProps & { readonly isStacked?: boolean }) {
  const { rows, x, series, format, isWhole, isStacked } = props
  return (
    <WithLegend series={series}>
      <BarChart
        accessibilityLayer={false}
        data={[...rows]}
        margin={{ top: 32, right: 8, left: 0, bottom: 0 }}
      >
        <Patterns series={series} />
        <CartesianGrid stroke={GRID} vertical={false} />
        <XAxis dataKey={x} tick={TEXT} stroke={GRID} minTickGap={16} />
        <YAxis tick={TEXT} stroke={GRID} tickFormatter={format} allowDecimals={!isWhole} width={64} />
        <Tooltip
          contentStyle={TIP}
          cursor={{ fill: GRID, opacity: 0.35 }}
          formatter={(value) => format(Number(value))}
        />
        {series.map((each) => (
          <Bar
            key={each.key}
            dataKey={each.key}
            name={each.name}
            fill={fillOf(each)}
            stroke={each.color}
            stackId={isStacked ? 'all' : undefined}
            maxBarSize={48}
            isAnimationActive={false}
          >
            {!isStacked && rows.length <= 8 && (
              <LabelList
                dataKey={each.key}
                position="top"
                style={{ fill: 'var(--mantine-color-text)', fontSize: 11 }}
                formatter={(value) => (value == null ? '' : format(Number(value)))}
              />
            )}
          </Bar>
        ))}
      </BarChart>
    </WithLegend>
  )
}

/** Bars from the start of the line, each with its value, for names that are long. */
export function Ranking({ rows, x, series, format }: ChartProps) {
  const [one] = series
  if (!one) return null
  return (
    <ResponsiveContainer>
      <BarChart
        accessibilityLayer={false}
        data={[...rows]}
        layout="vertical"
        margin={{ top: 0, right: 48, left: 0, bottom: 0 }}
      >
        <XAxis type="number" hide />
        <YAxis type="category" dataKey={x} tick={TEXT} tickFormatter={shorten} stroke={GRID} width={160} />
        <Tooltip
          contentStyle={TIP}
          cursor={{ fill: GRID, opacity: 0.35 }}
          formatter={(value) => format(Number(value))}
        />
        <Bar dataKey={one.key} name={one.name} maxBarSize={26} isAnimationActive={false}>
          {rows.map((row) => {
            const { color } = row as { color?: string }
            return <Cell key={JSON.stringify(row)} fill={color ?? one.color} />
          })}
          <LabelList
            dataKey={one.key}
            position="right"
            style={{ fill: 'var(--mantine-color-text)', fontSize: 12 }}
            formatter={(value) => format(Number(value))}
          />
        </Bar>
      </BarChart>
    </ResponsiveContainer>
  )
}
