/** The time by which leave ends, whatever is done to the clock of the host. */

import { expect, test } from 'vitest'
import { SteadyClock } from '../../src/holds/steady-clock.ts'

/** @param steps what passes and what the wall clock shows then; begins at 1000 with nothing passed */
function read(notBefore: number, ...steps: readonly (readonly [passed: number, wall: number])[]) {
  let [elapsed, wall] = [50, 1_000]
  const clock = new SteadyClock({ wall: () => wall, elapsed: () => elapsed, notBefore })
  return [
    clock.now(),
    ...steps.map(([passed, shown]) => {
      elapsed += passed
      wall = shown
      return clock.now()
    }),
  ]
}

test.each<[string, number[], number[]]>([
  ['goes with the wall clock', read(0, [10, 1_010], [5, 1_015]), [1_000, 1_010, 1_015]],
  ['goes on when that is set back', read(0, [10, 500], [10, 510]), [1_000, 1_010, 1_020]],
  ['goes forward with it', read(0, [10, 9_000], [10, 9_010]), [1_000, 9_000, 9_010]],
  ['stays forward', read(0, [10, 9_000], [10, 1_020]), [1_000, 9_000, 9_010]],
  ['counts time asleep, in which nothing passes', read(0, [0, 5_000]), [1_000, 5_000]],
  ['begins no earlier than the log ends', read(3_000, [10, 1_010]), [3_000, 3_010]],
])('%s', (_, times, want) => {
  expect(times).toEqual(want)
})
