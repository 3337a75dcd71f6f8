/** How V8 collects garbage in a process that serves. */

import v8 from 'node:v8'

/**
 * What connections receive lies in buffers outside V8's heap. By itself V8 marks all of the heap each time 64 MiB of them were made, which
 * was more than half of what a large download cost; counted together with the heap, they are let go when the nursery is collected. Node
 * says so and goes on where a version of V8 does not know the flag.
 */
export function countBuffersWithHeap(): void {
  v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
}
