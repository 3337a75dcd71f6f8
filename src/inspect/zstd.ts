/** Where a frame of Zstandard ends (RFC 8878 section 3.1.1): readers differ in what they do with more of them. */

const MAGIC = 0xfd2fb528
/** By the two bits that say so: of the dictionary's id, and of the content's size. */
const DICTIONARY_BYTES = [0, 1, 2, 4]
const SIZE_BYTES = [0, 2, 4, 8]
const BLOCK = { rle: 1, reserved: 3 } as const

/** @returns the end of the first frame, or null when it is not all there, or none */
export function endOfZstdFrame(bytes: Buffer): number | null {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== MAGIC) return null
  const descriptor = bytes[4] ?? 0
  const isSingle = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 && isSingle ? 1 : (SIZE_BYTES[sizeFlag] ?? 0)
  let at = 5 + (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + sizeBytes
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.length) return null
    const header = bytes.readUIntLE(at, 3)
    const type = (header >> 1) & 3
    if (type === BLOCK.reserved) return null
    isLast = (header & 1) !== 0
    at += 3 + (type === BLOCK.rle ? 1 : header >> 3)
  }
  const end = at + (descriptor & 0x04 ? 4 : 0)
  return end <= bytes.length ? end : null
}
