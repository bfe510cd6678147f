/** What the forms before the sign-in have in common: a title, what went wrong, fields, one button. */

import { Button, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { Failed } from '@/components/failed'

interface SignInFormProps {
  readonly title: string
  readonly text?: ReactNode
  readonly submit: string
  readonly children?: ReactNode
  /** Below the button. */
  readonly below?: ReactNode
  readonly onSubmit: () => Promise<void>
}

export function SignInForm({ title, text, submit, children, below, onSubmit }: SignInFormProps) {
  useDocumentTitle(`${title} · Cliprow`)
  const { mutate, error, isPending } = useMutation({ mutationFn: onSubmit })
  const alert = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (error) alert.current?.focus()
  }, [error])
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (!isPending) mutate()
  }
  return (
    <form onSubmit={send}>
      <Stack>
        <Title order={1} size="h3">
          {title}
        </Title>
        {text && <Text c="dimmed">{text}</Text>}
        {error && <Failed error={error} ref={alert} />}
        {children}
        <Button type="submit" loading={isPending} fullWidth>
          {submit}
        </Button>
        {below}
      </Stack>
    </form>
  )
}
