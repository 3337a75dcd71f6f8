/** What a desk says when something changes underneath it: time, people, the policy, the log. */

import { describe, expect, test } from 'vitest'
import type { ApprovalWish } from '../../src/approvals.ts'
import type { Grant, Hold, HoldQuestion } from '../../src/model/hold.ts'
import type { HoldAnswer } from '../../src/ports.ts'
import { question, REVIEWERS, STAYS, type TestDesk, testDesk, WISH } from './support.ts'

const settle = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

/** Asks, and has it approved. @returns what was given */
async function give(
  lab: TestDesk,
  asked: HoldQuestion,
  wish: Partial<ApprovalWish> = {},
  by: readonly string[] = ['anna'],
): Promise<Grant> {
  const waiting = lab.desk.ask(asked, 1e9, STAYS)
  await settle()
  const hold = lab.desk.holds().findLast(({ state }) => state === 'pending')
  let last: unknown = null
  for (const one of by) last = await lab.desk.approve(hold?.id ?? '', one, { ...WISH, ...wish })
  const { state, grant } = last as Hold
  if (state !== 'approved') throw new Error(JSON.stringify(last))
  await waiting
  return lab.desk.grants().find(({ id }) => id === grant) as Grant
}

async function ask(lab: TestDesk, asked: HoldQuestion): Promise<HoldAnswer | 'waits'> {
  const gone = new AbortController()
  const answer = lab.desk.ask(asked, 1e9, gone.signal)
  const found = await Promise.race([answer, settle().then(() => 'waits' as const)])
  if (found === 'waits') gone.abort()
  await answer
  return found
}

async function use(lab: TestDesk, asked: HoldQuestion): Promise<AbortSignal> {
  const answer = await ask(lab, asked)
  if (answer === 'waits' || answer.kind !== 'granted') throw new Error(JSON.stringify(answer))
  return answer.lease
}

describe('what runs under leave for a time', () => {
  test('ends with it, also where all its uses are used', async () => {
    const lab = testDesk()
    using desk = lab.desk
    await give(lab, question(), { breadth: 'host', uses: 1, lasts: 10_000 })
    const lease = await use(lab, question())
    lab.now += 9_999
    desk.tick()
    expect(lease.aborted).toBe(false)
    lab.now += 1
    desk.tick()
    expect(lease.aborted).toBe(true)
  })

  test('for one request may end in its own time, and can still be stopped', async () => {
    const lab = testDesk()
    using desk = lab.desk
    const grant = await give(lab, question(), { uses: 2, lasts: 10_000 })
    const lease = await use(lab, question())
    lab.now += 20_000
    desk.tick()
    expect(lease.aborted).toBe(false)
    expect(desk.grants()[0]?.state).toBe('expired')
    expect(await desk.revoke(grant.id, 'anna', null)).toMatchObject({ state: 'revoked' })
    expect(lease.aborted).toBe(true)
    expect(await desk.revoke(grant.id, 'anna', null)).toMatchObject({ fault: 'ended' })
  })
})

describe('the policy in force says who has to have given leave', () => {
  test('who is no reviewer any more has given none', async () => {
    const lab = testDesk()
    using _ = lab.desk
    await give(lab, question(), { breadth: 'host' })
    await use(lab, question())
    lab.reviewers = REVIEWERS.filter(({ id }) => id !== 'anna')
    expect(await ask(lab, question())).toBe('waits')
    lab.reviewers = REVIEWERS
    await use(lab, question())
  })

  test('a rule that wants more people now is not satisfied with fewer', async () => {
    const lab = testDesk()
    using _ = lab.desk
    await give(lab, question(), { breadth: 'host' })
    const two = question({}, { approvals: [{ reviewers: ['dpo'], quorum: 2 }] }, 'another')
    expect(await ask(lab, two)).toBe('waits')
    await give(lab, two, { breadth: 'host' }, ['anna', 'ben'])
    await use(lab, two)
  })

  test('leave for a group is none for an agent that the giver answers for', async () => {
    const lab = testDesk()
    using _ = lab.desk
    await give(lab, question(), { breadth: 'host', group: 'batch' })
    await use(lab, question({ agent: 'writer' }))
    expect(await ask(lab, question({ agent: 'hers', owner: 'anna' }))).toBe('waits')
    expect(await ask(lab, question({ agent: 'anna' }))).toBe('waits')
  })
})

