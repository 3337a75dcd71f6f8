/** What serves traffic in one process: the proxy port and everything behind it, but for what there is only once. */

import type { Settings } from '../../config/load.ts'
import { createEnforcer } from '../../enforce.ts'
import { Revocations } from '../../identity/revocations.ts'
import { openTokenKey, TokenVerifier } from '../../identity/tokens.ts'
import { openRedactionKey } from '../../inspect/operators/keys.ts'
import { CountingMeter } from '../../metrics/meter.ts'
import type { Reading } from '../../metrics/registry.ts'
import type { Audit, Holds, Ledger } from '../../ports.ts'
import { Acceptance } from '../../proxy/acceptance.ts'
import { ConnectionCounts } from '../../proxy/limits/connections.ts'
import { type Listener, listen } from '../../proxy/listen.ts'
import type { CertificateAuthority } from '../../tls/authority-pair.ts'
import { createContexts } from '../../tls/contexts.ts'
import type { LeafLimits } from '../../tls/leaf-limits.ts'
import type { TicketRing } from '../../tls/tickets.ts'
import { createCallers } from '../callers.ts'
import { type Endpoint, toEndpoint, toHostPort } from '../endpoints.ts'
import { say } from '../output.ts'
import { trafficReadings } from '../readings.ts'
import { createTurnedAway } from '../turned-away.ts'
import { composeDecoder, composeOutliner, decodedRatio } from './decoder.ts'
import type { Evaluation } from './evaluation.ts'
import { composeInspector } from './inspector.ts'
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
  note(action: string, subject: string, detail: string): void
}

export interface Traffic extends AsyncDisposable {
  readonly listener: Listener
  readonly counts: ConnectionCounts
  readonly meter: CountingMeter
  readonly readings: readonly Reading[]
}

/** Starts to listen. */
export async function composeTraffic(options: TrafficOptions): Promise<Traffic> {
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
  )
  const judging = { clock, resolver, locator, decoder, outline, inspector, policy }
  const enforcer = createEnforcer({ ...judging, holds, audit, ledger, meter, report })
  const { origins, sessions, ...shared } = composeOrigins(
    stack,
    operation,
    contexts,
    meter,
    enforcer,
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
  const counts = new ConnectionCounts(shared.limits)
  const { proxyProtocolFrom } = operation
  const [host, port] = toHostPort(operation.proxy)
  const at = { host, port, counts, proxyProtocolFrom }
  const listener = await listen(at, {
    enforcer,
    inspector,
    meter,
    policy,
    isOwnPort: (port: number) => own.some((endpoint) => endpoint.port === port),
    identify: createCallers({ tokens, policy, required: operation.identityRequired }),
    origins,
    leaves,
    acceptance: new Acceptance(clock, (text) => say(`warning: ${text}`)),
    ...shared,
    turnedAway: createTurnedAway({ clock, meter, say, note }),
    connections: new Set<{ shutDown(): void }>(),
    report,
  })
  own.push(toEndpoint(listener))
  const namesKnown = () => resolver.size
  const readings = trafficReadings({ origins, sessions, leaves, ...shared, namesKnown, counts })
  const resources = stack.move()
  return {
    listener,
    counts,
    meter,
    readings,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
