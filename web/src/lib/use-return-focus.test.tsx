import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { expect, test } from 'vitest'
import { useReturnFocus } from './use-return-focus'

function Dialog({ onClose }: { readonly onClose: () => void }) {
  useReturnFocus()
  return (
    // biome-ignore lint/a11y/noAutofocus: as a dialog does.
    <button type="button" autoFocus onClick={onClose}>
      Close
    </button>
  )
}

function Opener() {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Open
      </button>
      {isOpen && <Dialog onClose={() => setOpen(false)} />}
    </>
  )
}

test('the focus returns to what opened the dialog', async () => {
  render(<Opener />)
  await userEvent.click(screen.getByText('Open'))
  await userEvent.click(screen.getByText('Close'))
  await waitFor(() => expect(screen.getByText('Open')).toHaveFocus())
})
