/** Where calls wait and people decide: one for a proxy, however many processes serve. Puts together what the other files here do. */

import type { AccessWish, Approvals, HoldProblem } from '../approvals.ts'
import type { GrantId, Held, HoldEvent, HoldQuestion } from '../model/hold.ts'
import type { Reviewer } from '../model/reviewer.ts'
import type { Holds } from '../ports.ts'
import { Deciding } from './deciding.ts'
import type { GrantLengths } from './giving.ts'
import { Happenings, type HappeningsOptions } from './happenings.ts'
import { Leases } from './leases.ts'
import { Parking } from './parking.ts'

/** What of the policy in force counts here. */
export interface DeskPolicy {
  readonly reviewers: readonly Reviewer[]
  readonly holds: GrantLengths & {
    readonly maxPending: number
    readonly maxPendingPerAgent: number
  }
}

/** A request that somebody may make later, as it would be held. */
export type Survey = Pick<HoldQuestion, 'held' | 'terms'>

export interface DeskOptions extends HappeningsOptions {
  policy(): DeskPolicy
  /** Eight letters and digits, drawn at random. */
  newId(): string
  /** What would become of a request that somebody asks for ahead. */
  survey(wish: AccessWish): Promise<Survey | HoldProblem>
}

export interface Desk extends Holds, Approvals, Disposable {
  /** Milliseconds since the epoch, by the clock that does not go back: what leave begins and ends by. */
  now(): number
  /** Called when leave ends before its time, with whatever runs under it. */
  onLeaseEnd: (grant: GrantId) => void
  /** Nobody waits any more, nor will: clients are told to come again, and find their holds where they were. */
  close(): void
  /** Ends what has ended by time; does so by itself, `TICK_MS` apart. */
  tick(): void
}

/** How exactly things end by time, in milliseconds. */
const TICK_MS = 250
/** How often it is looked for what ended long ago. */
const FORGET_TICKS = 240

/** @param events all that happened to what may still matter, in order */
export function openDesk(options: DeskOptions, events: Iterable<HoldEvent>): Desk {
  const { policy, survey } = options
  const happenings = new Happenings(options, events)
  const { book } = happenings
  const leases = new Leases((grant) => desk.onLeaseEnd(grant))
  const isFull = (held: Held) => {
    const { maxPending, maxPendingPerAgent } = policy().holds
    return book.pending.size >= maxPending || book.pendingOf(held) >= maxPendingPerAgent
  }
  /** What is still spoken of keeps its name for itself. */
  const newId = (): string => {
    const id = options.newId()
    return book.holds.has(`h-${id}`) || book.grants.has(`g-${id}`) ? newId() : id
  }
  const reviewers = () => policy().reviewers
  const lengths = () => policy().holds
  const shared = { happenings, leases, newId, isFull, reviewers }
  const parking = new Parking(shared)
  const deciding = new Deciding({ ...shared, parking, lengths })

  let ticks = 0

  const desk: Desk = {
    onLeaseEnd: () => {},
    now: () => happenings.now(),
    ask: (question, wait, gone) => parking.ask(question, wait, gone),
    holds: () => [...book.holds.values()],
    hold: (id) => book.holds.get(id) ?? null,
    outline: (id) => parking.outline(id),
    preview: (id) => parking.preview(id),
    waiting: (id) => parking.waiting(id),
    grants: () => [...book.grants.values()],
    refusalOf: (id, by) => deciding.refusalOf(id, by),
    approve: (id, by, wish) => deciding.approve(id, by, wish),
    deny: (id, by, reason) => deciding.deny(id, by, reason),
    cancel: (id, by, reason) => deciding.cancel(id, by, reason),
    revoke: (id, by, reason) => deciding.revoke(id, by, reason),
    async request(wish) {
      const found = await survey(wish)
      return 'fault' in found ? found : deciding.request(wish, found)
    },
    watch: (onEvent) => happenings.watch(onEvent),
    close: () => parking.close(),
    tick() {
      const now = happenings.now()
      happenings.catchUp()
      parking.expire(now)
      expireGrants(happenings, leases, now)
      if (ticks++ % FORGET_TICKS === 0) book.forget(now)
    },
    [Symbol.dispose]() {
      parking.close()
      clearInterval(timer)
    },
  }

  desk.tick()
  const timer = setInterval(() => desk.tick(), TICK_MS).unref()
  return desk
}

/** What was begun with leave for one request may end in its own time; leave for a time ends what runs under it. */
function expireGrants(happenings: Happenings, leases: Leases, now: number): void {
  const { book } = happenings
  for (const { id, hold, expiresAt } of [...book.activeGrants()]) {
    if (now < expiresAt) continue
    happenings.inPassing({ kind: 'grant-expired', at: now, hold, grant: id })
  }
  // Also under those whose uses are all used, which are not active any more.
  for (const id of [...leases.grants]) {
    const grant = book.grants.get(id)
    if (grant && grant.scope.breadth !== 'request' && now >= grant.expiresAt) leases.end(id)
  }
}
