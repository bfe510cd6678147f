interface OneOfProps {
  readonly shown: string
  /** What it may become; they are not read to anybody. */
  readonly all: readonly string[]
}

/** A text that has room for others, so that nothing beside it moves when it changes. */
export function OneOf({ shown, all }: OneOfProps) {
  return (
    <span style={{ display: 'inline-grid', justifyItems: 'center' }}>
      {[...new Set(all)].map((text) => (
        <span key={text} style={{ gridArea: '1 / 1', visibility: text === shown ? undefined : 'hidden' }}>
          {text}
        </span>
      ))}
    </span>
  )
}
