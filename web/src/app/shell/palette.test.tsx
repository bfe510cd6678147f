import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { fireEvent, render, screen } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { Palette } from './palette'

const push = vi.hoisted(() => vi.fn())
vi.mock('@tanstack/react-router', () => ({ useRouter: () => ({ history: { push } }) }))
vi.mock('@/lib/me', () => ({ useMe: () => ({ role: 'owner' }) }))

window.matchMedia = (() => ({ matches: false, addEventListener() {}, removeEventListener() {} })) as never
Element.prototype.scrollIntoView = () => undefined

function open(onClose: () => void, typed = ''): HTMLElement {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <Palette typed={{ current: typed }} onClose={onClose} />
      </MantineProvider>
    </QueryClientProvider>,
  )
  return screen.getByRole('textbox')
}

test('the first is chosen before anything is typed, and Enter goes to the first that is found', () => {
  const field = open(() => undefined)
  expect(screen.getAllByRole('option')[0]).toHaveAttribute('data-combobox-selected')
  fireEvent.change(field, { target: { value: 'a' } })
  fireEvent.keyDown(field, { key: 'Enter', code: 'Enter' })
  expect(push).toHaveBeenCalledOnce()
})

test('Escape closes it', () => {
  const onClose = vi.fn()
  fireEvent.keyDown(open(onClose), { key: 'Escape', code: 'Escape' })
  expect(onClose).toHaveBeenCalledOnce()
})

test('it has the focus at once, and begins with what was typed before it was there', () => {
  const field = open(() => undefined, 'sett')
  expect(field).toHaveFocus()
  expect(field).toHaveValue('sett')
  expect(screen.getByRole('option')).toHaveTextContent('nav.settings')
})
