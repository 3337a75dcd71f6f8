/** What was typed, as a terminal in raw mode sends it. */

export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'first'
        | 'last'
        | 'page-up'
        | 'page-down'
        | 'enter'
        | 'escape'
        | 'erase'
        | 'interrupt'
    }

const SEQUENCES: Readonly<Record<string, Exclude<Key['kind'], 'text'>>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[H': 'first',
  '\u001b[1~': 'first',
  '\u001b[F': 'last',
  '\u001b[4~': 'last',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u007f': 'erase',
  '\b': 'erase',
  '\u0003': 'interrupt',
}

/** Sequences that are not known are nothing, not the letters they are made of. */
export function parseKeys(text: string): readonly Key[] {
  const keys: Key[] = []
  // A control sequence, one of three characters, a lone escape, or one character.
  const pieces = text.matchAll(/\u001b\[[0-?]*[ -/]*[@-~]|\u001bO[@-~]|\u001b|[\s\S]/gu)
  for (const [piece] of pieces) {
    const kind = SEQUENCES[piece]
    if (kind) keys.push({ kind })
    else if (!/^[\u0000-\u001f\u007f-\u009f]/.test(piece)) keys.push({ kind: 'text', text: piece })
  }
  return keys
}
