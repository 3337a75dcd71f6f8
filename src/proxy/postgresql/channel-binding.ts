/**
 * SCRAM with channel binding (RFC 5802 section 6, RFC 5929): a client proves that it sees the certificate the server has. Where TLS ends here it
 * sees another one, so that it cannot be offered; and a client that says it would have used it is taken by the server for one that was
 * attacked. Both is so by design, and neither can be repaired: the client has to do without.
 */

import type { Problem } from '../../model/errors.ts'
import { BACKEND, HEAD, readText, toMessage } from './messages.ts'

/** Requests of an AuthenticationRequest. */
export const AUTHENTICATION = { ok: 0, sasl: 10, saslFinal: 12 } as const

const BINDING = '-PLUS'

/** Which request it is; null where it is none. */
export function requestOf(authentication: Buffer): number | null {
  return authentication.length >= HEAD + 4 ? authentication.readInt32BE(HEAD) : null
}

/**
 * AuthenticationSASL without the mechanisms that bind.
 *
 * @returns null where its list cannot be read
 */
export function withoutBinding(
  message: Buffer,
): { readonly message: Buffer; readonly took: boolean; readonly left: number } | null {
  const kept: Buffer[] = []
  let took = false
  let at = HEAD + 4
  for (;;) {
    const name = readText(message, at)
    if (!name) return null
    at += name.length + 1
    if (name.length === 0) break
    if (name.toString('latin1').endsWith(BINDING)) took = true
    else kept.push(name, ZERO)
  }
  if (at !== message.length) return null
  if (!took) return { message, took, left: kept.length }
  const request = message.subarray(HEAD, HEAD + 4)
  const changed = toMessage(BACKEND.authentication, request, ...kept, ZERO)
  return { message: changed, took, left: kept.length }
}

const ZERO = Buffer.alloc(1)

/** Why a SASLInitialResponse cannot succeed, where mechanisms that bind were taken out of the list; null where it may. */
export function faultOfResponse(message: Buffer): Problem | null {
  const name = readText(message, HEAD)
  if (!name) return MALFORMED
  if (name.toString('latin1').endsWith(BINDING)) return BOUND
  const at = HEAD + name.length + 1
  if (message.length < at + 4) return MALFORMED
  // gs2-cbind-flag (RFC 5802 section 7): `n` where the client does not know of it, `y` where it thinks that the server does not.
  const flag = message.toString('latin1', at + 4, at + 5)
  return flag === 'y' || flag === 'p' ? BOUND : null
}

const MALFORMED: Problem = {
  code: 'request-statement',
  detail: 'the answer to the request for SASL cannot be read',
}

/** What a client is told that wants to bind. */
export const BOUND: Problem = {
  code: 'channel-binding',
  detail:
    'TLS ends at the proxy, so that the certificate which the client sees is not the one of the server',
}
