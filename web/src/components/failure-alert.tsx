import { Alert, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type Failure, useFailureText } from './error-texts'

interface FailureAlertProps {
  readonly failure: Failure
  readonly color?: string
}

/** What went wrong and what to do next; below it what the server said, which is more exact. */
export function FailureAlert({ failure, color = 'red' }: FailureAlertProps) {
  const { meaning, next, detail } = useFailureText()(failure)
  return (
    <Alert color={color} icon={<IconAlertTriangle aria-hidden />} title={meaning}>
      {next}
      <Text size="xs" c="dimmed" mt={6} style={{ overflowWrap: 'anywhere' }}>
        {detail && (
          <span lang="en" dir="auto">
            {detail}{' '}
          </span>
        )}
        <span className="figures">{failure.error_code}</span>
      </Text>
    </Alert>
  )
}
