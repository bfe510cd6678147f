/** Mantine's components as typed links of the router. */

import { Anchor, type AnchorProps, Button, type ButtonProps, Card, type CardProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

type OfAnchor = Omit<ComponentPropsWithRef<'a'>, 'color' | 'style'>

export const TextLink = createLink((props: AnchorProps & OfAnchor) => <Anchor {...props} />)
export const ButtonLink = createLink((props: ButtonProps & OfAnchor) => <Button component="a" {...props} />)
export const CardLink = createLink((props: CardProps & OfAnchor) => <Card component="a" {...props} />)
