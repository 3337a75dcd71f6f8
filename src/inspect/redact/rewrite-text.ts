/** A short text that is all there: the same with what a job puts in place of what it finds. */

import { readText } from './open-text.ts'
import type { Job, Place } from './reader.ts'

/** @returns the very same where nothing is found */
export function rewriteText(job: Job, text: string, place: Place): string {
  const bytes = Buffer.from(text)
  const pieces: Buffer[] = []
  let done = 0
  const patch = (start: number, end: number, by: Buffer) => {
    pieces.push(bytes.subarray(done, start), by)
    done = end
  }
  readText(job, bytes, 0, bytes.length, place, 0, 0, patch, null)
  return done === 0 ? text : Buffer.concat([...pieces, bytes.subarray(done)]).toString()
}