describe('nobody decides about their own request', () => {
  const hers = { ...question(), requester: 'anna' }

  test('also where the policy has another name for who asks', async () => {
    const lab = testDesk()
    using desk = lab.desk
    const waiting = desk.ask(hers, 1e9, STAYS)
    await settle()
    const [hold] = desk.holds()
    expect(await desk.approve(hold?.id ?? '', 'anna', WISH)).toMatchObject({ fault: 'not-allowed' })
    expect(await desk.approve(hold?.id ?? '', 'ben', WISH)).toMatchObject({ state: 'approved' })
    expect(await waiting).toMatchObject({ kind: 'approved' })
  })

  test('nor with leave they gave for the same agent', async () => {
    const lab = testDesk()
    using _ = lab.desk
    await give(lab, question(), { breadth: 'host' })
    expect(await ask(lab, hers)).toBe('waits')
    await use(lab, question())
  })
})

test('a use is not spent on a client that has left', async () => {
  const lab = testDesk()
  using desk = lab.desk
  const { hold } = await give(lab, question(), { uses: 1, breadth: 'host' })
  const answer = await desk.ask(question(), 1e9, AbortSignal.abort())
  expect(answer).toEqual({ kind: 'cancelled', hold })
  await use(lab, question())
})

describe('the log cannot be written', () => {
  test('a grant that is taken back stays so, and that is written as soon as it can be', async () => {
    const lab = testDesk()
    const { id } = await give(lab, question(), { breadth: 'host' })
    const lease = await use(lab, question())
    lab.broken = new Error('disk full')
    await expect(lab.desk.revoke(id, 'anna', 'over')).rejects.toThrow('disk full')
    expect(lease.aborted).toBe(true)
    lab.desk.tick()
    await settle()
    expect(lab.kept.some(({ kind }) => kind === 'revoked')).toBe(false)
    lab.broken = null
    lab.desk.tick()
    lab.desk.tick()
    await settle()
    expect(lab.kept.filter(({ kind }) => kind === 'revoked')).toMatchObject([
      { grant: id, by: 'anna', reason: 'over' },
    ])
    lab.desk[Symbol.dispose]()
    const after = testDesk({ events: lab.kept, now: lab.now })
    using _ = after.desk
    expect(await ask(after, question())).toBe('waits')
  })

  test('so is what a client took back', async () => {
    const lab = testDesk()
    using desk = lab.desk
    const gone = new AbortController()
    const waiting = desk.ask(question(), 1e9, gone.signal)
    await settle()
    lab.broken = new Error('disk full')
    gone.abort()
    await waiting
    await settle()
    lab.broken = null
    desk.tick()
    await settle()
    expect(lab.kept.map(({ kind }) => kind)).toEqual(['opened', 'cancelled'])
  })

  test('a use that could not be written down is lost, and not taken twice', async () => {
    const lab = testDesk()
    using desk = lab.desk
    await give(lab, question(), { breadth: 'host', uses: 1 })
    lab.broken = new Error('disk full')
    await expect(desk.ask(question(), 1e9, STAYS)).rejects.toThrow('disk full')
    lab.broken = null
    desk.tick()
    expect(await ask(lab, question())).toBe('waits')
    expect(lab.kept.some(({ kind }) => kind === 'used')).toBe(false)
  })
})

