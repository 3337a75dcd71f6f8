/** Random histories of a desk, written to a log: the views say of each hold and grant what the desk says, and a restart is told all of it. */

import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readHoldEvents } from '../../src/audit/hold-history.ts'
import { AuditLog } from '../../src/audit/log.ts'
import { AuditReader } from '../../src/audit/read.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import type { Breadth, Grant, Hold } from '../../src/model/hold.ts'
import { question, type TestDesk, testDesk, WISH } from '../holds/support.ts'
import { temporaryFolder } from '../support/folder.ts'

const DAY = 24 * 3_600_000

const STEP = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    path: fc.constantFrom('/a', '/b', '/c'),
    quorum: fc.constantFrom(1, 1, 2),
  }),
  fc.record({
    do: fc.constant('approve' as const),
    which: fc.nat(3),
    by: fc.constantFrom('anna', 'ben'),
    breadth: fc.constantFrom<Breadth | null>(null, 'path', 'host'),
    uses: fc.constantFrom(null, 1, 2),
    reason: fc.constantFrom(null, 'contract “7”'),
  }),
  fc.record({ do: fc.constantFrom('deny' as const, 'revoke' as const), which: fc.nat(3) }),
  fc.record({ do: fc.constant('leave' as const), which: fc.nat(3) }),
  fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(1, 20_000, 61_000) }),
)
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never

test('the views, a restart and the desk agree about every history', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'audit.db')
  const log = new AuditLog({ path })
  using reader = new AuditReader(path)
  // Long ago for the views: what has not ended is past its time. Each history begins when the one before it is forgotten.
  let now = Date.UTC(2020, 0, 1)
  const states = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 4, maxLength: 25 }), async (steps) => {
      now += 3 * DAY
      const lab = testDesk({ now })
      await take(lab, { do: 'ask', path: '/a', quorum: 1 })
      for (const step of steps) await take(lab, step)
      const { desk, kept } = lab
      const [holds, grants] = [desk.holds(), desk.grants()]
      desk[Symbol.dispose]()
      await settle()
      await Promise.all(kept.map((event) => log.keep(event)))
      expect([...readHoldEvents(log.database, lab.now)]).toEqual(kept)
      const since = new Date(now).toISOString()
      expect(reader.holds({ since }, 100).map(toSayings)).toEqual(holds.map(holdSays))
      expect(reader.grants({ since }, 100).map(toGrantSayings)).toEqual(grants.map(grantSays))
      for (const { state } of [...holds, ...grants]) states.add(state)
    }),
    { numRuns: 200 },
  )
  // Which it would not show if nothing ever happened.
  expect([...states].sort()).toEqual([
    ...['active', 'approved', 'cancelled', 'denied', 'expired', 'pending', 'revoked', 'used'],
  ])
  await log.close()
  expect(verifyAuditLog(path).breaks).toEqual([])
})

const clients = new WeakMap<TestDesk, AbortController[]>()

async function take(lab: TestDesk, step: Step): Promise<void> {
  const { desk } = lab
  switch (step.do) {
    case 'ask': {
      const gone = new AbortController()
      clients.set(lab, [...(clients.get(lab) ?? []), gone])
      const approvals = [{ reviewers: null, quorum: step.quorum }]
      const asked = question({ path: step.path }, { approvals })
      const ask = () => desk.ask(asked, 1e9, gone.signal)
      void ask().then((answer) => (answer.kind === 'approved' ? ask() : answer))
      break
    }
    case 'approve': {
      const { which, by, breadth, uses, reason } = step
      const hold = desk.holds()[which]
      if (hold) await desk.approve(hold.id, by, { ...WISH, breadth, uses, reason })
      break
    }
    case 'deny': {
      const hold = desk.holds()[step.which]
      if (hold) await desk.deny(hold.id, 'anna', 'no')
      break
    }
    case 'revoke': {
      const grant = desk.grants()[step.which]
      if (grant) await desk.revoke(grant.id, 'ben', null)
      break
    }
    case 'leave':
      clients.get(lab)?.[step.which]?.abort()
      break
    case 'time':
      lab.now += step.ms
      desk.tick()
      break
    default:
      step satisfies never
  }
  await settle()
}

/** Everything that waits for promises alone. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

const toIso = (at: number | null) => (at === null ? null : new Date(at).toISOString())

function holdSays(hold: Hold) {
  const { id, state, endedAt, grant, votes, held } = hold
  const isApproved = state === 'approved'
  return {
    id,
    state: state === 'pending' ? 'expired' : state,
    ended_at: toIso(endedAt),
    ended_by: isApproved ? votes.at(-1)?.reviewer : hold.endedBy,
    decided_at: isApproved || state === 'denied' ? toIso(endedAt) : null,
    decision_reason: isApproved ? votes.at(-1)?.reason : hold.reason,
    votes: votes.map(({ reviewer, at, reason }) => ({ reviewer, at: toIso(at), reason })),
    grant_id: grant,
    path: held.path,
  }
}

function toSayings(row: ReturnType<AuditReader['holds']>[number]) {
  const { id, state, ended_at, ended_by, decided_at, decision_reason } = row
  const { grant_id, path } = row
  const votes = [...row.votes]
  return { id, state, ended_at, ended_by, decided_at, decision_reason, votes, grant_id, path }
}

function grantSays({ id, state, uses, used, endedAt, endedBy, approvers, hold }: Grant) {
  return {
    id,
    hold_id: hold,
    state: state === 'active' ? 'expired' : state,
    uses,
    used,
    ended_at: toIso(endedAt),
    ended_by: endedBy,
    approver: approvers.join(', '),
  }
}

function toGrantSayings(row: ReturnType<AuditReader['grants']>[number]) {
  const { id, hold_id, state, uses, used, ended_at, ended_by, approver } = row
  return { id, hold_id, state, uses, used, ended_at, ended_by, approver }
}
