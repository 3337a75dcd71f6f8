/** CPU time of this process, and a loop to compare it with: machines differ, and so do minutes on one that others use as well. */

import { KINDS } from '../../src/inspect/scan/text.ts'

/** Least CPU time of several runs, in ms. */
export function measure(run: () => void, runs = 7): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = process.cpuUsage()
    run()
    best = Math.min(best, since(start))
  }
  return best
}

/** The same for what is waited for. */
export async function measureAsync(run: () => Promise<void>, runs = 7): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < runs; i++) {
    const start = process.cpuUsage()
    await run()
    best = Math.min(best, since(start))
  }
  return best
}

function since(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** What any scanner has to do at least: look at each byte. */
export function loop(bytes: Uint8Array): number {
  let runs = 0
  let kinds = 0
  for (let i = 0; i < bytes.length; i++) {
    const kind = KINDS[bytes[i] as number] as number
    if (kind === 0) {
      if (kinds === 1) runs++
      kinds = 0
    } else kinds |= kind
  }
  return runs
}
