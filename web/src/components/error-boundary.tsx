/** A part of a page that fails by itself: the rest goes on. */

import { QueryErrorResetBoundary } from '@tanstack/react-query'
import { Component, type ReactNode } from 'react'
import { Failed } from './failed'

interface CatcherProps {
  readonly children: ReactNode
  readonly onReset: () => void
}

class Catcher extends Component<CatcherProps, { readonly error: unknown }> {
  override state = { error: undefined }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === undefined) return this.props.children
    const again = () => {
      this.props.onReset()
      this.setState({ error: undefined })
    }
    return <Failed error={error} onRetry={again} />
  }
}

export function ErrorBoundary({ children }: { readonly children: ReactNode }) {
  return (
    <QueryErrorResetBoundary>
      {({ reset }) => <Catcher onReset={reset}>{children}</Catcher>}
    </QueryErrorResetBoundary>
  )
}
