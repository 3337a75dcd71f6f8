/**
 * A process that serves: the same as a proxy in one process, but the log, the policy and what is remembered of hosts are elsewhere. It
 * takes its orders from the process that owns those and does not outlive it.
 */

import { Socket } from 'node:net'
import { AuditClient } from '../../../audit/remote/client.ts'
import { loadSettings, type Settings } from '../../../config/load.ts'
import { createRegistry } from '../../../metrics/registry.ts'
import { PostgresqlMemory } from '../../../proxy/postgresql/memory.ts'
import { parsePair } from '../../../tls/authority-pair.ts'
import { TicketRing } from '../../../tls/tickets.ts'
import { toEndpoint } from '../../endpoints.ts'
import { describeFailure } from '../../program.ts'
import { composeEvaluation } from '../evaluation.ts'
import { TABLES_MS } from '../owner.ts'
import { clock, report } from '../process.ts'
import { composeTraffic, createAcceptance, toBound } from '../traffic.ts'
import type { FromWorker, Start, ToWorker } from './messages.ts'
import { RemoteHolds } from './remote-holds.ts'
import { RemoteLedger } from './remote-ledger.ts'
import { SharedTokens } from './shared-tokens.ts'

/** Rows of the log go there: see `crew`. */
export const AUDIT_FD = 4

/** How often the other processes are told what is open here, in milliseconds. */
const USAGE_MS = 250

/** How often it says that it is alive, in milliseconds. */
const BEAT_MS = 1_000

/** Serves until it is told to stop, or the process that owns is gone. */
export function serveAsWorker(): void {
  // They are for the process that owns, and reach all of a group: it says what is to be done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  // Nobody would know any more what passes here.
  process.on('disconnect', () => process.exit(1))
  setInterval(() => tell({ type: 'beat' }), BEAT_MS).unref()
  let worker: Promise<Worker> | null = null
  // One order after the other.
  let work: Promise<void> = Promise.resolve()
  process.on('message', (order: ToWorker) => {
    if (order.type === 'start') {
      worker = start(order.start)
      worker.catch((error: unknown) => {
        process.send?.(
          { type: 'failed', failure: describeFailure(error) } satisfies FromWorker,
          () => process.exit(1),
        )
      })
      return
    }
    work = work
      .then(async () => (await worker)?.obey(order))
      .catch((error: unknown) => {
        report('worker', error)
      })
  })
}

interface Worker {
  obey(order: Exclude<ToWorker, { type: 'start' }>): void | Promise<void>
}

async function start(given: Start): Promise<Worker> {
  const { operation, load } = given
  const read = (snapshot: Start['snapshot']): Settings => ({
    ...loadSettings({ ...load, snapshot }),
    operation,
  })
  let inForce = read(given.snapshot)
  let prepared: Settings | null = null

  const { path, pem } = given.authority
  const authority = parsePair(pem, { certificate: path, key: path }, clock.now())
  const tickets = new TicketRing({ clock, given: given.tickets })
  const ledger = new RemoteLedger(operation.breaker, given.contradictions, tell)
  const channel = new Socket({ fd: AUDIT_FD, readable: true, writable: true })
  const audit = new AuditClient(channel)
  let closing = false
  // Without the log nothing may pass here any more: another process can take its place.
  channel.on('close', () => {
    if (!closing) process.exit(1)
  })
  const own = given.console ? [toEndpoint(given.console)] : []
  // Whom a client was told of by one, it may reach by another: only who takes connections over asks what names have led to.
  const onAnswer = (name: string, addresses: readonly string[]) => {
    if (operation.transparent !== null) tell({ type: 'answer', name, addresses })
  }
  const evaluation = await composeEvaluation(() => inForce, own, onAnswer)
  setInterval(() => {
    evaluation.tables.renew().catch((error: unknown) => report('prefix tables', error))
  }, TABLES_MS).unref()
  const holds = new RemoteHolds(tell)
  const sharing = new SharedTokens(tell)
  const postgresql = new PostgresqlMemory((name, session) =>
    tell({ type: 'session', name, session }),
  )
  const acceptance = createAcceptance((news) => tell({ type: 'acceptance', news }))
  const traffic = await composeTraffic({
    settings: () => inForce,
    audit,
    ledger,
    holds,
    authority,
    evaluation,
    own,
    tickets,
    sharing,
    postgresql,
    acceptance,
    pseudonym: given.pseudonym,
    note: (action, subject, detail) => {
      audit
        .note({ at: clock.now(), actor: 'cordon', action, subject, detail })
        .catch((error: unknown) => report('audit', error))
    },
  })
  const { listener, counts, meter, readings } = traffic
  const registry = createRegistry(meter, readings)
  let told = 0
  setInterval(() => {
    if (counts.total === told) return
    told = counts.total
    tell({ type: 'usage', usage: counts.usage() })
  }, USAGE_MS).unref()
  const { transparent, dns } = traffic
  tell({
    type: 'listening',
    bound: toBound(listener),
    transparent,
    dns,
    digest: inForce.policy.digest,
  })

  return {
    async obey(order) {
      switch (order.type) {
        case 'prepare':
          try {
            prepared = read(order.snapshot)
            tell({ type: 'prepared', digest: prepared.policy.digest })
          } catch (error) {
            tell({ type: 'unprepared', message: describeFailure(error).message })
          }
          return
        case 'commit':
          if (prepared?.policy.digest === order.digest) inForce = prepared
          tell({ type: 'committed', digest: inForce.policy.digest })
          return
        case 'tickets':
          return tickets.take(order.tickets)
        case 'contradictions':
          return ledger.take(order.contradictions)
        case 'hold-answer':
          return holds.take(order.id, order.reply)
        case 'tokens':
          sharing.take(order.kept)
          return tell({ type: 'tokens-taken', id: order.id })
        case 'tokens-shared':
          return sharing.settle(order.id)
        case 'session':
          return postgresql.take(order.name, order.session)
        case 'acceptance':
          return acceptance.take(order.news)
        case 'answer':
          return evaluation.resolver.learn(order.name, order.addresses)
        case 'lease-end':
          return holds.endLease(order.grant)
        case 'usage':
          return counts.takeElsewhere(order.usage)
        case 'metrics':
          return tell({
            type: 'metrics',
            id: order.id,
            metrics: await registry.getMetricsAsJSON(),
          })
        case 'close':
          // Not awaited: what is asked meanwhile is answered.
          close(order.grace).catch((error: unknown) => {
            report('worker', error)
            process.exit(1)
          })
          return
        default:
          return order satisfies never
      }
    },
  }

  async function close(grace: number): Promise<void> {
    await traffic.close(grace)
    await traffic[Symbol.asyncDispose]()
    closing = true
    await audit.close()
    process.exit(0)
  }
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message)
}
