/** What a request asks its connection to become (RFC 9110 section 7.8). */

import { isHandshake, WEBSOCKET } from '../websocket/handshake.ts'
import type { RequestHead } from './message.ts'

/**
 * The one protocol asked for, in lower case; null for none, or for nothing that could ever be relayed: such a request goes on without
 * Upgrade, as if this were a server that does not know it. HTTP/2 in the clear is never among them (h2c smuggling): requests that
 * nobody sees would follow.
 */
export function askedUpgrade(head: RequestHead): string | null {
  const { upgrade, nominated } = head.fields
  if (head.version !== '1.1' || upgrade === null || !nominated?.includes('upgrade')) return null
  const protocol = upgrade.toLowerCase().trim()
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+(\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/.test(protocol)) return null
  if (protocol === WEBSOCKET) return isHandshake(head) ? WEBSOCKET : null
  return /^(h2c|h2|http\/|tls\/)/.test(protocol) || head.body !== 0 ? null : protocol
}
