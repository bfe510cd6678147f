/** Tabs of a page, of which one stands in the address; they scroll sideways where there is little room. */

import { Tabs } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import { type ReactNode, useEffect, useRef } from 'react'
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
  const list = useRef<HTMLDivElement>(null)
  // Of many tabs on a phone the chosen one is seen.
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>(`[data-tab="${value}"]`)
    const scroll = list.current?.parentElement
    if (tab && scroll) scroll.scrollLeft = tab.offsetLeft - (scroll.clientWidth - tab.offsetWidth) / 2
  }, [value])
  return (
    <Tabs value={value} onChange={(next) => next && onChange(next as T)} keepMounted={false}>
      <div className={classes.scroll}>
        <Tabs.List ref={list} aria-label={label} style={{ flexWrap: 'nowrap' }}>
          {tabs.map((tab) => (
            <Tabs.Tab
              key={tab.value}
              value={tab.value}
              data-tab={tab.value}
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
