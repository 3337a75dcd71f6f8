/**
 * Tells receivers what happens to holds: each what it has asked for, each through a box of its own, so that none waits for another.
 * It watches and never decides; whatever goes wrong here, holds go on without it.
 */

import type { Approvals } from '../../approvals.ts'
import type { Hold, HoldEvent } from '../../model/hold.ts'
import { isAmong, type Reviewer } from '../../model/reviewer.ts'
import { Losses } from './losses.ts'
import { type Notice, type NoticedLink, type NoticeEvent, toNotice } from './notice.ts'
import { type Delivery, Outbox, toPause } from './outbox.ts'

export interface Receiver {
  readonly id: string
  /** What it wants to hear of. */
  readonly on: readonly NoticeEvent[]
  /** Only of what one of these may decide: ids and groups of reviewers; null for everything. */
  readonly reviewers: readonly string[] | null
  /** Never rejects but for a defect of ours. */
  deliver(notice: Notice, signal: AbortSignal): Promise<Delivery>
}

export interface NotifierOptions {
  readonly approvals: Pick<Approvals, 'watch'>
  readonly receivers: readonly Receiver[]
  /** All there are now. */
  reviewers(): readonly Reviewer[]
  /** Makes null where there is no place to decide that a link could lead to. */
  readonly links: { make(hold: Hold, receiver: string): NoticedLink | null }
  /** Unpredictable, and different each time. */
  newId(): string
  /** Milliseconds before the next try, after so many; for tests. */
  readonly pause?: (tries: number) => number
  /** One notice that will not arrive, or several; not more often than once a minute. @param what begins lower-case; without secrets. Never throws. */
  onLost(receiver: string, what: string): void
  /** Never throws. */
  report(where: string, error: unknown): void
}

export interface Notifier {
  /** For /metrics. */
  counts(): readonly NoticeCounts[]
  /** Stops to listen and to send. */
  close(): Promise<void>
}

export interface NoticeCounts {
  readonly receiver: string
  readonly taken: number
  readonly lost: number
  readonly waiting: number
}

export function startNotifier(options: NotifierOptions): Notifier {
  const { approvals, receivers, reviewers, links, newId, onLost, report } = options
  const losses = new Losses(onLost)
  const boxes = receivers.map((receiver) => ({
    receiver,
    box: new Outbox({
      deliver: (notice, signal) => receiver.deliver(notice, signal),
      pause: options.pause ?? ((tries) => toPause(tries, Math.random())),
      onLost: ({ event, hold }, detail) =>
        losses.add(receiver.id, `\`${event}\` of ${hold.id}: ${detail}`),
      onOverflow: (count) =>
        losses.add(
          receiver.id,
          `${count} that were older had no room: too many wait for it`,
          count,
        ),
      report,
    }),
  }))
  const stop = approvals.watch((event, hold) => {
    for (const { receiver, box } of boxes) {
      try {
        if (!wants(receiver, event, hold, reviewers())) continue
        const link = asksFor(event, hold) ? links.make(hold, receiver.id) : null
        box.push(toNotice(newId(), event, hold, link))
      } catch (error) {
        report('notices', error)
      }
    }
  })
  return {
    counts: () =>
      boxes.map(({ receiver: { id }, box }) => ({
        receiver: id,
        ...box.counts,
        waiting: box.waiting,
      })),
    async close() {
      stop()
      await Promise.all(
        boxes.map(async ({ receiver, box }) => {
          const left = await box.close()
          if (left > 0) losses.add(receiver.id, `${left} were not sent before Cordon stopped`, left)
        }),
      )
      losses.close()
    },
  }
}

/** @param known all reviewers there are */
function wants(
  { on, reviewers: names }: Receiver,
  { kind }: HoldEvent,
  { terms }: Hold,
  known: readonly Reviewer[],
): boolean {
  if (!on.includes(kind)) return false
  if (names === null) return true
  const people = known.filter(({ id, groups }) =>
    names.some((name) => name === id || groups.includes(name)),
  )
  return terms.approvals.some((approval) => people.some((person) => isAmong(approval, person)))
}

/** Whether somebody has to decide something now: of those who have to agree each gets a link, because each is good once. */
function asksFor({ kind }: HoldEvent, { state }: Hold): boolean {
  return (kind === 'opened' || kind === 'agreed') && state === 'pending'
}
