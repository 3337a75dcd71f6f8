import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const COLLECTOR = new URL('../../../src/cli/compose/collector.ts', import.meta.url).href

/** How often V8 marks its whole heap while half a gigabyte is received in buffers that nobody keeps. */
function countMarkings(counted: boolean): number {
  const program = `
    import { PerformanceObserver, constants } from 'node:perf_hooks'
    import { countBuffersWithHeap } from ${JSON.stringify(COLLECTOR)}
    if (${counted}) countBuffersWithHeap()
    const heap = Array.from({ length: 400_000 }, (_, i) => ({ i }))
    let markings = 0
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) {
        if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) markings++
      }
    }).observe({ entryTypes: ['gc'] })
    for (let i = 0; i < 8_192; i++) {
      new ArrayBuffer(65_536)
      if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    console.log(markings, heap.length)`
  const flags = ['--max-semi-space-size=2', '--input-type=module', '--eval', program]
  return Number.parseInt(execFileSync(process.execPath, flags, { encoding: 'utf8' }), 10)
}

test('buffers that nobody keeps are let go without marking all of the heap', () => {
  expect(countMarkings(false)).toBeGreaterThan(4)
  expect(countMarkings(true)).toBeLessThan(3)
})
