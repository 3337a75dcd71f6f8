/** Texts through a scanner, whole or in pieces, for tests: what was found as `type: text`. */

import type { Scanner } from '../../../src/inspect/scan/scanner.ts'
import { LOOK_BEHIND, NOWHERE, openStream } from '../../../src/inspect/scan/scanner.ts'

export interface Found {
  readonly type: string
  readonly start: number
  readonly end: number
}

export function findIn(
  scanner: Scanner,
  text: string,
  name: string | null = null,
): readonly Found[] {
  const bytes = Buffer.from(text)
  const found: Found[] = []
  const context = name === null ? NOWHERE : scanner.under(name)
  scanner.scan(bytes, 0, bytes.length, context, (start, end, type) => {
    found.push({ type, start, end })
  })
  return join(found)
}

/** As `type text`, for tables. */
export function textsIn(
  scanner: Scanner,
  text: string,
  name: string | null = null,
): readonly string[] {
  const bytes = Buffer.from(text)
  return findIn(scanner, text, name).map(
    ({ type, start, end }) => `${type} ${bytes.toString('utf8', start, end)}`,
  )
}

/** The same text in pieces that end at `cuts`, with a buffer that keeps no more than it has to. */
export function findInPieces(
  scanner: Scanner,
  text: string,
  cuts: readonly number[],
  name: string | null = null,
): { found: readonly Found[]; mostHeld: number } {
  const bytes = Buffer.from(text)
  const context = name === null ? NOWHERE : scanner.under(name)
  const stream = openStream()
  const found: Found[] = []
  let mostHeld = 0
  let decided = 0
  for (const cut of [...new Set([...cuts, bytes.length])].sort((a, b) => a - b)) {
    const origin = Math.max(0, decided - LOOK_BEHIND)
    const window = Buffer.from(bytes.subarray(origin, cut))
    stream.ended = cut === bytes.length
    const before = decided
    decided =
      origin +
      scanner.scan(
        window,
        decided - origin,
        window.length,
        context,
        (start, end, type) => {
          if (origin + start < before) throw new Error('a span begins in what was decided before')
          found.push({ type, start: origin + start, end: origin + end })
        },
        stream,
      )
    mostHeld = Math.max(mostHeld, cut - decided)
  }
  if (decided !== bytes.length) throw new Error(`not all is decided: ${decided} of ${bytes.length}`)
  return { found: join(found), mostHeld }
}

/** Pieces of one find are one. */
function join(found: readonly Found[]): readonly Found[] {
  const joined: Found[] = []
  for (const each of found) {
    const last = joined.at(-1)
    if (last !== undefined && each.start < last.end) throw new Error('spans overlap')
    if (last !== undefined && last.end === each.start && last.type === each.type)
      joined[joined.length - 1] = { ...last, end: each.end }
    else joined.push(each)
  }
  return joined
}
