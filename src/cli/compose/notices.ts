/**
 * Notices to people and programs, and the links back, beside the process that owns the log. They have a way out of their own, on which
 * nobody waits for a person: a notice that would be held is refused, for it could be about itself.
 */

import { randomUUID } from 'node:crypto'
import type { Approvals } from '../../approvals.ts'
import { AuditReader } from '../../audit/read.ts'
import { createEnforcer, type Enforcer } from '../../enforce.ts'
import { openLinkKey } from '../../holds/links/link-key.ts'
import { Links, MAX_LINK_MS } from '../../holds/links/links.ts'
import { type NoticeCounts, startNotifier } from '../../holds/notices/notifier.ts'
import { NO_INSPECTOR } from '../../inspector.ts'
import type { Reading } from '../../metrics/registry.ts'
import { NO_DECODER, NO_HOLDS, NO_METER, NO_OUTLINE } from '../../ports.ts'
import { say } from '../output.ts'
import { openReceivers, type ReceiverAt } from '../receivers.ts'
import { composeOrigins, openOriginContexts, watchOriginFiles } from './origins.ts'
import type { Owner } from './owner.ts'
import { auditPath, clock, report } from './process.ts'

export interface Notices extends AsyncDisposable {
  readonly links: Links
  counts(): readonly NoticeCounts[]
  /** For /metrics. */
  readonly reading: Reading
}

export interface NoticesOptions {
  readonly owner: Pick<Owner, 'settings' | 'evaluation' | 'log' | 'ledger' | 'note' | 'onPolicy'>
  readonly approvals: Pick<Approvals, 'watch'>
  /** URL of the console, once it listens; null: there is none. */
  consoleUrl(): string | null
  /** Milliseconds before the next try; for tests. */
  readonly pause?: (tries: number) => number
}

/** @returns null when nobody is to be told. @throws CommandError, KeyFileError */
export async function composeNotices(options: NoticesOptions): Promise<Notices | null> {
  const { owner, approvals, consoleUrl } = options
  const { notify } = owner.settings.operation
  if (!notify) return null
  await using stack = new AsyncDisposableStack()
  const own = await composeWayOut(stack, owner)
  const receivers = openReceivers(notify, own)
  const links = openLinks(owner, () => {
    const url = consoleUrl()
    return url && (notify.linkBase ?? url)
  })
  const notifier = startNotifier({
    approvals,
    receivers,
    reviewers: () => owner.settings.policy.reviewers,
    links,
    newId: randomUUID,
    ...(options.pause ? { pause: options.pause } : {}),
    onLost(receiver, what) {
      say(`warning: notices to \`${receiver}\`: ${what}`)
      owner.note('notice-failed', receiver, what)
    },
    report,
  })
  stack.defer(() => notifier.close())
  const blocked = new Set<string>()
  const look = () => {
    warnOfBlocked(owner, receivers, own.enforcer, blocked).catch((error: unknown) =>
      report('notices', error),
    )
  }
  owner.onPolicy.add(look)
  stack.defer(() => {
    owner.onPolicy.delete(look)
  })
  look()
  const resources = stack.move()
  return {
    links,
    counts: () => notifier.counts(),
    reading: toReading(() => notifier.counts()),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function toReading(counts: () => readonly NoticeCounts[]): Reading {
  return {
    name: 'cordon_notices_total',
    help: 'Notices that a receiver has taken, and those that were given up.',
    type: 'counter',
    read: () =>
      counts().flatMap(({ receiver, taken, lost }) => [
        { labels: { receiver, outcome: 'taken' }, value: taken },
        { labels: { receiver, outcome: 'lost' }, value: lost },
      ]),
  }
}

/** As for traffic, but that nothing waits for a person, and nothing is counted as traffic. */
async function composeWayOut(stack: AsyncDisposableStack, owner: NoticesOptions['owner']) {
  const { operation } = owner.settings
  const { resolver, locator } = owner.evaluation
  const contexts = await openOriginContexts(operation)
  // Told of by those that serve.
  watchOriginFiles(stack, contexts, () => {})
  const enforcer = createEnforcer({
    clock,
    resolver,
    locator,
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: NO_HOLDS,
    audit: owner.log,
    ledger: owner.ledger,
    meter: NO_METER,
    policy: () => owner.settings.policy,
    report,
  })
  const { origins } = composeOrigins(stack, operation, contexts, NO_METER, enforcer)
  return { enforcer, origins, contexts }
}

function openLinks({ settings, log }: NoticesOptions['owner'], base: () => string | null): Links {
  const { operation } = settings
  using reader = new AuditReader(auditPath(operation))
  const since = new Date(clock.now() - MAX_LINK_MS).toISOString()
  return new Links({
    key: openLinkKey(operation.dataDir),
    base,
    used: reader.linkUses(since),
    now: clock.now,
    record: (hold, by, receiver, nonce) =>
      log.note({
        at: clock.now(),
        actor: by,
        action: 'link-used',
        subject: hold,
        detail: `link ${nonce} of ${receiver}`,
      }),
  })
}

/** Says at once what would otherwise be found out when a notice is missing. @param blocked ids of those that it was said of */
async function warnOfBlocked(
  owner: NoticesOptions['owner'],
  receivers: readonly ReceiverAt[],
  enforcer: Enforcer,
  blocked: Set<string>,
): Promise<void> {
  for (const receiver of receivers) {
    const { id, authority } = receiver
    const { passes, reason } = await receiver.judge(enforcer)
    if (passes) blocked.delete(id)
    if (passes || blocked.has(id)) continue
    blocked.add(id)
    const { enforced } = owner.settings.policy
    const host = authority.host.text
    const what = `notices to \`${id}\` ${enforced ? 'do' : 'would'} not pass the policy (${host}): ${reason}`
    say(`warning: ${what}`)
    say(
      `hint: to allow it add a rule { id: notices-to-${id}, because: …, when: { agent: cordon, host: ${host} }, then: allow }, or zones for the agent \`cordon\``,
    )
    owner.note('notices-blocked', id, what)
  }
}