test('what is still spoken of keeps its name for itself', async () => {
  const drawn = ['aaaaaaaa', 'aaaaaaaa', 'bbbbbbbb']
  const lab = testDesk({ newId: () => drawn.shift() ?? 'cccccccc' })
  using desk = lab.desk
  await desk.ask(question(), 0, STAYS)
  await desk.ask(question({ path: '/b' }), 0, STAYS)
  expect(desk.holds().map(({ id }) => id)).toEqual(['h-aaaaaaaa', 'h-bbbbbbbb'])
})

describe('many', () => {
  test('calls of somebody who has proved nothing take no room from another address', async () => {
    const lab = testDesk({ maxPendingPerAgent: 2, maxPending: 5 })
    using _ = lab.desk
    const call = (clientIp: string, path: string) =>
      lab.desk.ask(question({ agent: 'anonymous', proven: false, clientIp, path }), 0, STAYS)
    const kinds = []
    for (const [ip, path] of [
      ['1', '/a'],
      ['1', '/b'],
      ['1', '/c'],
      ['2', '/a2'],
      ['2', '/b2'],
      ['3', '/a3'],
      ['4', '/a4'],
    ] as const) {
      kinds.push((await call(`192.0.2.${ip}`, path)).kind)
    }
    expect(kinds).toEqual(['pending', 'pending', 'full', 'pending', 'pending', 'pending', 'full'])
  })

  test('that come and leave at once are forgotten as they come', async () => {
    const lab = testDesk({ maxEnded: 100 })
    using desk = lab.desk
    for (let i = 0; i < 1_000; i++) {
      const gone = new AbortController()
      gone.abort()
      await desk.ask(question({}, {}, `/${i}`), 1e9, gone.signal)
    }
    expect(desk.holds().length).toBeLessThan(220)
    expect(desk.holds().at(-1)?.state).toBe('cancelled')
  })
})

describe('what is shown of a request', () => {
  const asked: HoldQuestion = { ...question(), outline: 'a form', preview: 'to [EMAIL]' }
  const shown = ({ desk }: TestDesk) => {
    const [hold] = desk.holds()
    return [desk.outline(hold?.id ?? ''), desk.preview(hold?.id ?? '')]
  }

  test('is there while it waits, and is written nowhere', async () => {
    const lab = testDesk()
    using desk = lab.desk
    const waiting = desk.ask(asked, 1e9, STAYS)
    await settle()
    expect(shown(lab)).toEqual(['a form', 'to [EMAIL]'])
    expect(JSON.stringify(lab.kept)).not.toContain('EMAIL')
    await desk.deny(desk.holds()[0]?.id ?? '', 'anna', null)
    await waiting
    expect(shown(lab)).toEqual([null, null])
  })

  test.each([
    ['approved', (lab: TestDesk, id: string) => lab.desk.approve(id, 'anna', WISH)],
    ['withdrawn', (lab: TestDesk, id: string) => lab.desk.cancel(id, 'crawler', null)],
    [
      'expired',
      async (lab: TestDesk) => {
        lab.now += 60_000
        lab.desk.tick()
      },
    ],
  ])('is forgotten when it is %s', async (_, end) => {
    const lab = testDesk()
    using desk = lab.desk
    const waiting = desk.ask(asked, 1e9, STAYS)
    await settle()
    await end(lab, desk.holds()[0]?.id ?? '')
    await waiting
    expect(shown(lab)).toEqual([null, null])
  })

  test('comes back after a restart when the request does', async () => {
    const before = testDesk()
    await settle()
    const waiting = before.desk.ask(asked, 1e9, STAYS)
    await settle()
    before.desk[Symbol.dispose]()
    await waiting
    const lab = testDesk({ events: before.kept, now: before.now })
    using desk = lab.desk
    expect(shown(lab)).toEqual([null, null])
    const again = desk.ask(asked, 1e9, STAYS)
    await settle()
    expect(desk.holds()).toHaveLength(1)
    expect(shown(lab)).toEqual(['a form', 'to [EMAIL]'])
    desk.close()
    await again
  })
})
