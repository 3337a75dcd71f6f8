/**
 * What proves to a receiver that a notice is ours and fresh: an HMAC (RFC 2104) with SHA-256 over the time of sending, a dot and the
 * body. The time is that of each try; the key that tells repeated ones stays the same. docs/notices.md says how to check it.
 */

import { createHmac } from 'node:crypto'

/** @param at milliseconds since the epoch */
export function signNotice(
  secret: string | null,
  id: string,
  body: string,
  at: number,
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000))
  const headers = { 'Idempotency-Key': id, 'Cordon-Timestamp': timestamp }
  if (secret === null) return headers
  const mac = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return { ...headers, 'Cordon-Signature': `v1=${mac}` }
}
