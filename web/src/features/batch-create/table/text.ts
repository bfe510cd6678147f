/** Bytes of a file as text. */

export class NotText extends Error {
  override readonly name = 'NotText'
}

const MARKS: readonly [string, readonly number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

export interface DecodedText {
  readonly text: string
  /** The encoding it was taken for. */
  readonly encoding: string
  /** Whether that is a guess that somebody should look at. */
  readonly isGuess: boolean
}

/** Throws NotText for a spreadsheet or an archive. */
export function decodeText(bytes: Uint8Array<ArrayBuffer>): DecodedText {
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04]) || startsWith(bytes, [0xd0, 0xcf, 0x11, 0xe0])) {
    throw new NotText('spreadsheet')
  }
  const marked = MARKS.find(([, mark]) => startsWith(bytes, mark))?.[0]
  // Latin text in UTF-16 has a zero in every other byte.
  const zeros = marked ? 0 : bytes.subarray(0, 4_000).filter((byte) => byte === 0).length
  const bare =
    zeros > Math.min(bytes.length, 4_000) / 4 ? (bytes[0] === 0 ? 'utf-16be' : 'utf-16le') : 'utf-8'
  const encoding = marked ?? bare
  try {
    // The decoder drops a byte order mark itself.
    return {
      text: new TextDecoder(encoding, { fatal: true }).decode(bytes),
      encoding,
      isGuess: !marked && bare !== 'utf-8',
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252', isGuess: true }
  }
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte)
}
