/** A scanner that finds marks nobody can mistake, `XX0000XX`, so that formats are tested for themselves: what is left of one is a leak. */

import type { Replace } from '../../src/inspect/redact/reader.ts'
import { type Context, NOWHERE, type Scanner } from '../../src/inspect/scan/scanner.ts'

const SIZE = 8
const X = 0x58

/** Under a name `secret` four digits that are all there is are found as well. */
export const markers: Scanner = {
  under: (name) => (name === 'secret' ? SECRET : NOWHERE),
  scan: (bytes, start, end, context, sink, stream) => {
    const isEnd = !stream || stream.ended
    if (context === SECRET && end - start <= 4) {
      if (!isEnd) return start
      const text = Buffer.from(bytes.subarray(start, end)).toString('latin1')
      if (/^\d{4}$/.test(text)) sink(start, end, 'secret', false)
      return end
    }
    for (let at = start; at < end; at++) {
      if (bytes[at] !== X) continue
      const length = markLength(bytes, at, end)
      if (length === SIZE) {
        sink(at, at + SIZE, 'mark', false)
        at += SIZE - 1
      } else if (at + length === end && !isEnd) return at
    }
    return end
  },
}

const SECRET: Context = { ...NOWHERE, keys: [1] }

/** How much of a mark is there. */
function markLength(bytes: Uint8Array, at: number, end: number): number {
  let length = 0
  for (; length < SIZE && at + length < end; length++) {
    const byte = bytes[at + length] as number
    const isDigit = byte >= 0x30 && byte <= 0x39
    if (length < 2 || length > 5 ? byte !== X : !isDigit) break
  }
  return length
}

export const label: Replace = (type, _, { kind }) =>
  Buffer.from(kind === 'number' ? '0' : `[${type}]`)
