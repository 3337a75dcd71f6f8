/** Base64 of a text where nobody says that some stands, by its beginning: of random letters and digits hardly any looks like that. */

/** Bytes of the beginning that tell. */
const SEEN = 64
/** What is shorter has nothing in it that is looked for. */
const LEAST = 12

const NONE = 255
/** Both alphabets (RFC 4648 sections 4 and 5). */
const VALUES = new Uint8Array(256).fill(NONE)
for (const letters of ['+/', '-_']) {
  const all = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${letters}`
  for (const [value, byte] of Buffer.from(all).entries()) VALUES[byte] = value
}
const PAD = 0x3d

/** @returns null when that cannot be told yet */
export function isBase64Text(bytes: Buffer, size: number, isEnd: boolean): boolean | null {
  const seen = Math.min(size, SEEN)
  let end = 0
  while (end < seen && VALUES[bytes[end] as number] !== NONE) end++
  if (end < seen && !isPadding(bytes, end, size)) return false
  if (end < SEEN && !isEnd) return null
  return end >= LEAST && saysText(bytes, end)
}

function isPadding(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 2) return false
  for (let at = start; at < end; at++) if (bytes[at] !== PAD) return false
  return true
}

/** Whether it is UTF-8 without characters that stand for nothing; the last one may be cut. */
function saysText(bytes: Buffer, end: number): boolean {
  let bits = 0
  let size = 0
  let following = 0
  for (let at = 0; at < end; at++) {
    bits = ((bits << 6) | (VALUES[bytes[at] as number] as number)) & 0xffff
    size += 6
    if (size < 8) continue
    size -= 8
    const byte = (bits >> size) & 0xff
    if (following > 0) {
      if ((byte & 0xc0) !== 0x80) return false
      following--
    } else if (byte >= 0x80) {
      following = followingBytes(byte)
      if (following === 0) return false
    } else if (byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) {
      return false
    }
  }
  return true
}

/** Of a character that begins so; 0 where none does. */
function followingBytes(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0
  return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
}
