/**
 * Path patterns, and what an origin may make of a path. A path is compared as it was sent and in every way an origin is
 * known to read it, so that `/v1/%66iles`, `/v1/x/../files` or `/V1/Files` cannot slip past a rule on `/v1/files`.
 * Matching never backtracks: text is searched from left to right once.
 */

import type { Parsed } from '../model/errors.ts'
import { toWire } from './pattern.ts'

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
  if (/[\\;]|\/\/|\/\.\.?(\/|$)/.test(decode(toWire(text)))) {
    return { fault: `\`${text}\` has \`//\`, \`\\\`, \`;\` or a dot segment` }
  }
  const matchesRead = compileGlob(decode(toWire(text)).toLowerCase())
  return { value: { text, matchesSent: compileGlob(text), matchesRead } }
}

/** Rounds of percent-decoding: a proxy and the origin behind it may each do one. */
const DECODINGS = 2

/** @param path as on the wire: one character per byte, without query. */
export function readPath(path: string): PathReadings {
  if (PLAIN.test(path)) return { sent: path, read: [path] }
  const read = new Set<string>()
  let text = path
  for (let round = 0; round < DECODINGS; round++) {
    const decoded = decode(text).replaceAll('\\', '/').toLowerCase()
    read.add(removeDots(decoded))
    // Servlet containers cut `;…` off every segment before they look at the dots.
    if (decoded.includes(';')) read.add(removeDots(decoded.replace(/;[^/]*/g, '')))
    if (!decoded.includes('%')) break
    text = toWire(decoded)
  }
  return { sent: toText(path), read: [...read] }
}

/** Paths that nobody reads in two ways. */
const PLAIN = /^(?:\/(?!\.\.?(?:\/|$))[a-z0-9._~!$&'()*+,=:@|-]+)+\/?$/

/** Percent-decodes once and reads the bytes as UTF-8; what is neither stays as it is or becomes U+FFFD. */
function decode(wire: string): string {
  return toText(
    wire.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  )
}

function toText(wire: string): string {
  return UTF8.decode(Uint8Array.from(wire, (character) => character.charCodeAt(0)))
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** RFC 3986 section 5.2.4, with empty segments dropped as well. A slash at the end stays. */
function removeDots(path: string): string {
  const out: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..') out.pop()
    else if (segment !== '' && segment !== '.') out.push(segment)
  }
  const isFolder = ['', '.', '..'].includes(segments.at(-1) ?? '')
  return out.length === 0 ? '/' : `/${out.join('/')}${isFolder ? '/' : ''}`
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
