/** Keys in which nothing was found, so that each is read and looked at once, not for every object that has it. */

import type { Context } from '../scan/scanner.ts'

export interface KnownKey {
  readonly bytes: Buffer
  readonly text: string
  readonly context: Context
}

const SLOTS = 256

export class KnownKeys {
  /** One for each hash: the last one stays. */
  readonly #slots: (KnownKey | undefined)[] = []

  get(bytes: Buffer, start: number, end: number): KnownKey | null {
    const known = this.#slots[hash(bytes, start, end)]
    if (known?.bytes.length !== end - start) return null
    for (let i = start; i < end; i++) if (bytes[i] !== known.bytes[i - start]) return null
    return known
  }

  add(bytes: Buffer, start: number, end: number, text: string, context: Context): void {
    const copy = Buffer.from(bytes.subarray(start, end))
    this.#slots[hash(bytes, start, end)] = { bytes: copy, text, context }
  }
}

function hash(bytes: Buffer, start: number, end: number): number {
  if (end === start) return 0
  const first = bytes[start] as number
  const middle = bytes[(start + end) >> 1] as number
  const last = bytes[end - 1] as number
  return ((end - start) * 31 + first * 7 + middle * 13 + last * 3) % SLOTS
}
