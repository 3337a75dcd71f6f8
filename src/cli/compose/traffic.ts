/** What serves traffic in one process: the proxy port and everything behind it, but for what there is only once. */

import type { Settings } from '../../config/load.ts'
import type { Operation } from '../../config/operation.ts'
import { createEnforcer } from '../../enforce.ts'
import { Revocations } from '../../identity/revocations.ts'
import { openTokenKey, TokenVerifier } from '../../identity/tokens.ts'
import { openRedactionKey } from '../../inspect/operators/keys.ts'
import { CountingMeter } from '../../metrics/meter.ts'
import type { Reading } from '../../metrics/registry.ts'
import type { Host } from '../../model/authority.ts'
import type { Audit, Holds, Ledger } from '../../ports.ts'
import type { Listener } from '../../proxy/accept.ts'
import { Acceptance, type AcceptanceNews } from '../../proxy/acceptance.ts'
import { type DnsListener, listenDns } from '../../proxy/dns/listen.ts'
import { ConnectionCounts } from '../../proxy/limits/connections.ts'
import { DEFAULT_LIMITS } from '../../proxy/limits/limits.ts'
import { NameBudget, type NameLimits } from '../../proxy/limits/name-budget.ts'
import { listen } from '../../proxy/listen.ts'
import { PostgresqlMemory } from '../../proxy/postgresql/memory.ts'
import type { ProxyContext } from '../../proxy/proxy.ts'
import { listenTransparent, type TransparentListener } from '../../proxy/transparent/listen.ts'
import type { CertificateAuthority } from '../../tls/authority-pair.ts'
import { createContexts } from '../../tls/contexts.ts'
import type { LeafLimits } from '../../tls/leaf-limits.ts'
import type { TicketRing } from '../../tls/tickets.ts'
import { readClientRoots } from '../../tls/trust.ts'
import { createCallers } from '../callers.ts'
import { type Endpoint, toEndpoint, toHostPort } from '../endpoints.ts'
import { inheritedSocket } from '../inherited-sockets.ts'
import { openLocalUsers } from '../local-users.ts'
import { CommandError, EXIT, say } from '../output.ts'
import { trafficReadings } from '../readings.ts'
import { createTurnedAway } from '../turned-away.ts'
import { countBuffersWithHeap } from './collector.ts'
import { composeDecoder, composeOutliner, decodedRatio } from './decoder.ts'
import type { Evaluation } from './evaluation.ts'
import { composeInspector, type TokenSharing } from './inspector.ts'
import { composeOrigins, openOriginContexts, watchOriginFiles } from './origins.ts'
import { clock, report } from './process.ts'

export interface TrafficOptions {
  /** In force now. */
  settings(): Settings
  readonly audit: Audit
  readonly ledger: Ledger
  readonly holds: Holds
  readonly authority: CertificateAuthority
  readonly evaluation: Evaluation
  readonly own: Endpoint[]
  readonly tickets: TicketRing
  /** Where several processes serve. */
  readonly sharing?: TokenSharing
  readonly postgresql?: PostgresqlMemory
  readonly acceptance?: Acceptance
  readonly pseudonym?: string
  note(action: string, subject: string, detail: string): void
}

export interface Traffic extends AsyncDisposable {
  readonly listener: Listener
  /** Null where there is none. */
  readonly transparent: BoundTransparent | null
  /** Where questions of clients are answered; null where none are. */
  readonly dns: Bound | null
  readonly counts: ConnectionCounts
  readonly meter: CountingMeter
  readonly readings: readonly Reading[]
  /** Accepts nothing more, and lets calls under way end for at most `grace` milliseconds. */
  close(grace: number): Promise<void>
}

/** Where something listens. */
export interface Bound {
  readonly address: string
  readonly port: number
}

/** Where connections are led that were going elsewhere. */
export interface BoundTransparent extends Bound {
  /** Why it takes none that TPROXY hands over; null when it does. */
  readonly withoutTproxy: string | null
}

/** @param share tells the processes beside this one, if there are any */
export function createAcceptance(share?: (news: AcceptanceNews) => void): Acceptance {
  const tell = (text: string) => say(`warning: ${text}`)
  return new Acceptance({ clock, tell, ...(share ? { share } : {}) })
}

export function toBound({ address, port }: Bound): Bound {
  return { address, port }
}

