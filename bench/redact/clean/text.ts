/** Text in which nothing is to be found: what passes through a proxy all day. */

import { Random } from '../random.ts'
import { NUMBERS } from './numbers.ts'
import { PROGRAMS } from './programs.ts'
import { RECORDS } from './records.ts'

export const CLEAN: Readonly<Record<string, (random: Random) => string>> = {
  ...RECORDS,
  ...NUMBERS,
  ...PROGRAMS,
}

/** @param kinds of records */
export function cleanText(seed: number, size: number, kinds: readonly string[]): Buffer {
  const random = new Random(seed)
  const records: string[] = []
  let length = 0
  while (length < size) {
    const make = CLEAN[random.pick(kinds)]
    const record = make?.(random) ?? ''
    records.push(record)
    length += record.length + 1
  }
  return Buffer.from(records.join('\n'))
}
