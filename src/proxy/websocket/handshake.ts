/** The opening handshake of WebSocket (RFC 6455 section 4) over HTTP/1.1. What it says of extensions never passes: see `relay`. */

import { createHash, randomBytes } from 'node:crypto'
import { type RequestHead, type ResponseHead, valuesOf } from '../exchange/message.ts'

export const WEBSOCKET = 'websocket'

/** Names are in lower case. */
const KEY = 'sec-websocket-key'
const ACCEPT = 'sec-websocket-accept'
const VERSION = 'sec-websocket-version'
const PROTOCOL = 'sec-websocket-protocol'
const EXTENSIONS = 'sec-websocket-extensions'

/** Section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Whether the request is one that a server can accept (section 4.2.1), but for what `Upgrade` and `Connection` say. */
export function isHandshake(head: RequestHead): boolean {
  const [version] = valuesOf(head, VERSION)
  return head.method === 'GET' && head.body === 0 && keyOf(head) !== null && version === '13'
}

/** Sixteen bytes in base64; null when there is not exactly one such value. */
export function keyOf(head: RequestHead): string | null {
  const [key, ...more] = valuesOf(head, KEY)
  return key !== undefined && more.length === 0 && /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)
    ? key
    : null
}

export function makeKey(): string {
  return randomBytes(16).toString('base64')
}

export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64')
}

/**
 * What is wrong with an answer that accepts (section 4.1); null when it is a WebSocket from here on.
 *
 * @param key the request went out with; null on HTTP/2, which has none
 */
export function faultOf(
  head: ResponseHead,
  request: RequestHead,
  key: string | null,
): string | null {
  const [accept, ...more] = valuesOf(head, ACCEPT)
  if (key !== null && (accept !== acceptFor(key) || more.length > 0)) {
    return 'it does not accept the key it was sent'
  }
  if (valuesOf(head, EXTENSIONS).some((value) => value !== '')) {
    return 'it uses an extension that nobody offered'
  }
  const [protocol, ...others] = valuesOf(head, PROTOCOL)
  const offered = valuesOf(request, PROTOCOL).flatMap((value) => value.split(/[ \t]*,[ \t]*/))
  if (others.length > 0 || (protocol !== undefined && !offered.includes(protocol))) {
    return 'it chooses a subprotocol that nobody offered'
  }
  return null
}

/** Fields of a handshake that end here, whoever sent them. */
export const NOT_FORWARDED: ReadonlySet<string> = new Set([EXTENSIONS])

/** Fields that HTTP/2 has no use for (RFC 8441 section 5.1). */
export const ONLY_HTTP1: ReadonlySet<string> = new Set([KEY, ACCEPT])
