/** Digits and letters that look arbitrary and are the same each time for the same key and value. */

import { digest } from './keys.ts'

export interface Draw {
  /** 0 to `bound` - 1, evenly; at most 65536. */
  below(bound: number): number
}

/** @param round another one gives other digits for the same value */
export function createDraw(key: Buffer, type: string, value: string, round = 0): Draw {
  let block = 0
  let bytes: Buffer = Buffer.alloc(0)
  let next = 0
  return {
    below: (bound) => {
      // What is left over above the last full multiple would come up less often than the rest: drawn again.
      const limit = 65_536 - (65_536 % bound)
      for (;;) {
        if (next + 2 > bytes.length) {
          bytes = digest(key, type, value, String(round), String(block++))
          next = 0
        }
        const number = bytes.readUInt16BE(next)
        next += 2
        if (number < limit) return number % bound
      }
    },
  }
}
