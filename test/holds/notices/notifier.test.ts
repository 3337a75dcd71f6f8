/** Who is told what, and that nobody waits for anybody. */

import { describe, expect, test, vi } from 'vitest'
import type { Notice } from '../../../src/holds/notices/notice.ts'
import { type Receiver, startNotifier } from '../../../src/holds/notices/notifier.ts'
import type { Delivery } from '../../../src/holds/notices/outbox.ts'
import type { Approval, Hold, HoldEvent } from '../../../src/model/hold.ts'
import { deniedEvent, makeHold, openedEvent } from './support.ts'

type Watcher = (event: HoldEvent, hold: Hold) => void

function start(receivers: readonly Partial<Receiver>[], deliver?: Receiver['deliver']) {
  const watchers = new Set<Watcher>()
  const got = new Map<string, Notice[]>()
  const lost: string[] = []
  const reported: unknown[] = []
  let ids = 0
  const notifier = startNotifier({
    approvals: {
      watch(watcher) {
        watchers.add(watcher)
        return () => watchers.delete(watcher)
      },
    },
    receivers: receivers.map((changes, i) => ({
      id: `r${i}`,
      on: ['opened', 'agreed', 'denied'],
      reviewers: null,
      async deliver(notice, signal) {
        got.set(this.id, [...(got.get(this.id) ?? []), notice])
        return deliver ? await deliver(notice, signal) : { kind: 'taken' }
      },
      ...changes,
    })),
    reviewers: () => [
      { id: 'anna', groups: ['dpo'] },
      { id: 'carl', groups: ['ops'] },
    ],
    links: {
      make: ({ id }, receiver) => ({
        url: `https://c.test/decide/${id}-${receiver}`,
        expiresAt: 1,
      }),
    },
    newId: () => `id${++ids}`,
    onLost: (receiver, what) => lost.push(`${receiver}: ${what}`),
    report: (_, error) => reported.push(error),
  })
  const happens: Watcher = (event, hold) => {
    for (const watcher of watchers) watcher(event, hold)
  }
  return { notifier, happens, got, lost, reported, watchers }
}

const needs = (...approvals: Approval[]) => {
  const hold = makeHold()
  return { ...hold, terms: { ...hold.terms, approvals } }
}

describe('who is told', () => {
  test('of what they asked for alone', () => {
    const { happens, got } = start([{ on: ['denied'] }, { on: ['opened'] }])
    const hold = makeHold()
    happens(openedEvent(hold), hold)
    happens(deniedEvent(hold), { ...hold, state: 'denied' })
    expect(got.get('r0')?.map(({ event }) => event)).toEqual(['denied'])
    expect(got.get('r1')?.map(({ event }) => event)).toEqual(['opened'])
  })

  test.each<[string, readonly string[] | null, Approval[], boolean]>([
    ['everything', null, [{ reviewers: ['dpo'], quorum: 1 }], true],
    ['theirs', ['dpo'], [{ reviewers: ['dpo'], quorum: 1 }], true],
    [
      'one of several demands',
      ['dpo'],
      [
        { reviewers: ['ops'], quorum: 1 },
        { reviewers: ['dpo'], quorum: 1 },
      ],
      true,
    ],
    ['what all may decide', ['dpo'], [{ reviewers: null, quorum: 1 }], true],
    ['a person of theirs by name', ['dpo'], [{ reviewers: ['anna'], quorum: 1 }], true],
    ['a person told of their group', ['anna'], [{ reviewers: ['dpo'], quorum: 1 }], true],
    ['another person by name', ['dpo'], [{ reviewers: ['carl'], quorum: 1 }], false],
    ['what others decide', ['dpo'], [{ reviewers: ['ops'], quorum: 1 }], false],
  ])('reviewers: %s', (_, reviewers, approvals, want) => {
    const { happens, got } = start([{ reviewers }])
    const hold = needs(...approvals)
    happens(openedEvent(hold), hold)
    expect(got.has('r0')).toBe(want)
  })
})

describe('links', () => {
  test('each receiver has its own; so has each who has yet to agree', async () => {
    const { happens, got } = start([{}, {}])
    const hold = makeHold()
    happens(openedEvent(hold), hold)
    const giving = { breadth: 'request', group: null, lasts: 1, uses: 1 } as const
    happens({ kind: 'agreed', at: 1, hold: hold.id, by: 'alice', reason: null, giving }, hold)
    await vi.waitFor(() => expect(got.get('r1')).toHaveLength(2))
    const links = [...got.values()].flat().map(({ link }) => link?.url)
    expect(links).toEqual([
      'https://c.test/decide/h-k7m2p9qa-r0',
      'https://c.test/decide/h-k7m2p9qa-r0',
      'https://c.test/decide/h-k7m2p9qa-r1',
      'https://c.test/decide/h-k7m2p9qa-r1',
    ])
  })

  test('there is none where there is nothing to decide any more', () => {
    const { happens, got } = start([{}])
    const hold = makeHold({ state: 'denied' })
    happens(deniedEvent(hold), hold)
    expect(got.get('r0')?.[0]?.link).toBeNull()
  })
})

describe('what goes wrong', () => {
  test('a receiver that never answers keeps nobody', async () => {
    const never: Receiver['deliver'] = (_, signal) =>
      new Promise<Delivery>((resolve) =>
        signal.addEventListener('abort', () => resolve({ kind: 'refused', detail: 'x' })),
      )
    const { notifier, happens, got, lost } = start([{ deliver: never }, {}])
    const hold = makeHold()
    happens(openedEvent(hold), hold)
    happens(deniedEvent(hold), { ...hold, state: 'denied' })
    await vi.waitFor(() => expect(got.get('r1')).toHaveLength(2))
    expect(notifier.counts()).toEqual([
      { receiver: 'r0', taken: 0, lost: 0, waiting: 1 },
      { receiver: 'r1', taken: 2, lost: 0, waiting: 0 },
    ])
    await notifier.close()
    expect(lost).toEqual(['r0: 2 were not sent before Cordon stopped'])
  })

  test('what is lost is said with the event and the hold, and nothing else', async () => {
    const { happens, lost } = start([{}], async () => ({ kind: 'refused', detail: 'status 404' }))
    const hold = makeHold()
    happens(openedEvent(hold), hold)
    await vi.waitFor(() => expect(lost).toHaveLength(1))
    expect(lost).toEqual(['r0: `opened` of h-k7m2p9qa: status 404; given up after 1 try'])
  })

  test('whoever watches holds is not thrown at', () => {
    const { happens, reported } = start([{}])
    const broken = { ...makeHold(), terms: null } as unknown as Hold
    expect(() => happens(openedEvent(makeHold()), broken)).not.toThrow()
    expect(reported).toHaveLength(1)
  })

  test('after the end nobody is told', async () => {
    const { notifier, watchers } = start([{}])
    await notifier.close()
    expect(watchers.size).toBe(0)
  })
})
