/** What it takes to say where a destination is, as the proxy would. */

import type { Facts, Settings } from '../../config/load.ts'
import type { UpstreamProxyNamed } from '../../config/operation.ts'
import { isOwnListener } from '../../locate/address-class.ts'
import { delegateNames } from '../../locate/delegate.ts'
import { type Geoip, openGeoip } from '../../locate/geoip.ts'
import { createKnowledge, type Knowledge } from '../../locate/knowledge.ts'
import { type CachingLocator, createLocator } from '../../locate/locate.ts'
import { type CachingResolver, createResolver } from '../../locate/resolve.ts'
import type { Host } from '../../model/authority.ts'
import { openTrust } from '../../tls/trust.ts'
import { configuredListeners, type Endpoint, ownAddresses } from '../endpoints.ts'
import { type LiveTables, openLiveTables } from '../live-tables.ts'
import { toExceptions } from '../upstream-proxy.ts'
import { clock } from './process.ts'

export interface Evaluation extends Disposable {
  readonly resolver: CachingResolver
  readonly locator: CachingLocator
  readonly geoip: Geoip
  readonly tables: LiveTables
}

/**
 * @param settings with facts; asked again for every destination
 * @param own our listeners; may be filled later.
 * @param onAnswer hears what name servers say
 */
export async function composeEvaluation(
  settings: () => Settings,
  own: readonly Endpoint[] = configuredListeners(settings().operation),
  onAnswer: (name: string, addresses: readonly string[]) => void = () => {},
): Promise<Evaluation> {
  const { operation } = settings()
  const geoip = await openGeoip(operation.geoipFiles ?? undefined)
  const tables = await openLiveTables(operation.tablesDir, () => factsOf(settings()).regions)
  const { dnsServers: servers, hostsFile: hosts, clientSubnet, extraRoots } = operation
  const isEncrypted = servers?.some((server) => server.includes('://')) ?? false
  const trust = isEncrypted ? await openTrust({ extraRoots }) : null
  const asking = createResolver({ servers, hosts, clock, trust, clientSubnet, onAnswer })
  const resolver = leaveNames(asking, operation.upstreamProxy)
  const locator = createLocator({
    geoip,
    tables: () => tables.current,
    edges: () => factsOf(settings()).edges,
    knowledge: knowing(settings),
    unwrapNat64: resolver.unwrapNat64,
    isOwnListener: (to, port) => isOwnListener(to, port, own, ownAddresses()),
  })
  return { resolver, locator, geoip, tables, [Symbol.dispose]: () => resolver.close() }
}

/** Where the upstream proxy looks names up, it is the only one: but for its own name, and for what does not go through it. */
function leaveNames(resolver: CachingResolver, named: UpstreamProxyNamed | null): CachingResolver {
  if (named?.mode !== 'delegated') return resolver
  const { host, text } = named.authority
  const isException = toExceptions(named)
  const isOurs = (other: Host) => other.text === host.text || isException(other)
  return delegateNames(resolver, `upstream_proxy: ${text}`, isOurs)
}

/** The knowledge that goes with the settings in force. */
function knowing(settings: () => Settings): () => Knowledge {
  const made = new WeakMap<Settings, Knowledge>()
  return () => {
    const current = settings()
    let knowledge = made.get(current)
    if (!knowledge) {
      const { regions, catalogue } = factsOf(current)
      knowledge = createKnowledge(regions, catalogue)
      made.set(current, knowledge)
    }
    return knowledge
  }
}

function factsOf({ facts }: Settings): Facts {
  if (!facts) throw new Error('verdicts were asked for without facts')
  return facts
}
