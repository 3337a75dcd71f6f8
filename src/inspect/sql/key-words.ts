/** Words as they are compared. The same ones come again and again: each is made a text of once. */

/** Longer ones are no key words. */
const MAX_SIZE = 24
const ASCII_WORD = /^[a-z_]+$/
const SLOTS = 1024

interface Slot {
  readonly bytes: Buffer
  readonly word: string
}

/** One for each hash: the last one stays. */
const slots = new Array<Slot | null>(SLOTS).fill(null)

/** @returns a word in lower case; empty for what is no key word */
export function keyWordAt(bytes: Buffer, start: number, end: number): string {
  const size = end - start
  if (size > MAX_SIZE) return ''
  let hash = size
  for (let at = start; at < end; at++) hash = (hash * 31 + (bytes[at] as number)) | 0
  const index = hash & (SLOTS - 1)
  const slot = slots[index] as Slot | null
  if (slot !== null && isAt(slot.bytes, bytes, start, size)) return slot.word
  const text = bytes.toString('latin1', start, end).toLowerCase()
  const word = ASCII_WORD.test(text) ? text : ''
  slots[index] = { bytes: Buffer.from(bytes.subarray(start, end)), word }
  return word
}

function isAt(word: Buffer, bytes: Buffer, start: number, size: number): boolean {
  if (word.length !== size) return false
  for (let i = 0; i < size; i++) if (word[i] !== bytes[start + i]) return false
  return true
}
