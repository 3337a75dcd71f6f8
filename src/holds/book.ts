/**
 * What holds and grants are, computed from what happened to them: the same at work and after a restart. Knows no clock; whoever asks
 * says what time it is.
 */

import type {
  Given,
  Grant,
  GrantId,
  Held,
  Hold,
  HoldEvent,
  HoldId,
  HoldQuestion,
  Vote,
} from '../model/hold.ts'
import { covers } from './covers.ts'

/** How long what has ended is remembered, in milliseconds, and how many holds at most. */
const REMEMBERED_MS = 24 * 3_600_000
export const MAX_ENDED = 20_000

export class Book {
  readonly holds = new Map<HoldId, Hold>()
  readonly grants = new Map<GrantId, Grant>()
  /** The latest with each fingerprint. */
  readonly #byFingerprint = new Map<string, HoldId>()
  /** Active ones, by where they lead. */
  readonly #active = new Map<string, Set<GrantId>>()
  readonly #pending = new Set<HoldId>()
  readonly #pendingOf = new Map<string, number>()
  readonly #maxEnded: number

  constructor(maxEnded = MAX_ENDED) {
    this.#maxEnded = maxEnded
  }

  /** Holds that wait for a decision, oldest first. */
  get pending(): ReadonlySet<HoldId> {
    return this.#pending
  }

  /** How many of an agent do; of one who has proved nothing, those of its address. */
  pendingOf(held: Held): number {
    return this.#pendingOf.get(whoseIs(held)) ?? 0
  }

  *activeGrants(): Generator<Grant> {
    for (const ids of this.#active.values()) {
      for (const id of ids) {
        const grant = this.grants.get(id)
        if (grant) yield grant
      }
    }
  }

