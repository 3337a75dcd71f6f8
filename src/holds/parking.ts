/**
 * Requests that wait for a person: each joins the hold that is for the same, or opens one; goes when it is decided, when its time is
 * over, or when its client leaves.
 *
 * INVARIANT: `granted` is only said with a use of a grant in the log.
 */

import type { Grant, Held, Hold, HoldId, HoldQuestion, Opened } from '../model/hold.ts'
import type { Reviewer } from '../model/reviewer.ts'
import type { HoldAnswer } from '../ports.ts'
import { covers } from './covers.ts'
import type { Happenings } from './happenings.ts'
import type { Leases } from './leases.ts'
import { stands } from './reviewing.ts'
import { WaitingRoom } from './waiting-room.ts'

export interface ParkingOptions {
  readonly happenings: Happenings
  readonly leases: Leases
  newId(): string
  /** Whether one more hold of the agent would be too many. */
  isFull(held: Held): boolean
  reviewers(): readonly Reviewer[]
}

type View = Pick<HoldQuestion, 'outline' | 'preview'>

export class Parking {
  readonly #options: ParkingOptions
  readonly #room = new WaitingRoom()
  /** Being written down: whoever comes for the same waits for that. */
  readonly #opening = new Map<string, Promise<Hold | null>>()
  /** Expired while nobody waited: whoever comes again is told once. */
  readonly #untold = new Set<HoldId>()
  /** What reviewers may see of the request; in memory alone. */
  readonly #views = new Map<HoldId, View>()
  #isClosing = false

  constructor(options: ParkingOptions) {
    this.#options = options
  }

  async ask(question: HoldQuestion, wait: number, gone: AbortSignal): Promise<HoldAnswer> {
    const { happenings, reviewers } = this.#options
    const isGood = (grant: Grant) => stands(grant, question, reviewers())
    const grant = happenings.book.grantFor(question, happenings.now(), isGood)
    // A use is not spent on a client that has left.
    if (grant && gone.aborted) return { kind: 'cancelled', hold: grant.hold }
    if (grant) return this.#use(grant, question)
    const last = happenings.book.latestWith(question.fingerprint)
    const settled = last && this.#toSettled(last)
    if (settled) return settled
    const opened = await this.#openOrJoin(last, question)
    if (opened === null) return { kind: 'full' }
    // Whatever has become of it while it was written down.
    const hold = happenings.book.holds.get(opened.id)
    if (hold?.state === 'denied') return { kind: 'denied', hold: hold.id, reason: hold.reason }
    if (hold?.state !== 'pending') return { kind: 'approved', hold: opened.id }
    // Also of one from before a restart, when its request comes again.
    this.#views.set(hold.id, { outline: question.outline, preview: question.preview })
    const onEnd = (how: 'over' | 'gone') => this.#onWaited(hold, how)
    const most = this.#isClosing ? 0 : wait
    return this.#room.wait(hold.id, { question, wait: most, gone, onEnd })
  }

  waiting(id: HoldId): number {
    return this.#room.count(id)
  }

  outline(id: HoldId): string | null {
    return this.#views.get(id)?.outline ?? null
  }

  preview(id: HoldId): string | null {
    return this.#views.get(id)?.preview ?? null
  }

