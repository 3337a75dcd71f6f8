/** Where a value stands in a text of JSON that is known to be one. */

export interface Range {
  readonly start: number
  readonly end: number
}

/** @param path keys and numbers of elements. @returns null when there is no such value */
export function valueRange(bytes: Buffer, path: readonly (string | number)[]): Range | null {
  let start = skipBlanks(bytes, 0)
  for (const step of path) {
    const found =
      typeof step === 'number' ? element(bytes, start, step) : member(bytes, start, step)
    if (found === null) return null
    start = found
  }
  return { start, end: skipValue(bytes, start) }
}

function element(bytes: Buffer, start: number, index: number): number | null {
  if (bytes[start] !== 0x5b) return null
  let at = skipBlanks(bytes, start + 1)
  for (let i = 0; bytes[at] !== 0x5d && at < bytes.length; i++) {
    if (i === index) return at
    at = skipBlanks(bytes, skipValue(bytes, at))
    if (bytes[at] === 0x2c) at = skipBlanks(bytes, at + 1)
  }
  return null
}

/** Of members with the same key the last one counts. */
function member(bytes: Buffer, start: number, key: string): number | null {
  if (bytes[start] !== 0x7b) return null
  let found: number | null = null
  let at = skipBlanks(bytes, start + 1)
  while (bytes[at] === 0x22) {
    const end = skipValue(bytes, at)
    const isIt = JSON.parse(bytes.toString('utf8', at, end)) === key
    at = skipBlanks(bytes, skipBlanks(bytes, end) + 1)
    if (isIt) found = at
    at = skipBlanks(bytes, skipValue(bytes, at))
    if (bytes[at] === 0x2c) at = skipBlanks(bytes, at + 1)
  }
  return found
}

function skipBlanks(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++
  return at
}

function skipValue(bytes: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      for (at++; at < bytes.length && bytes[at] !== 0x22; at++) if (bytes[at] === 0x5c) at++
      if (depth === 0) return at + 1
    } else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth <= 1) return depth === 1 ? at + 1 : at
      depth--
    } else if (depth === 0 && (byte === 0x2c || (byte as number) <= 0x20)) return at
  }
  return bytes.length
}