/** Starts to listen. */
export async function composeTraffic(options: TrafficOptions): Promise<Traffic> {
  countBuffersWithHeap()
  await using stack = new AsyncDisposableStack()
  const { settings, audit, ledger, holds, authority, evaluation, own, tickets, note } = options
  const { operation } = settings()
  const { resolver, locator } = evaluation
  const contexts = await openOriginContexts(operation)
  watchOriginFiles(stack, contexts, (sentence) => {
    say(sentence)
    note('origin-files', 'origins', sentence)
  })
  const tokens = new TokenVerifier(
    openTokenKey(operation.dataDir),
    new Revocations(operation.dataDir, clock),
    clock,
  )
  const policy = () => settings().policy
  const meter = new CountingMeter()
  const decoder = composeDecoder(operation, meter)
  const outline = composeOutliner(decoder)
  const inspector = composeInspector(
    () => openRedactionKey(operation.dataDir),
    decoder,
    decodedRatio(operation),
    options.sharing,
  )
  const judging = { clock, resolver, locator, decoder, outline, inspector, policy }
  const names = new NameBudget(nameLimits(operation))
  const mayAsk = (client: string, host: Host) => names.take(client, host, performance.now())
  const localUsers = await openLocalUsers(policy, say)
  const enforcer = createEnforcer({ ...judging, holds, audit, ledger, meter, mayAsk, report })
  const { origins, sessions, ...shared } = composeOrigins(
    stack,
    operation,
    contexts,
    meter,
    enforcer,
    options.pseudonym,
  )
  const {
    leaves: burst,
    leavesPerSecond,
    leavesPerClient,
    leavesPerClientPerSecond,
  } = shared.limits
  const limits: LeafLimits = {
    all: { burst, perSecond: leavesPerSecond },
    client: { burst: leavesPerClient, perSecond: leavesPerClientPerSecond },
  }
  const leaves = createContexts({ authority, clock, tickets, limits })
  const clientRoots = await readClientRoots(operation.clientCa)
  const askingLeaves =
    clientRoots.length > 0 ? createContexts({ authority, clock, limits, clientRoots }) : null
  const counts = new ConnectionCounts(shared.limits)
  const { proxyProtocolFrom } = operation
  const [host, port] = toHostPort(operation.proxy)
  const at = { host, port, fd: inheritedSocket('proxy'), counts, proxyProtocolFrom }
  const context: ProxyContext = {
    enforcer,
    inspector,
    meter,
    policy,
    isOwnPort: (port: number) => own.some((endpoint) => endpoint.port === port),
    identify: createCallers({ tokens, policy, clock, required: operation.identityRequired }),
    localUserOf: (near, far) => localUsers.of(near, far),
    localSenderOf: (near) => localUsers.ofSender(near),
    origins,
    leaves,
    askingLeaves,
    acceptance: options.acceptance ?? createAcceptance(),
    ...shared,
    postgresql: options.postgresql ?? new PostgresqlMemory(),
    turnedAway: createTurnedAway({ clock, meter, say, note }),
    connections: new Set<{ shutDown(): void }>(),
    report,
  }
  const listener = await listen(at, context)
  // Whatever comes after it cannot be: it must not go on alone.
  stack.defer(() => listener.close(0))
  own.push(toEndpoint(listener))
  const transparent = operation.transparent
    ? await openTransparent(operation.transparent, counts, context)
    : null
  if (transparent) {
    stack.defer(() => transparent.listener.close(0))
    own.push(toEndpoint(transparent.listener))
  }
  const dns = operation.dnsListen ? await openDns(operation.dnsListen, context) : null
  if (dns) {
    stack.defer(() => dns.close())
    own.push(toEndpoint(dns))
  }
  const namesKnown = () => resolver.size
  const readings = trafficReadings({ origins, sessions, leaves, ...shared, namesKnown, counts })
  const resources = stack.move()
  return {
    listener,
    transparent: transparent && {
      ...toBound(transparent.listener),
      withoutTproxy: transparent.withoutTproxy,
    },
    dns: dns && { address: dns.address, port: dns.port },
    counts,
    meter,
    readings,
    async close(grace) {
      await Promise.all([listener.close(grace), transparent?.listener.close(grace)])
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function nameLimits({ limits }: Operation): NameLimits {
  const all = { ...DEFAULT_LIMITS, ...limits }
  return {
    client: { burst: all.namesPerClient, perSecond: all.namesPerClientPerSecond },
    parent: { burst: all.namesPerParent, perSecond: all.namesPerParentPerSecond },
  }
}

async function openDns(at: string, context: ProxyContext): Promise<DnsListener> {
  const [host, port] = toHostPort(at)
  try {
    return await listenDns({ host, port }, context)
  } catch (error) {
    const message = `questions cannot be answered at ${at}: ${(error as Error).message}`
    throw new CommandError(
      EXIT.failed,
      message,
      'another name server may use the port: `listen: dns`',
    )
  }
}

async function openTransparent(
  at: string,
  counts: ConnectionCounts,
  context: ProxyContext,
): Promise<TransparentListener> {
  const [host, port] = toHostPort(at)
  try {
    return await listenTransparent(
      { host, port, fd: inheritedSocket('transparent'), counts },
      context,
    )
  } catch (error) {
    const { message } = error as Error
    throw new CommandError(
      EXIT.failed,
      `connections cannot be taken over at ${at}: ${message}`,
      'without `--transparent` and `listen: transparent` the proxy starts',
    )
  }
}
