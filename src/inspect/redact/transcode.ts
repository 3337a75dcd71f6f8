/**
 * UTF-16 (RFC 2781), read as UTF-8 and written as UTF-16 again. Which of its two orders is said by a mark, by its name, or, where neither
 * does, by a first character that is ASCII.
 */

import { StringDecoder } from 'node:string_decoder'

export type Order = 'le' | 'be'

export interface Transcoder {
  toUtf8(bytes: Buffer): Buffer
  toUtf16(bytes: Buffer): Buffer
}

/** @param bytes the first two. @returns null where it is not UTF-16, as far as that can be seen */
export function orderOf(bytes: Buffer, charset: string | null): Order | null {
  const [first = 1, second = 1] = bytes
  if (first === 0xff && second === 0xfe) return 'le'
  if (first === 0xfe && second === 0xff) return 'be'
  const named = /^utf-?16-?(le|be)$/i.exec(charset ?? '')?.[1]?.toLowerCase()
  if (named === 'le' || named === 'be') return named
  if (second === 0 && first !== 0) return 'le'
  return first === 0 && second !== 0 ? 'be' : null
}

export function createTranscoder(order: Order): Transcoder {
  const wide = new StringDecoder('utf16le')
  const narrow = new StringDecoder('utf8')
  let odd: Buffer = Buffer.alloc(0)
  return {
    toUtf8: (bytes) => {
      const all = Buffer.concat([odd, bytes])
      const even = all.length - (all.length % 2)
      odd = Buffer.from(all.subarray(even))
      return Buffer.from(wide.write(turn(all.subarray(0, even), order)), 'utf8')
    },
    toUtf16: (bytes) => turn(Buffer.from(narrow.write(bytes), 'utf16le'), order),
  }
}

function turn(bytes: Buffer, order: Order): Buffer {
  return order === 'le' ? bytes : Buffer.from(bytes).swap16()
}
