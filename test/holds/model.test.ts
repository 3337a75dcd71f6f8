/**
 * Random histories: asking, approving, denying, leaving, revoking, time, and restarts in between. Whatever the order, nothing is granted
 * that no living grant covers, and never more often than it was given.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Breadth, Grant, HoldQuestion } from '../../src/model/hold.ts'
import type { HoldAnswer } from '../../src/ports.ts'
import { question, REVIEWERS, testDesk, WISH } from './support.ts'

const STEP = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      agent: fc.constantFrom('crawler', 'writer'),
      path: fc.constantFrom('/a', '/b'),
      body: fc.constantFrom('1', '2', null),
      regions: fc.constantFrom(['US'], ['CN'], ['IE', 'US'], []),
      rules: fc.constantFrom(['x'], ['x', 'y'], []),
      wants: fc.constantFrom(1, 2),
      durable: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('approve' as const),
      which: fc.nat(5),
      by: fc.constantFrom('anna', 'ben', 'olga', 'crawler', 'admin'),
      breadth: fc.constantFrom<Breadth | null>(null, 'path', 'host'),
      uses: fc.constantFrom(null, 1, 2),
    }),
  },
  fc.record({
    do: fc.constant('deny' as const),
    which: fc.nat(5),
    by: fc.constantFrom('anna', 'olga'),
  }),
  fc.record({
    do: fc.constant('revoke' as const),
    which: fc.nat(5),
    by: fc.constantFrom('anna', 'ben'),
  }),
  fc.record({ do: fc.constant('leave' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(1, 10_000, 29_999, 60_000) }),
  fc.record({ do: fc.constant('dismiss' as const), who: fc.constantFrom('anna', 'ben') }),
  fc.record({ do: fc.constant('restart' as const) }),
)

/** A client that asks, and asks again as often as it is told to. */
interface Client {
  readonly asked: HoldQuestion
  readonly gone: AbortController
  answer: HoldAnswer | null
}

test('no history ends in a call without leave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 3, maxLength: 40 }), async (steps) => {
      let lab = testDesk()
      let clients: Client[] = []
      /** Granted so far, each by what was asked and when. */
      const passed: Passed[] = []

      const ask = async (client: Client): Promise<void> => {
        for (;;) {
          const { desk } = lab
          const answer = await desk.ask(client.asked, 1e9, client.gone.signal)
          if (desk !== lab.desk) return
          client.answer = answer
          if (answer.kind === 'granted') {
            const reviewers = lab.reviewers.map(({ id }) => id)
            passed.push({ grant: answer.grant, asked: client.asked, at: lab.now, reviewers })
          }
          if (answer.kind !== 'approved') return
        }
      }
      const settle = async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve()
      }

      try {
        for (const step of steps) {
          const { desk } = lab
          switch (step.do) {
            case 'ask': {
              const { agent, path, regions, rules, body, wants, durable } = step
              const held = { agent, path, regions, rules, bodyDigest: body }
              const approvals = [{ reviewers: wants === 2 ? ['dpo'] : null, quorum: wants }]
              const asked = question(
                held,
                { approvals, durable },
                body === null ? `${path}?${passed.length}` : path,
              )
              const client = { asked, gone: new AbortController(), answer: null }
              clients.push(client)
              void ask(client)
              break
            }
            case 'approve': {
              const hold = desk.holds()[step.which]
              const { breadth, uses } = step
              if (hold) await desk.approve(hold.id, step.by, { ...WISH, breadth, uses })
              break
            }
            case 'deny': {
              const hold = desk.holds()[step.which]
              if (hold) await desk.deny(hold.id, step.by, null)
              break
            }
            case 'revoke': {
              const grant = desk.grants()[step.which]
              if (grant) await desk.revoke(grant.id, step.by, null)
              break
            }
            case 'leave':
              clients[step.which]?.gone.abort()
              break
            case 'time':
              lab.now += step.ms
              desk.tick()
              break
            case 'dismiss':
              lab.reviewers = REVIEWERS.filter(({ id }) => id !== step.who)
              break
            case 'restart':
              desk[Symbol.dispose]()
              // Whatever was being written down has been, or has not.
              await settle()
              clients = clients.filter(({ gone }) => !gone.signal.aborted)
              lab = testDesk({ events: lab.kept, now: lab.now })
              for (const client of clients.filter(({ answer }) => answer === null)) void ask(client)
              break
            default:
              step satisfies never
          }
          await settle()
        }
        check(lab.kept, passed)
      } finally {
        lab.desk[Symbol.dispose]()
      }
    }),
    { numRuns: 400 },
  )
}, 120_000)

/** What was granted: for what, when, and who was a reviewer then. */
interface Passed {
  readonly grant: string
  readonly asked: HoldQuestion
  readonly at: number
  readonly reviewers: readonly string[]
}

/** Told by the log alone, without any code of the desk. */
function check(kept: ReturnType<typeof testDesk>['kept'], passed: readonly Passed[]): void {
  const used = kept.filter(({ kind }) => kind === 'used').length
  // A use that is in the log without its call: the proxy was stopped in between.
  expect(passed.length).toBeLessThanOrEqual(used)
  for (const { grant: id, asked, at, reviewers } of passed) {
    const index = kept.findIndex((event) => event.kind === 'approved' && event.grant.id === id)
    const event = kept[index]
    if (event?.kind !== 'approved') throw new Error(`granted without an approval: ${id}`)
    const { grant } = event
    expect(at).toBeLessThan(grant.expiresAt)
    expect(covered(grant, asked)).toBe(true)
    const { held, requester } = openedOf(kept, grant.hold)
    expect(grant.approvers).not.toContain(held.owner)
    expect(grant.approvers).not.toContain(requester)
    const quorum = Math.max(...asked.terms.approvals.map((one) => one.quorum))
    const counting = grant.approvers.filter((name) => name === 'admin' || reviewers.includes(name))
    expect(new Set(counting).size).toBeGreaterThanOrEqual(quorum)
    const ends = kept.findIndex((end) => end.kind === 'revoked' && end.grant === id)
    const uses = kept.flatMap((use, i) => (use.kind === 'used' && use.grant === id ? [i] : []))
    if (grant.uses !== null) expect(uses.length).toBeLessThanOrEqual(grant.uses)
    if (ends !== -1) expect(uses.every((i) => i < ends)).toBe(true)
    const denied = kept.some((end) => end.kind === 'denied' && end.hold === grant.hold)
    expect(denied).toBe(false)
  }
}

function openedOf(kept: ReturnType<typeof testDesk>['kept'], hold: string) {
  const event = kept.find((one) => one.kind === 'opened' && one.hold.id === hold)
  if (event?.kind !== 'opened') throw new Error(`never opened: ${hold}`)
  return event.hold
}

/** The rule in other words than the code has. */
function covered({ scope }: Pick<Grant, 'scope'>, { held, fingerprint }: HoldQuestion): boolean {
  if (scope.agent !== held.agent || scope.host !== held.host) return false
  if (scope.breadth === 'request' && scope.fingerprint !== fingerprint) return false
  if (scope.breadth === 'path' && scope.path !== held.path) return false
  if ((held.regions.length === 0) !== (scope.regions.length === 0)) return false
  const outside = held.regions.filter((code) => !scope.regions.includes(code))
  if ((held.rules.length === 0) !== (scope.rules.length === 0)) return false
  const unseen = held.rules.filter((rule) => !scope.rules.includes(rule))
  return outside.length === 0 && unseen.length === 0
}
