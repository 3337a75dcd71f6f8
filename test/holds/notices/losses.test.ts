/** However many notices are lost, the operator is told once a minute for each receiver, and of all of them. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Losses } from '../../../src/holds/notices/losses.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function open() {
  const told: string[] = []
  const losses = new Losses((receiver, what) => told.push(`${receiver}: ${what}`))
  return { losses, told }
}

test('the first at once, the rest with the minute', () => {
  const { losses, told } = open()
  for (const what of ['one', 'two', 'three']) losses.add('a', what)
  expect(told).toEqual(['a: one'])
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual(['a: one', 'a: 2 more; the latest: three'])
  losses.add('a', 'four')
  vi.advanceTimersByTime(60_000)
  expect(told.at(-1)).toBe('a: four')
  vi.advanceTimersByTime(120_000)
  losses.add('a', 'five')
  expect(told).toHaveLength(4)
})

test('receivers are told of apart', () => {
  const { losses, told } = open()
  losses.add('a', 'one')
  losses.add('b', 'two')
  expect(told).toEqual(['a: one', 'b: two'])
})

test('many at once count as many; at the end all is told', () => {
  const { losses, told } = open()
  losses.add('a', 'one')
  losses.add('a', '300 had no room', 300)
  losses.add('a', 'three')
  losses.close()
  expect(told.at(-1)).toBe('a: 301 more; the latest: three')
  vi.advanceTimersByTime(600_000)
  expect(told).toHaveLength(2)
})
