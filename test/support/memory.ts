/** What a process takes of memory, as Linux counts it. */

import { readFileSync } from 'node:fs'

/** Kibibytes that are resident, now (VmRSS) or at most so far (VmHWM). */
export function readKilobytes(pid: number | undefined, name: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
}
