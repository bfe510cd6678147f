/** Something with an explanation, which is shown below it: to the mouse on it, and for a press or a key until the next. */

import { UnstyledButton } from '@mantine/core'
import { type ReactNode, useId, useState } from 'react'
import classes from './hint.module.css'

interface HintProps {
  /** The explanation. */
  readonly text: string
  /** What it is, for screen readers, where that is not what is shown. */
  readonly label?: string
  readonly children: ReactNode
}

export function Hint({ text, label, children }: HintProps) {
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  return (
    <span className={classes.root} data-open={isOpen || undefined}>
      <UnstyledButton
        className={classes.button}
        aria-label={label}
        aria-expanded={isOpen}
        aria-describedby={id}
        onClick={() => setOpen(!isOpen)}
        onBlur={() => setOpen(false)}
        onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
      >
        {children}
      </UnstyledButton>
      <span id={id} className={classes.text}>
        {text}
      </span>
    </span>
  )
}
