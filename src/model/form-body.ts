/**
 * The parts of a multipart body (RFC 2046 section 5.1) without what stands between them: clients draw another boundary at each try, and
 * what they send is the same. Whatever is not exactly of the plain form has no parts here, and counts as the bytes that it is.
 */

import { type BodyView, isCoded } from './request-view.ts'

const MULTIPART =
  /^multipart\/[a-z-]{1,32}; *boundary=(?:"([ -!#-~]{0,69}[!#-~])"|([!#-+.-:<-~-]{1,70}))$/i
/** More than anybody sends. */
const MAX_PARTS = 1_000

const CR = 13
const LF = 10
const DASH = 45

/** @returns null where it is not known to be one whole form */
export function partsOf(body: BodyView): readonly Uint8Array[] | null {
  const match = MULTIPART.exec(body.contentType ?? '')
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined || !body.complete || isCoded(body)) return null
  const { bytes } = body
  const between = Uint8Array.from(`\r\n--${boundary}`, (character) => character.charCodeAt(0))
  // The first one has no line before it.
  if (!isAt(bytes, 0, between.subarray(2))) return null
  const parts: Uint8Array[] = []
  let from = between.length - 2
  while (parts.length < MAX_PARTS) {
    // What else begins with the boundary one reader takes for its end, and another for text.
    if (bytes[from] === DASH && bytes[from + 1] === DASH)
      return isOver(bytes, from + 2) ? parts : null
    if (bytes[from] !== CR || bytes[from + 1] !== LF) return null
    const to = indexOf(bytes, between, from)
    if (to === -1) return null
    parts.push(bytes.subarray(from, to))
    from = to + between.length
  }
  return null
}

function isOver(bytes: Uint8Array, at: number): boolean {
  const left = bytes.length - at
  return left === 0 || (left === 2 && bytes[at] === CR && bytes[at + 1] === LF)
}

/** @param wanted begins with CR */
function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  let at = bytes.indexOf(CR, from)
  while (at !== -1 && !isAt(bytes, at, wanted)) at = bytes.indexOf(CR, at + 1)
  return at
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  return wanted.every((byte, i) => bytes[at + i] === byte)
}
