/** Long answers of the API: how they take turns, and leave time for others. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MAX_WAITING_OF_ONE, Pace } from '../../src/console/api/pace.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Asks for something that takes so many milliseconds. */
function lab() {
  const pace = new Pace()
  const done: string[] = []
  const ask = (who: string, took = 10) =>
    pace.run(who, () => {
      vi.advanceTimersByTime(took)
      done.push(who)
      return who
    })
  return { ask, done }
}

test('what takes long is followed by a pause, three times as long', async () => {
  const { ask, done } = lab()
  const both = [ask('a', 100), ask('a', 0)]
  await vi.advanceTimersByTimeAsync(299)
  expect(done).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toEqual(['a', 'a'])
  expect(await Promise.all(both)).toEqual(['a', 'a'])
})

test('what takes no time is not', async () => {
  const { ask } = lab()
  expect(await ask('a', 0)).toBe('a')
  expect(await ask('a', 0)).toBe('a')
})

test('callers take turns', async () => {
  const { ask, done } = lab()
  const all = ['a', 'a', 'a', 'a', 'b', 'c', 'b'].map((who) => ask(who))
  await vi.advanceTimersByTimeAsync(1_000)
  await Promise.all(all)
  expect(done).toEqual(['a', 'a', 'b', 'c', 'a', 'b', 'a'])
})

test('so many of one caller wait; others still may', async () => {
  const { ask } = lab()
  const all = Array.from({ length: MAX_WAITING_OF_ONE + 2 }, () => ask('a'))
  const other = ask('b')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await Promise.all(all)).toEqual([...Array(MAX_WAITING_OF_ONE + 1).fill('a'), null])
  expect(await other).toBe('b')
})

test('what fails is followed by the next', async () => {
  const pace = new Pace()
  const failing = pace.run('a', () => {
    throw new Error('boom')
  })
  const next = pace.run('a', () => 1)
  await expect(failing).rejects.toThrow('boom')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await next).toBe(1)
})
