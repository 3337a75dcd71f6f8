/** Frames of WebSocket (RFC 6455 section 5), and writing them. No extension is ever in use, so all there is are fin, opcode and mask. */

import { randomFillSync } from 'node:crypto'

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** Section 7.4.1, as far as we say them ourselves. */
export const CLOSE = {
  goingAway: 1001,
  protocolError: 1002,
  invalidData: 1007,
  policy: 1008,
  tooLarge: 1009,
  internalError: 1011,
} as const

export const MAX_CONTROL_BYTES = 125

/** Frames up to this size are put together with their header; longer payload goes out from where it lies. */
const COPY_LIMIT = 16 * 1024

/**
 * One whole frame, as pieces to be written one behind the other.
 *
 * @param isMasked whether it goes to a server (section 5.3): payload is then a copy
 */
export function toFrame(opcode: number, payload: Buffer, isMasked: boolean): readonly Buffer[] {
  const { length } = payload
  const lengthBytes = length < 126 ? 0 : length < 0x1_0000 ? 2 : 8
  const headBytes = 2 + lengthBytes + (isMasked ? 4 : 0)
  const isCopied = isMasked || length <= COPY_LIMIT
  const frame = Buffer.allocUnsafe(headBytes + (isCopied ? length : 0))
  frame[0] = 0x80 | opcode
  frame[1] = (isMasked ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  else if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  if (!isCopied) return [frame, payload]
  payload.copy(frame, headBytes)
  if (isMasked) {
    const mask = takeMask()
    mask.copy(frame, headBytes - 4)
    applyMask(frame, headBytes, frame.length, mask, 0)
  }
  return [frame]
}

/** A Close frame's payload (section 5.5.1). */
export function toClose(code: number, reason: string): Buffer {
  const text = Buffer.from(reason)
  const payload = Buffer.allocUnsafe(2 + text.length)
  payload.writeUInt16BE(code, 0)
  text.copy(payload, 2)
  return payload
}

/**
 * Masks or unmasks `bytes[start..end]` where they lie (section 5.3).
 *
 * @param offset how many bytes of the payload came before
 */
export function applyMask(
  bytes: Buffer,
  start: number,
  end: number,
  mask: Buffer,
  offset: number,
): void {
  if (end - start < WORDS_FROM) return maskBytes(bytes, start, end, mask, offset)
  // Words have to lie at multiples of four; what lies before and behind them goes byte by byte.
  const lead = -(bytes.byteOffset + start) & 3
  const from = start + lead
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + from, (end - from) >> 2)
  maskBytes(bytes, start, from, mask, offset)
  for (let i = 0; i < 4; i++) keyBytes[i] = mask[(offset + lead + i) & 3] ?? 0
  const key = keyWord[0] ?? 0
  for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ key
  maskBytes(bytes, from + words.byteLength, end, mask, offset + lead)
}

/** From this size on a view of words is worth its making: at 64 KiB it is several times as fast. */
const WORDS_FROM = 256

/** A mask as a word, in whatever order this machine has its bytes. */
const keyWord = new Int32Array(1)
const keyBytes = new Uint8Array(keyWord.buffer)

function maskBytes(bytes: Buffer, start: number, end: number, mask: Buffer, offset: number): void {
  for (let i = start, at = offset; i < end; i++, at++) {
    bytes[i] = (bytes[i] ?? 0) ^ (mask[at & 3] ?? 0)
  }
}

/** Random bytes are dear one by one; each four are used once. */
const pool = Buffer.alloc(8 * 1024)
let used = pool.length

function takeMask(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 4
  return pool.subarray(used - 4, used)
}
