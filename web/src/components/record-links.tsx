/** Links to what is shown on pages of its own. */

import type { AnchorProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { TextLink } from './links'

interface RecordLinkProps extends AnchorProps {
  readonly id: string
  readonly children: ReactNode
}

export function ProjectLink({ id, ...rest }: RecordLinkProps) {
  return <TextLink {...rest} to="/projects/$projectId" params={{ projectId: id }} />
}

export function BatchLink({ id, ...rest }: RecordLinkProps) {
  return <TextLink {...rest} to="/batches/$batchId" params={{ batchId: id }} />
}

/** A job opens in its batch. */
export function JobLink({ id, batchId, ...rest }: RecordLinkProps & { readonly batchId: string }) {
  return <TextLink {...rest} to="/batches/$batchId" params={{ batchId }} search={{ job: id }} />
}