  latestWith(fingerprint: string): Hold | null {
    return this.holds.get(this.#byFingerprint.get(fingerprint) ?? '') ?? null
  }

  /**
   * An active grant that is good for the request; the narrowest, and of those the one that ends first.
   *
   * @param stands whether those who gave it could give it now
   */
  grantFor(question: HoldQuestion, now: number, stands: (grant: Grant) => boolean): Grant | null {
    const { held } = question
    let best: Grant | null = null
    for (const id of this.#active.get(placeOf(held)) ?? []) {
      const grant = this.grants.get(id)
      if (!grant || now < grant.startsAt || now >= grant.expiresAt) continue
      if (best !== null && !isBetter(grant, best)) continue
      if (covers(grant.scope, question) && stands(grant)) best = grant
    }
    return best
  }

  apply(event: HoldEvent): void {
    const { at } = event
    switch (event.kind) {
      case 'opened':
        return this.#open({ ...event.hold, ...UNDECIDED })
      case 'agreed': {
        const { by: reviewer, reason, giving } = event
        return this.#vote(event.hold, { reviewer, at, reason, giving })
      }
      case 'approved': {
        const { by: reviewer, reason, grant } = event
        this.#vote(event.hold, { reviewer, at, reason, giving: toGiving(grant) })
        this.#end(event.hold, { state: 'approved', endedAt: at, grant: grant.id })
        return this.#give(grant)
      }
      case 'denied':
        return this.#end(event.hold, {
          state: 'denied',
          endedAt: at,
          endedBy: event.by,
          reason: event.reason,
        })
      case 'expired':
        return this.#end(event.hold, { state: 'expired', endedAt: at })
      case 'cancelled':
        return this.#end(event.hold, {
          state: 'cancelled',
          endedAt: at,
          endedBy: event.by,
          reason: event.reason,
        })
      case 'used':
        return this.#use(event.grant, at)
      case 'revoked':
        return this.#endGrant(event.grant, { state: 'revoked', endedAt: at, endedBy: event.by })
      case 'grant-expired':
        return this.#endGrant(event.grant, { state: 'expired', endedAt: at })
      default:
        event satisfies never
    }
  }

  /** A hold that could not be written down. */
  unopen(id: HoldId): void {
    const hold = this.holds.get(id)
    if (!hold) return
    this.holds.delete(id)
    this.#forgetFingerprint(hold)
    if (hold.state === 'pending') this.#countPending(hold, -1)
  }

  /** Lets go of what ended long ago. */
  forget(now: number): void {
    const isOld = (at: number) => at + REMEMBERED_MS <= now
    let extra = this.#ended - this.#maxEnded
    for (const hold of this.holds.values()) {
      if (hold.endedAt === null || !(isOld(hold.endedAt) || extra-- > 0)) continue
      this.holds.delete(hold.id)
      this.#forgetFingerprint(hold)
    }
    for (const { id, endedAt, expiresAt } of this.grants.values()) {
      // Something may run under one that is used up until its time is over.
      if (endedAt !== null && isOld(Math.max(endedAt, expiresAt))) this.#remove(id)
    }
  }

  get #ended(): number {
    return this.holds.size - this.#pending.size
  }

  #open(hold: Hold): void {
    // Whoever asks and leaves again and again is not waited for.
    if (this.#ended > this.#maxEnded * 1.1) this.forget(hold.openedAt)
    this.holds.set(hold.id, hold)
    if (hold.fingerprint !== null) this.#byFingerprint.set(hold.fingerprint, hold.id)
    this.#countPending(hold, 1)
  }

  #vote(id: HoldId, vote: Vote): void {
    const hold = this.holds.get(id)
    if (hold) this.holds.set(id, { ...hold, votes: [...hold.votes, vote] })
  }

  #end(id: HoldId, end: Pick<Hold, 'state' | 'endedAt'> & Partial<Hold>): void {
    const hold = this.holds.get(id)
    if (hold?.state !== 'pending') return
    this.#countPending(hold, -1)
    this.holds.set(id, { ...hold, ...end })
  }

  #give(given: Given): void {
    const grant: Grant = { ...given, state: 'active', used: 0, endedAt: null, endedBy: null }
    this.grants.set(grant.id, grant)
    this.#setActive(grant)
  }

  #use(id: GrantId, at: number): void {
    const grant = this.grants.get(id)
    if (!grant) return
    const used = grant.used + 1
    if (grant.uses === null || used < grant.uses || grant.state !== 'active') {
      this.grants.set(id, { ...grant, used })
    } else this.#endGrant(id, { state: 'used', endedAt: at, used })
  }

  #endGrant(id: GrantId, end: Pick<Grant, 'state' | 'endedAt'> & Partial<Grant>): void {
    const grant = this.grants.get(id)
    if (!grant) return
    this.grants.set(id, { ...grant, ...end })
    this.#unsetActive(grant)
  }

  #remove(id: GrantId): void {
    const grant = this.grants.get(id)
    if (!grant) return
    this.grants.delete(id)
    this.#unsetActive(grant)
  }

  #setActive({ id, scope }: Grant): void {
    const place = placeOf(scope)
    const there = this.#active.get(place)
    if (there) there.add(id)
    else this.#active.set(place, new Set([id]))
  }

  #unsetActive({ id, scope }: Grant): void {
    const place = placeOf(scope)
    const there = this.#active.get(place)
    there?.delete(id)
    if (there?.size === 0) this.#active.delete(place)
  }

  #countPending({ id, held }: Hold, change: 1 | -1): void {
    if (change === 1) this.#pending.add(id)
    else this.#pending.delete(id)
    const count = this.pendingOf(held) + change
    if (count === 0) this.#pendingOf.delete(whoseIs(held))
    else this.#pendingOf.set(whoseIs(held), count)
  }

  #forgetFingerprint({ id, fingerprint }: Hold): void {
    if (fingerprint !== null && this.#byFingerprint.get(fingerprint) === id) {
      this.#byFingerprint.delete(fingerprint)
    }
  }
}

const UNDECIDED = {
  state: 'pending',
  votes: [],
  endedAt: null,
  endedBy: null,
  reason: null,
  grant: null,
} as const

const BREADTHS = ['request', 'path', 'host']

/** The narrower one, so that the wider stays for what only it covers. */
function isBetter({ scope, expiresAt }: Grant, than: Grant): boolean {
  const difference = BREADTHS.indexOf(scope.breadth) - BREADTHS.indexOf(than.scope.breadth)
  return difference < 0 || (difference === 0 && expiresAt < than.expiresAt)
}

function toGiving({ scope, createdAt, startsAt, expiresAt, uses }: Given): Vote['giving'] {
  const lasts = expiresAt - Math.max(startsAt, createdAt)
  return { breadth: scope.breadth, group: scope.group, lasts, uses }
}

function whoseIs({ agent, clientIp, proven }: Held): string {
  return proven ? agent : `${agent} ${clientIp}`
}

function placeOf({ scheme, host, port }: Pick<Grant['scope'], 'scheme' | 'host' | 'port'>): string {
  return `${scheme} ${host} ${port}`
}
