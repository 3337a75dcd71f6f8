/** What a client is offered by ALPN (RFC 7301) where its TLS ends here. */

import type { Flow } from '../model/flow.ts'
import type { ClientHello } from '../tls/client-hello.ts'
import { HTTP1, HTTP2 } from './client-tls.ts'
import type { Connect } from './connect.ts'

/**
 * What the client is offered: what the origin speaks (RFC 7301), so that both sides are what they would be without us. Where that is not
 * known the origin is asked, if it may be dialled at all; else everything is offered, and translated if need be.
 */
export async function offerTo(
  { tunnel, context }: Connect,
  flow: Flow,
  { alpn }: ClientHello,
): Promise<readonly string[]> {
  const own = ownProtocol(alpn)
  if (own !== null) return [own]
  if (!alpn.includes(HTTP2)) return [HTTP1]
  const { authority } = tunnel
  const { origins, enforcer, policy } = context
  if (policy().http1Only.some((pattern) => pattern.matches(authority.host.text))) return [HTTP1]
  const known = origins.protocolOf(authority)
  if (known) return known === HTTP2 ? BOTH : [HTTP1]
  const admission = await enforcer.admit(flow, authority)
  const found = await origins.probe(admission, () => enforcer.permitProbe(admission))
  return found === HTTP1 ? [HTTP1] : BOTH
}

/**
 * What a client offers that does not speak HTTP: a protocol of its own, by which it is judged once it speaks. The first of several: the origin will have to
 * agree to what the client was told. Null where it offers HTTP, or nothing.
 */
export function ownProtocol(alpn: readonly string[]): string | null {
  const [first] = alpn
  return first !== undefined && OWN_PROTOCOL.test(first) && !alpn.some((id) => OF_HTTP.test(id))
    ? first
    : null
}

const OWN_PROTOCOL = /^[!-~]{1,64}$/
/** Names of HTTP, and of what carries it (IANA). */
const OF_HTTP = /^(http\/|h[23]|spdy\/)/

/** Every version of HTTP. */
export const BOTH = [HTTP2, HTTP1]
