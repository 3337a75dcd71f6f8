/**
 * A resolver for networks where another proxy looks names up: of what goes through it no name server is asked. INVARIANT: what it leaves to
 * that proxy has no addresses, so nothing that hangs on an address can be said of it.
 */

import type { Host } from '../model/authority.ts'
import type { Resolution } from '../model/destination.ts'
import type { Problem } from '../model/errors.ts'
import { isNeverAsked } from './local-names.ts'
import type { CachingResolver } from './resolve.ts'

/** Names whose answer is remembered; the one that came first makes room. */
const MAX_NAMES = 10_000

const NOWHERE = {
  addresses: Object.freeze([]),
  cnames: Object.freeze([]),
  validUntil: Number.POSITIVE_INFINITY,
  delegated: true,
} as const

const UNASKED: Problem = { code: 'dns-failed', detail: 'the upstream proxy looks names up' }

/**
 * @param source whom names are left to, shown to people
 * @param isOurs whether a host is called straight, and looked up here like any other
 */
export function delegateNames(
  resolver: CachingResolver,
  source: string,
  isOurs: (host: Host) => boolean,
): CachingResolver {
  // One object for each name, as of other resolvers: what was concluded from it is remembered by it.
  const answers = new Map<string, Resolution>()
  const answer = ({ text }: Host): Resolution => {
    let known = answers.get(text)
    if (!known) {
      known = Object.freeze({ ...NOWHERE, source })
      answers.set(text, known)
      const [oldest = text] = answers.keys()
      if (answers.size > MAX_NAMES) answers.delete(oldest)
    }
    return known
  }
  // Addresses, `localhost` and names of the hosts file without a dot need nobody, and are judged by their address as ever.
  const isDelegated = (host: Host) => !host.ip && !isNeverAsked(host.text) && !isOurs(host)
  return {
    resolve: (host) => (isDelegated(host) ? Promise.resolve(answer(host)) : resolver.resolve(host)),
    cached: (host) => (isDelegated(host) ? answer(host) : resolver.cached(host)),
    learn: (name, addresses) => resolver.learn(name, addresses),
    lookupSvcb: async (host, port) =>
      isDelegated(host) ? UNASKED : await resolver.lookupSvcb(host, port),
    get size() {
      return resolver.size
    },
    unwrapNat64: (ip) => resolver.unwrapNat64(ip),
    endpoints: () => resolver.endpoints(),
    close: () => resolver.close(),
    [Symbol.dispose]: () => resolver.close(),
  }
}
