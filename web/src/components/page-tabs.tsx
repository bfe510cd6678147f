/** Tabs of a page, of which one stands in the address; they scroll sideways where there is little room. */

import { Tabs } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './page-tabs.module.css'

interface PageTab<T extends string> {
  readonly value: T
  readonly label: string
  readonly icon: Icon
  readonly panel: ReactNode
}

interface PageTabsProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly tabs: readonly PageTab<T>[]
  readonly onChange: (value: T) => void
}

export function PageTabs<T extends string>({ label, value, tabs, onChange }: PageTabsProps<T>) {
  return (
    <Tabs value={value} onChange={(next) => next && onChange(next as T)} keepMounted={false}>
      <div className={classes.scroll}>
        <Tabs.List aria-label={label} style={{ flexWrap: 'nowrap' }}>
          {tabs.map((tab) => (
            <Tabs.Tab
              key={tab.value}
              value={tab.value}
              leftSection={<tab.icon size={16} aria-hidden />}
              style={{ flexShrink: 0 }}
            >
              {tab.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </div>
      {tabs.map((tab) => (
        <Tabs.Panel key={tab.value} value={tab.value}>
          {tab.panel}
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
