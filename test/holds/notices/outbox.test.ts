/** What is on its way to one receiver: tried again, given up, lost for want of room; by a clock of the test's own. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Notice } from '../../../src/holds/notices/notice.ts'
import {
  type Delivery,
  MAX_TRIES,
  MAX_WAITING,
  Outbox,
  toPause,
} from '../../../src/holds/notices/outbox.ts'
import { makeHold, makeNotice } from './support.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const LATER: Delivery = { kind: 'later', detail: 'status 503', after: null }

function notice(number: number, agent = 'ci'): Notice {
  return { ...makeNotice(makeHold({}, { agent })), id: `n${number}`, at: number }
}

/** @param answers one for each try; then the last again */
function open(answers: readonly (Delivery | 'never' | 'throws')[]) {
  const tried: { id: string; at: number }[] = []
  const lost: string[] = []
  const overflows: number[] = []
  const reported: unknown[] = []
  const began = performance.now()
  const box = new Outbox({
    async deliver({ id }, signal) {
      const answer = answers[Math.min(tried.length, answers.length - 1)]
      tried.push({ id, at: Math.round(performance.now() - began) })
      if (answer === 'throws') throw new Error('boom')
      if (answer !== 'never') return answer as Delivery
      return await new Promise<Delivery>((resolve) =>
        signal.addEventListener('abort', () => resolve(LATER)),
      )
    },
    pause: (tries) => tries * 1_000,
    onLost: ({ id }, detail) => lost.push(`${id}: ${detail}`),
    onOverflow: (count) => overflows.push(count),
    report: (_, error) => reported.push(error),
  })
  return { box, tried, lost, overflows, reported }
}

describe('one notice', () => {
  test('is taken at once', async () => {
    const { box, tried, lost } = open([{ kind: 'taken' }])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(0)
    expect(tried).toHaveLength(1)
    expect(box.counts).toEqual({ taken: 1, lost: 0 })
    expect(lost).toEqual([])
  })

  test('is tried again after growing pauses, until it is taken', async () => {
    const { box, tried } = open([LATER, LATER, { kind: 'taken' }])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(tried.map(({ at }) => at)).toEqual([0, 1_000, 3_000])
    expect(box.counts).toEqual({ taken: 1, lost: 0 })
  })

  test('is given up after so many tries, and that is said once', async () => {
    const { box, tried, lost } = open([LATER])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(tried).toHaveLength(MAX_TRIES)
    expect(lost).toEqual(['n1: status 503; given up after 8 tries'])
  })

  test('that is refused is not tried again', async () => {
    const { box, tried, lost } = open([{ kind: 'refused', detail: 'status 404' }])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(tried).toHaveLength(1)
    expect(lost).toEqual(['n1: status 404; given up after 1 try'])
  })

  test('on which we fail ourselves is reported, and told as our mistake', async () => {
    const { box, lost, reported } = open(['throws'])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(0)
    expect(lost).toEqual(['n1: it could not be sent, which is our mistake; given up after 1 try'])
    expect(reported).toHaveLength(1)
  })
})

test('pauses add up to about a quarter of an hour, and spread', () => {
  const sum = (random: number) =>
    Array.from({ length: MAX_TRIES - 1 }, (_, i) => toPause(i + 1, random)).reduce((a, b) => a + b)
  expect(sum(0) / 60_000).toBeGreaterThan(10)
  expect(sum(1) / 60_000).toBeLessThan(25)
  expect(toPause(1, 0)).toBe(1_500)
  expect(toPause(1, 1)).toBe(2_500)
})

describe('several notices', () => {
  test('one that fails does not keep the others', async () => {
    const { box, tried } = open([LATER, { kind: 'taken' }])
    for (const number of [1, 2, 3]) box.push(notice(number))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(tried.map(({ id, at }) => `${id} ${at}`)).toEqual(['n1 0', 'n2 0', 'n3 0', 'n1 1000'])
  })

  test('a receiver that asks to be left alone is left alone with all of them', async () => {
    const { box, tried } = open([
      { kind: 'later', detail: 'status 429', after: 60_000 },
      { kind: 'taken' },
    ])
    for (const number of [1, 2]) box.push(notice(number))
    await vi.advanceTimersByTimeAsync(59_000)
    expect(tried).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(box.counts.taken).toBe(2)
  })

  test('however long it asks for, it is a quarter of an hour', async () => {
    const { box, tried } = open([
      { kind: 'later', detail: 'status 429', after: 86_400_000 },
      { kind: 'taken' },
    ])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(900_000)
    expect(tried).toHaveLength(2)
  })

  test('there is room for so many; the oldest go, are counted and said', async () => {
    const { box, overflows } = open(['never'])
    for (let number = 0; number <= MAX_WAITING + 5; number++) box.push(notice(number))
    // The first is under way.
    expect(box.waiting).toBe(MAX_WAITING)
    expect(box.counts.lost).toBe(5)
    expect(await box.close()).toBe(MAX_WAITING + 1)
    expect(overflows).toEqual([5])
  })

  test('an agent that asks without end takes no room from another', async () => {
    const { box, tried } = open([{ kind: 'taken' }])
    box.push(notice(0))
    box.push(notice(1, 'quiet'))
    for (let number = 2; number < 2 * MAX_WAITING; number++) box.push(notice(number))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(tried).toHaveLength(MAX_WAITING + 1)
    expect(tried.map(({ id }) => id)).toContain('n1')
  })

  test('after the end nothing is tried', async () => {
    const { box, tried } = open([LATER])
    box.push(notice(1))
    await vi.advanceTimersByTimeAsync(0)
    expect(await box.close()).toBe(1)
    box.push(notice(2))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(tried).toHaveLength(1)
  })
})
