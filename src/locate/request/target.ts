/**
 * A request target (RFC 9112 section 3.2.1) taken apart for looking up names in it. A path that origins are known to read in
 * more than one way (dot segments, broken or double encoding, backslashes) is not repaired: it has no segments,
 * and whoever needed one has to assume the widest.
 */

export interface Target {
  /** Decoded; an encoded `/` separates too, empty ones are left out. Null when the path can be read in more than one way. */
  readonly segments: readonly string[] | null
  /** Decoded, in order and with repetitions. Null when it is not well-formed. */
  readonly query: readonly Pair[] | null
}

export type Pair = readonly [name: string, value: string]

const MAX_TARGET = 16_384
const MAX_PAIRS = 1_000

export function parseTarget(target: string): Target {
  if (target.length > MAX_TARGET) return { segments: null, query: null }
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  return {
    segments: parsePath(path),
    query: mark < 0 ? [] : parsePairs(target.slice(mark + 1)),
  }
}

/** `a=b&c=d`, as in queries and application/x-www-form-urlencoded. */
export function parsePairs(text: string): readonly Pair[] | null {
  if (text === '') return []
  const parts = text.split('&', MAX_PAIRS + 1)
  if (parts.length > MAX_PAIRS) return null
  const pairs: Pair[] = []
  for (const part of parts) {
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : decode(part.slice(equals + 1))
    if (name === null || value === null) return null
    pairs.push([name, value])
  }
  return pairs
}

/** All values of a name, in whatever case it is written; the name is given in lower case. */
export function valuesOf(pairs: readonly Pair[] | null, name: string): readonly string[] {
  return (pairs ?? []).filter((pair) => pair[0].toLowerCase() === name).map((pair) => pair[1])
}

function parsePath(path: string): readonly string[] | null {
  const decoded = path.includes('%') ? percentDecode(path) : path
  if (decoded === null || /[%\\;\u0000-\u001f\u007f]/.test(decoded)) return null
  const segments = decoded.split('/').filter((segment) => segment !== '')
  return segments.some((segment) => segment === '.' || segment === '..') ? null : segments
}

function decode(text: string): string | null {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

/** RFC 3986 section 2.1; null when a `%` begins nothing or the bytes are not UTF-8. */
function percentDecode(text: string): string | null {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
