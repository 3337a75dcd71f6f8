/**
 * Path patterns, and what an origin may make of a path. A path is compared as it was sent and in every way an origin is
 * known to read it, so that `/v1/%66iles`, `/v1/x/../files` or `/V1/Files` cannot slip past a rule on `/v1/files`.
 * Matching never backtracks: text is searched from left to right once.
 */

import type { Parsed } from '../model/errors.ts'

/** A path (RFC 3986 section 3.3) in all the ways it may be understood. */
export interface PathReadings {
  /** As sent, its bytes read as UTF-8. */
  readonly sent: string
  /** As origins may read it: distinct, decoded, without dot segments, in lower case. Never empty. */
  readonly read: readonly string[]
}

export interface PathPattern {
  /** As written. */
  readonly text: string
  /** Whether it matches the path as sent. */
  matchesSent(sent: string): boolean
  /** Whether it matches one way of reading the path. */
  matchesRead(read: string): boolean
}

/** In a pattern `*` stands for any run of characters, `/` included; nothing else is special. */
export function compilePathPattern(text: string): Parsed<PathPattern> {
  if (!/^[/*]/.test(text)) return { fault: `\`${text}\` begins neither with / nor with *` }
  if (/[?#]/.test(text)) return { fault: `\`${text}\`: a path ends before \`?\` and \`#\`` }
  // The readings of a path have none of these, so the pattern would be easy to slip past.
  const decoded = toText(percentDecode(new TextEncoder().encode(text)))
  if (/[\\;]|\/\/|\/\.\.?(\/|$)/.test(decoded)) {
    return { fault: `\`${text}\` has \`//\`, \`\\\`, \`;\` or a dot segment` }
  }
  const matches = compileGlob(decoded.toLowerCase())
  // Many origins serve `/v1/files/` as `/v1/files`.
  const matchesRead = (read: string) =>
    matches(read) || (read.endsWith('/') && matches(read.slice(0, -1)))
  return { value: { text, matchesSent: compileGlob(text), matchesRead } }
}

/** Rounds of percent-decoding: a proxy and the origin behind it may each do one. */
const DECODINGS = 2

/** @param path as on the wire: one character per byte, without query. */
export function readPath(path: string): PathReadings {
  if (!UNUSUAL.test(path)) return { sent: path, read: [path] }
  const read = new Set<string>()
  const sent = Uint8Array.from({ length: path.length }, (_, i) => path.charCodeAt(i))
  let bytes = sent
  for (let round = 0; round < DECODINGS; round++) {
    bytes = percentDecode(bytes)
    const text = toText(bytes).replaceAll('\\', '/').toLowerCase()
    addReadings(text, read)
    // Servlet containers cut `;…` off every segment before they look at the dots.
    if (text.includes(';')) addReadings(text.replace(/;[^/]*/g, ''), read)
    if (!text.includes('%')) break
  }
  return { sent: toText(sent), read: [...read] }
}

/** What makes a path one that can be read in more than one way. */
const UNUSUAL = /[^!-~]|[%\\;A-Z]|\/\/|\/\.\.?(?:\/|$)/

/** Some merge `//` before they look at the dots, some take the empty segment for one that `..` removes. */
function addReadings(path: string, to: Set<string>): void {
  to.add(removeDots(path))
  if (path.includes('//')) to.add(removeDots(path.replace(/\/{2,}/g, '/')))
}

/** RFC 3986 section 2.1, once; a `%` without two hex digits stays as it is. */
function percentDecode(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    const high = byte === PERCENT ? hexValue(bytes[i + 1]) : -1
    const low = high < 0 ? -1 : hexValue(bytes[i + 2])
    if (low >= 0) i += 2
    out[length++] = low < 0 ? byte : high * 16 + low
  }
  return out.subarray(0, length)
}

const PERCENT = 0x25

/** -1 for what is no hex digit. */
function hexValue(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** What is not UTF-8 becomes U+FFFD. */
function toText(bytes: Uint8Array): string {
  return UTF8.decode(bytes)
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** RFC 3986 section 5.2.4; empty segments are dropped in the end, a slash at the end stays. */
function removeDots(path: string): string {
  const segments = path.replace(/^\//, '').split('/')
  const out: string[] = []
  for (const segment of segments) {
    if (segment === '..') out.pop()
    else if (segment !== '.') out.push(segment)
  }
  const kept = out.filter((segment) => segment !== '')
  const isFolder = ['', '.', '..'].includes(segments.at(-1) ?? '')
  return `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}`
}

/** The pieces between the stars have to follow each other; the first place where each fits is always good enough. */
function compileGlob(glob: string): (text: string) => boolean {
  const [first = '', ...rest] = glob.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text === first
  const middle = rest.filter((piece) => piece !== '')
  return (text) => {
    const end = text.length - last.length
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const piece of middle) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= end
  }
}