  /** Leave was given: those it is good for are to ask again. */
  wake(grant: Grant): void {
    this.#room.tell(grant.hold, { kind: 'approved', hold: grant.hold })
    this.#views.delete(grant.hold)
    this.#room.tellWhere(
      (question) => covers(grant.scope, question),
      (hold) => ({ kind: 'approved', hold }),
    )
  }

  /** There will be none. */
  turnAway(id: HoldId, answer: HoldAnswer): void {
    this.#views.delete(id)
    this.#room.tell(id, answer)
  }

  expire(now: number): void {
    const { happenings } = this.#options
    for (const id of happenings.book.pending) {
      const hold = happenings.book.holds.get(id)
      if (!hold || now < hold.expiresAt) continue
      if (this.#expire(id) === 0) this.#untold.add(id)
    }
    for (const id of this.#untold) if (!happenings.book.holds.has(id)) this.#untold.delete(id)
  }

  /** Nobody waits any more, nor will: clients are told to come again, and find their holds where they were. */
  close(): void {
    this.#isClosing = true
    this.#room.tellWhere(
      () => true,
      (id) => this.#toPending(id),
    )
  }

  /** A use is taken before anything else happens; one that cannot be written down is lost, not given back. */
  async #use({ id, hold, approvers }: Grant, question: HoldQuestion): Promise<HoldAnswer> {
    const { happenings, leases } = this.#options
    const lease = leases.of(id)
    const { fingerprint } = question
    const own = happenings.book.latestWith(fingerprint)
    const used = happenings.atOnce({ kind: 'used', at: happenings.now(), hold, grant: id })
    // What waited for the same under another hold has nothing left to wait for.
    const isLeft = own?.state === 'pending' && !this.#opening.has(fingerprint)
    if (isLeft && this.#room.count(own.id) === 0) this.#cancel(own.id, `settled by grant ${id}`)
    await used
    return { kind: 'granted', hold, grant: id, approvers, lease }
  }

  /** What an identical request is told of what is over; null for nothing: it opens a hold, or joins. */
  #toSettled({ id, state, reason, expiresAt }: Hold): HoldAnswer | null {
    if (state === 'denied' && this.#options.happenings.now() < expiresAt) {
      return { kind: 'denied', hold: id, reason }
    }
    return this.#untold.delete(id) ? { kind: 'expired', hold: id } : null
  }

  /** @returns null when too many wait */
  #openOrJoin(last: Hold | null, question: HoldQuestion): Promise<Hold | null> {
    const { fingerprint } = question
    const opening = this.#opening.get(fingerprint)
    if (opening) return opening
    const { happenings } = this.#options
    if (last?.state === 'pending' && happenings.now() < last.expiresAt) return Promise.resolve(last)
    const opened = this.#open(question).finally(() => this.#opening.delete(fingerprint))
    this.#opening.set(fingerprint, opened)
    return opened
  }

  async #open(question: HoldQuestion): Promise<Hold | null> {
    const { fingerprint, held, requester, terms } = question
    const { happenings, isFull, newId } = this.#options
    if (isFull(held)) return null
    const at = happenings.now()
    const hold: Opened = {
      id: `h-${newId()}`,
      kind: 'request',
      held,
      terms,
      fingerprint,
      requester,
      purpose: null,
      wants: null,
      openedAt: at,
      expiresAt: at + terms.expires,
    }
    await happenings.opening({ kind: 'opened', at, hold })
    return happenings.book.holds.get(hold.id) ?? null
  }

  #onWaited({ id, held, terms, expiresAt }: Hold, how: 'over' | 'gone'): HoldAnswer {
    const isLast = this.#room.count(id) === 0
    if (how === 'gone') {
      if (isLast && !terms.durable) this.#cancel(id, 'the client left')
      return { kind: 'cancelled', hold: id }
    }
    const { happenings } = this.#options
    if (happenings.now() >= expiresAt) {
      this.#expire(id)
      return { kind: 'expired', hold: id }
    }
    // Nobody could tell another request from this one.
    if (isLast && held.bodyDigest === null && held.bodyBytes !== 0) {
      this.#cancel(id, 'not all of the body was seen, so no other request is known to be the same')
      return { kind: 'expired', hold: id }
    }
    return this.#toPending(id)
  }

  /** @returns how many were told */
  #expire(id: HoldId): number {
    const { happenings } = this.#options
    if (happenings.book.holds.get(id)?.state === 'pending') {
      happenings.inPassing({ kind: 'expired', at: happenings.now(), hold: id })
    }
    this.#views.delete(id)
    return this.#room.tell(id, { kind: 'expired', hold: id })
  }

  #toPending(id: HoldId): HoldAnswer {
    const expiresAt = this.#options.happenings.book.holds.get(id)?.expiresAt ?? 0
    return { kind: 'pending', hold: id, expiresAt }
  }

  #cancel(id: HoldId, reason: string): void {
    const { happenings } = this.#options
    this.#views.delete(id)
    happenings.inPassing({ kind: 'cancelled', at: happenings.now(), hold: id, by: null, reason })
  }
}
