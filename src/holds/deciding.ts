/** What people do: agree, deny, withdraw, revoke, and ask for access ahead. Of two who decide at once one comes too late, and is told. */

import type { AccessWish, ApprovalWish, HoldProblem } from '../approvals.ts'
import type {
  Given,
  Grant,
  GrantId,
  Held,
  Hold,
  HoldEvent,
  HoldId,
  Opened,
  Vote,
} from '../model/hold.ts'
import type { Reviewer } from '../model/reviewer.ts'
import type { Survey } from './desk.ts'
import { type GrantLengths, narrowest, toGiving, toScope, toTimes } from './giving.ts'
import type { Happenings } from './happenings.ts'
import type { Leases } from './leases.ts'
import type { Parking } from './parking.ts'
import { isMet, refusalOf } from './reviewing.ts'

export interface DecidingOptions {
  readonly happenings: Happenings
  readonly parking: Parking
  readonly leases: Leases
  newId(): string
  isFull(held: Held): boolean
  reviewers(): readonly Reviewer[]
  lengths(): GrantLengths
}

export class Deciding {
  readonly #options: DecidingOptions
  /** A decision about it is being written down. */
  readonly #deciding = new Set<HoldId>()

  constructor(options: DecidingOptions) {
    this.#options = options
  }

  refusalOf(id: HoldId, by: string): HoldProblem | null {
    const hold = this.#options.happenings.book.holds.get(id)
    return hold ? refusalOf(hold, by, this.#options.reviewers()) : UNKNOWN_HOLD
  }

  async approve(id: HoldId, by: string, wish: ApprovalWish): Promise<Hold | HoldProblem> {
    const { happenings, parking, lengths, reviewers } = this.#options
    const hold = this.#findPending(id)
    if ('fault' in hold) return hold
    const refusal = refusalOf(hold, by, reviewers())
    if (refusal) return refusal
    if (hold.votes.some(({ reviewer }) => reviewer === by)) {
      return ended(`\`${by}\` has agreed to it already`, 'others have to agree as well')
    }
    const giving = toGiving(hold, wish, lengths())
    if ('fault' in giving) return giving
    const { reason } = wish
    const at = happenings.now()
    const votes: readonly Vote[] = [...hold.votes, { reviewer: by, at, reason, giving }]
    const agreed = votes.map(({ reviewer }) => reviewer)
    if (!isMet(hold, agreed, reviewers())) {
      return this.#decide({ kind: 'agreed', at, hold: id, by, reason, giving })
    }
    const grant = this.#toGrant(hold, votes, at)
    const decided = await this.#decide({ kind: 'approved', at, hold: id, by, reason, grant })
    const given = happenings.book.grants.get(grant.id)
    if (given) parking.wake(given)
    return decided
  }

  async deny(id: HoldId, by: string, reason: string | null): Promise<Hold | HoldProblem> {
    const { happenings, parking, reviewers } = this.#options
    const hold = this.#findPending(id)
    if ('fault' in hold) return hold
    const refusal = refusalOf(hold, by, reviewers())
    if (refusal) return refusal
    const decided = await this.#decide({
      kind: 'denied',
      at: happenings.now(),
      hold: id,
      by,
      reason,
    })
    parking.turnAway(id, { kind: 'denied', hold: id, reason })
    return decided
  }

  async cancel(id: HoldId, by: string, reason: string | null): Promise<Hold | HoldProblem> {
    const { happenings, parking } = this.#options
    const hold = this.#findPending(id)
    if ('fault' in hold) return hold
    if (by !== hold.requester && by !== hold.held.agent) {
      const detail = `it was asked for by \`${hold.requester}\`, who alone can withdraw it`
      return { fault: 'not-allowed', detail, hint: 'a reviewer can deny it' }
    }
    const at = happenings.now()
    const decided = await this.#decide({ kind: 'cancelled', at, hold: id, by, reason })
    parking.turnAway(id, { kind: 'cancelled', hold: id })
    return decided
  }

  /** What runs under it ends, and nothing more passes, before it is written down. */
  async revoke(id: GrantId, by: string, reason: string | null): Promise<Grant | HoldProblem> {
    const { happenings, leases, reviewers } = this.#options
    const { book } = happenings
    const grant = book.grants.get(id)
    if (!grant) return { ...UNKNOWN_HOLD, detail: 'there is no such grant' }
    const hold = book.holds.get(grant.hold)
    const refusal = hold ? refusalOf(hold, by, reviewers()) : null
    // Whoever has given it may take it back, whatever has become of them.
    if (refusal && !grant.approvers.includes(by)) return refusal
    const { state } = grant
    if (state === 'revoked' || (state === 'expired' && !leases.has(id))) {
      return ended(`the grant is ${state} already`, 'nothing passes under it any more')
    }
    const at = happenings.now()
    const written = happenings.atOnce({
      kind: 'revoked',
      at,
      hold: grant.hold,
      grant: id,
      by,
      reason,
    })
    leases.end(id)
    await written
    return book.grants.get(id) ?? grant
  }

  async request(wish: AccessWish, survey: Survey): Promise<Hold | HoldProblem> {
    const { happenings, isFull, newId } = this.#options
    const { requester, purpose, wants } = wish
    const { held, terms } = survey
    const at = happenings.now()
    if (wants.expiresAt <= at) return ended('that time is over', 'ask for a time to come')
    if (isFull(held)) return FULL
    const hold: Opened = {
      id: `h-${newId()}`,
      kind: 'access',
      held,
      terms,
      fingerprint: null,
      requester,
      purpose,
      wants,
      openedAt: at,
      expiresAt: Math.min(at + terms.expires, wants.expiresAt),
    }
    await happenings.opening({ kind: 'opened', at, hold })
    return happenings.book.holds.get(hold.id) ?? UNKNOWN_HOLD
  }

  #findPending(id: HoldId): Hold | HoldProblem {
    const { happenings } = this.#options
    const hold = happenings.book.holds.get(id)
    if (!hold) return UNKNOWN_HOLD
    if (hold.state !== 'pending') return ended(sayEnd(hold), hintAfter(hold))
    if (happenings.now() >= hold.expiresAt) return ended('it has expired', ASK_ANEW)
    if (this.#deciding.has(id)) return ended('somebody else is deciding it just now', 'look again')
    return hold
  }

  /** Nobody else decides meanwhile; it counts when it is written down, and not before. */
  async #decide(event: HoldEvent & { readonly hold: HoldId }): Promise<Hold | HoldProblem> {
    const { happenings } = this.#options
    this.#deciding.add(event.hold)
    try {
      await happenings.afterwards(event)
    } finally {
      this.#deciding.delete(event.hold)
    }
    return happenings.book.holds.get(event.hold) ?? UNKNOWN_HOLD
  }

  #toGrant(hold: Hold, votes: readonly Vote[], at: number): Given {
    const { newId, reviewers } = this.#options
    // Who may not decide any more gives nothing, and limits nothing.
    const counting = votes.filter(({ reviewer }) => !refusalOf(hold, reviewer, reviewers()))
    const giving = narrowest(counting.map((vote) => vote.giving))
    return {
      id: `g-${newId()}`,
      hold: hold.id,
      scope: toScope(hold, giving),
      createdAt: at,
      ...toTimes(hold, giving, at),
      uses: giving.uses,
      approvers: counting.map(({ reviewer }) => reviewer),
      reason: counting.at(-1)?.reason ?? null,
    }
  }
}

function ended(detail: string, hint: string): HoldProblem {
  return { fault: 'ended', detail, hint }
}

function sayEnd({ state, endedBy, votes }: Hold): string {
  const by =
    endedBy ?? (state === 'approved' ? votes.map(({ reviewer }) => reviewer).join(', ') : '')
  return `it is ${state} already${by ? ` (${by})` : ''}`
}

function hintAfter({ state, grant }: Hold): string {
  return state === 'approved' ? `to take it back: \`cordon grants revoke ${grant}\`` : ASK_ANEW
}

const ASK_ANEW = 'if the agent asks again there is a new one'

const UNKNOWN_HOLD: HoldProblem = {
  fault: 'unknown',
  detail: 'there is no such hold',
  hint: '`cordon holds` lists them',
}

const FULL: HoldProblem = {
  fault: 'full',
  detail: 'too many calls wait already',
  hint: 'decide some of them first, or raise `hold: max_pending`',
}
