/** Holds and grants in memory, for tests of those who show them and decide about them. */

import type { Approvals, HoldProblem } from '../../src/approvals.ts'
import type { Grant, Held, Hold, HoldEvent } from '../../src/model/hold.ts'
import { givenGrant, held, openedHold } from './holds.ts'

export interface TestApprovals extends Approvals {
  /** A call that waits from now on. */
  open(changes?: Partial<Held>): Hold
  readonly now: () => number
  time: number
  /** What every request says. */
  said: string | null
}

const no = (fault: HoldProblem['fault'], detail: string): HoldProblem => ({
  fault,
  detail,
  hint: 'a hint',
})

export function openApprovals(): TestApprovals {
  const holds = new Map<string, Hold>()
  const grants = new Map<string, Grant>()
  const watchers = new Set<(event: HoldEvent, hold: Hold) => void>()
  let count = 0
  const tell = (event: HoldEvent, hold: Hold) => {
    holds.set(hold.id, hold)
    for (const watcher of watchers) watcher(event, hold)
    return hold
  }
  const opened = (changes: Partial<Hold>): Hold => {
    const id = `h-${`${++count}x`.padEnd(8, '0')}`
    const opening = openedHold({ openedAt: self.time, ...changes, id })
    const hold: Hold = {
      ...opening,
      state: 'pending',
      votes: [],
      endedAt: null,
      endedBy: null,
      reason: null,
      grant: null,
    }
    return tell({ kind: 'opened', at: self.time, hold: opening }, hold)
  }
  const pending = (id: string): Hold | HoldProblem => {
    const hold = holds.get(id)
    if (!hold) return no('unknown', 'there is no such hold')
    return hold.state === 'pending' ? hold : no('ended', `it is ${hold.state} already`)
  }
  const end = (id: string, by: string, reason: string | null, state: 'denied' | 'cancelled') => {
    const hold = pending(id)
    if ('fault' in hold) return hold
    const at = self.time
    const ended = { ...hold, state, endedAt: at, endedBy: by, reason }
    return tell({ kind: state, at, hold: id, by, reason }, ended)
  }
  const self: TestApprovals = {
    time: Date.now(),
    now: () => self.time,
    open: (changes) => opened({ held: held(changes) }),
    holds: () => [...holds.values()],
    hold: (id) => holds.get(id) ?? null,
    outline: () => '{"model": string}',
    said: '{"user": "[EMAIL]"}',
    preview: () => self.said,
    waiting: () => 1,
    grants: () => [...grants.values()],
    refusalOf: (id, by) => {
      const hold = holds.get(id)
      if (!hold) return no('unknown', 'there is no such hold')
      return by === hold.requester ? no('not-allowed', 'nobody decides about their own') : null
    },
    async approve(id, by, { breadth, group, lasts, uses, reason }) {
      const hold = pending(id)
      if ('fault' in hold) return hold
      const refusal = self.refusalOf(id, by)
      if (refusal) return refusal
      if (group !== null && !hold.held.groups.includes(group)) return no('too-wide', 'not in it')
      const wide = breadth ?? 'request'
      const given = givenGrant({
        id: id.replace('h-', 'g-'),
        hold: id,
        createdAt: self.time,
        expiresAt: self.time + (lasts ?? 1_800_000),
        uses: uses ?? (wide === 'request' ? 1 : null),
        approvers: [by],
        reason,
      })
      const { agent, host, port, scheme, method, path, regions } = hold.held
      const scope = {
        ...given.scope,
        ...{ breadth: wide, agent: group === null ? agent : null, group },
        ...{ host, port, scheme, regions, method, path },
        ...(wide === 'host' ? { method: null, path: null } : {}),
      }
      const grant: Grant = {
        ...given,
        scope,
        state: 'active',
        used: 0,
        endedAt: null,
        endedBy: null,
      }
      grants.set(grant.id, grant)
      const giving = { breadth: wide, group, lasts: lasts ?? 1_800_000, uses: grant.uses }
      const votes = [{ reviewer: by, at: self.time, reason, giving }]
      const approved = { ...hold, state: 'approved', votes, endedAt: self.time } as const
      const event = { kind: 'approved', at: self.time, hold: id, by, reason, grant } as const
      return tell(event, { ...approved, grant: grant.id })
    },
    deny: async (id, by, reason) => self.refusalOf(id, by) ?? end(id, by, reason, 'denied'),
    cancel: async (id, by, reason) =>
      holds.get(id)?.requester === by
        ? end(id, by, reason, 'cancelled')
        : no('not-allowed', 'only who asked'),
    async revoke(id, by, reason) {
      const grant = grants.get(id)
      const hold = holds.get(grant?.hold ?? '')
      if (!grant || !hold) return no('unknown', 'there is no such grant')
      if (grant.state !== 'active') return no('ended', `the grant is ${grant.state} already`)
      const at = self.time
      const revoked: Grant = { ...grant, state: 'revoked', endedAt: at, endedBy: by }
      grants.set(id, revoked)
      tell({ kind: 'revoked', at, hold: hold.id, grant: id, by, reason }, hold)
      return revoked
    },
    async request({ requester, purpose, agent, groups, scheme, authority, method, path, wants }) {
      const { host, port } = authority
      const about = held({ agent, groups, scheme, host: host.text, port, method, path })
      return opened({ kind: 'access', fingerprint: null, held: about, requester, purpose, wants })
    },
    watch(onEvent) {
      watchers.add(onEvent)
      return () => watchers.delete(onEvent)
    },
  }
  return self
}
