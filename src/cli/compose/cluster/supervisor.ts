/** A proxy of several processes: this one owns the log, the CA and the policy and serves the console; the others serve traffic. */

import { createServer } from 'node:net'
import type { InterruptedFlow } from '../../../audit/interrupted.ts'
import type { Settings } from '../../../config/load.ts'
import { CountingMeter } from '../../../metrics/meter.ts'
import { aggregateMetrics, createOwnRegistry, flowReading } from '../../../metrics/registry.ts'
import { TicketRing } from '../../../tls/tickets.ts'
import { toEndpoint, toHostPort } from '../../endpoints.ts'
import { say } from '../../output.ts'
import { ownerReadings } from '../../readings.ts'
import { makePseudonym } from '../origins.ts'
import { composeOwner, type Owner } from '../owner.ts'
import { composePeople } from '../people.ts'
import { clock, report } from '../process.ts'
import { type ComposeOptions, noteStart, type RunningProxy, sayBound, toRunning } from '../proxy.ts'
import { Crew, type CrewOptions } from './crew.ts'
import type { End } from './member.ts'
import type { FromWorker, Start } from './messages.ts'

/** Keys are there a whole turn before they are used, so this is soon enough, in milliseconds. */
const TICKETS_MS = 10 * 60_000

export async function composeSupervisor(
  { load, settings: first }: Pick<ComposeOptions, 'load' | 'settings'>,
  size: number,
): Promise<RunningProxy> {
  await using stack = new AsyncDisposableStack()
  const settings = await withPorts(first)
  // Files may change while the processes that serve are starting.
  const serving = Promise.withResolvers<Crew>()
  const bringIntoForce = async (next: Settings): Promise<void> => {
    const crew = await serving.promise
    await crew.change(next.snapshot, next.policy.digest)
    inForce = next
  }
  const owner = stack.use(await composeOwner({ settings, load, bringIntoForce }))
  const { ledger, log, desk, authority, own, note } = owner
  const tickets = new TicketRing({ clock })
  const pseudonym = makePseudonym()
  // Whose process cannot count them any more.
  const lost = new CountingMeter()
  const onInterrupted = ({ placement, action }: InterruptedFlow) =>
    lost.flow(placement, action, 'failed', 0, 0)
  for (const flow of owner.interrupted) onInterrupted(flow)
  let inForce = settings
  const metrics = async () => {
    const mine = await registry.getMetricsAsJSON()
    return aggregateMetrics([mine, ...(await crew.metrics())])
  }
  const workers = () => ({ serving: crew.serving, exits: crew.exits })
  const people = stack.use(await composePeople(owner, { metrics, workers }))
  const { console } = people

  const start = (): Start => ({
    load,
    snapshot: inForce.snapshot,
    digest: inForce.policy.digest,
    operation: settings.operation,
    authority: { path: authority.path, pem: authority.pem },
    tickets: tickets.toBytes(),
    pseudonym,
    contradictions: ledger.contradictions,
    console: console && { address: console.address, port: console.port },
  })
  const onLoss = (pid: number, { how, interrupted }: End) => {
    const detail = `${how}; flows without an end, recorded as failed: ${interrupted}`
    say(`warning: the process ${pid} has ended and is replaced: ${detail}`)
    note('worker-exit', `process ${pid}`, detail)
  }
  const crew = new Crew({ size, start, onLoss, report, holds: desk, ...listening(owner) })
  const registry = createOwnRegistry([
    ...ownerReadings(owner),
    flowReading(lost),
    ...people.readings,
    {
      name: 'cordon_workers',
      help: 'Processes that serve.',
      type: 'gauge',
      read: () => [{ value: crew.size }],
    },
    {
      name: 'cordon_worker_exits_total',
      help: 'Processes that serve which have ended by themselves, or were ended because they hung.',
      type: 'counter',
      read: () => [{ value: crew.exits }],
    },
  ])
  const { bound, transparent, dns } = await crew.open()
  for (const each of [bound, transparent, dns]) if (each) own.push(toEndpoint(each))
  serving.resolve(crew)
  ledger.onChange = () =>
    crew.tellAll({ type: 'contradictions', contradictions: ledger.contradictions })
  desk.onLeaseEnd = (grant) => crew.tellAll({ type: 'lease-end', grant })
  const turning = setInterval(
    () => crew.tellAll({ type: 'tickets', tickets: tickets.toBytes() }),
    TICKETS_MS,
  )
  turning.unref()
  stack.defer(() => clearInterval(turning))
  await noteStart(owner, bound)
  const resources = stack.move()
  return {
    ...toRunning(owner),
    bound,
    transparent,
    dns,
    console,
    workers: size,
    async close(grace) {
      desk.close()
      await crew.close(grace)
      await note('stop', sayBound(bound), '')
      await resources.disposeAsync()
    },
  }

  /** What the processes that serve have to say. */
  function listening({ ledger }: Owner): Pick<CrewOptions, 'audit' | 'onMessage'> {
    return {
      audit: {
        log,
        now: clock.now,
        onDecision(flow, { flow: { agent }, authority }, path) {
          if (authority) ledger.followed(flow, agent.id, { authority: authority.text, path })
        },
        onInterrupted: ({ verdict }) => onInterrupted(verdict),
        onError: (error) => report('audit channel', error),
      },
      onMessage(message: FromWorker) {
        if (message.type === 'contradicted') {
          ledger.contradicted(message.host, message.flow, message.detail)
        } else if (message.type === 'saw') ledger.saw(message.host, message.traits)
        else if (message.type === 'redirected') {
          ledger.redirected(message.from, message.agent, message.to)
        }
      },
    }
  }
}

/** Where any port will do, one is chosen now: processes that come later have to have the same. */
async function withPorts(settings: Settings): Promise<Settings> {
  const { operation } = settings
  const proxy = await withPort(operation.proxy)
  const transparent = operation.transparent && (await withPort(operation.transparent))
  const dnsListen = operation.dnsListen && (await withPort(operation.dnsListen))
  return { ...settings, operation: { ...operation, proxy, transparent, dnsListen } }
}

async function withPort(text: string): Promise<string> {
  const [host, port] = toHostPort(text)
  if (port !== 0) return text
  const server = createServer()
  const chosen = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => resolve((server.address() as { port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return `${host.includes(':') ? `[${host}]` : host}:${chosen}`
}
