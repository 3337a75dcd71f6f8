/**
 * Heads on their way out (RFC 9110 section 7.6): hop-by-hop fields and everything `Proxy-…` taken away, framing and `Via`
 * made anew, all else as received.
 */

import { type Fields, isHopByHop } from '../exchange/fields.ts'
import {
  type BodyLength,
  type RequestHead,
  type ResponseHead,
  UNTIL_CLOSE,
  UNTOLD,
} from '../exchange/message.ts'
import type { Target } from '../exchange/target.ts'
import { keptTrailers } from '../exchange/trailers.ts'
import { NOT_FORWARDED, ONLY_HTTP1 } from '../websocket/handshake.ts'

/** What a connection is to become: the name of a protocol, and the key that a WebSocket handshake is sent with. */
export interface Upgrading {
  readonly protocol: string
  readonly key: string | null
}

/** @param pseudonym our name in Via (RFC 9110 section 7.6.3), by which a loop is recognised. */
export function toOriginHead(
  head: RequestHead,
  target: Target,
  pseudonym: string,
  upgrading: Upgrading | null = null,
): string {
  const { fields } = head
  let text = `${head.method} ${target.wire} HTTP/1.1\r\n`
  if (head.version === '2') text += fromHttp2(fields, target.host)
  else {
    if (fields.host === null) text += `Host: ${target.host}\r\n`
    const isSameHost = fields.host === null || fields.host === target.host
    text +=
      isSameHost && fields.forwardable !== null ? fields.forwardable : rewrite(fields, target.host)
  }
  if (upgrading) text += sayUpgrade(head, upgrading)
  // Ours to say, for this connection (RFC 9110 section 10.1.4): trailers go on to the client.
  else if (fields.wantsTrailers) text += 'TE: trailers\r\nConnection: TE\r\n'
  if (head.body === UNTOLD) text += 'Transfer-Encoding: chunked\r\n'
  return `${text}Via: ${head.version} ${pseudonym}\r\n\r\n`
}

/** Of a stream of HTTP/2 that is to become one, what it does not say there (RFC 8441 section 5). */
function sayUpgrade({ version }: RequestHead, { protocol, key }: Upgrading): string {
  const ours = version === '2' && key !== null ? `Sec-WebSocket-Key: ${key}\r\n` : ''
  return `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n${ours}`
}

/** How the client's connection goes on after this response. */
export interface ClientFraming {
  /** `UNTIL_CLOSE` where the client cannot read chunks. */
  readonly body: BodyLength
  readonly connection: 'close' | 'keep-alive' | null
  /** Whether to say that the body is empty, where the head does not and a reader would wait for one. */
  readonly saysEmpty?: boolean
}

export function toClientHead(
  head: ResponseHead,
  framing: ClientFraming,
  pseudonym: string,
): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  text += head.fields.forwardable ?? rewrite(head.fields, null)
  if (framing.body === UNTOLD) text += 'Transfer-Encoding: chunked\r\n'
  else if (framing.saysEmpty) text += 'Content-Length: 0\r\n'
  if (framing.connection) text += `Connection: ${framing.connection}\r\n`
  return `${text}Via: ${head.version} ${pseudonym}\r\n\r\n`
}

/**
 * The connection becomes what it was asked to. A stream that does says 200, and nothing of a key (RFC 8441 section 5).
 *
 * @param accept answers the key of a WebSocket handshake, where the origin has not
 */
export function toAcceptingHead(
  { version, status, reason, fields }: ResponseHead,
  upgrade: string,
  accept: string | null,
  pseudonym: string,
): string {
  let text =
    version === '2' ? 'HTTP/1.1 101 Switching Protocols\r\n' : `HTTP/1.1 ${status} ${reason}\r\n`
  text += fields.forwardable ?? rewrite(fields, null, version === '2' ? NOT_IN_101 : NO_NAMES)
  text += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`
  if (accept !== null) text += `Sec-WebSocket-Accept: ${accept}\r\n`
  return `${text}Via: ${version} ${pseudonym}\r\n\r\n`
}

/** Of a 200 that becomes a 101: there is no content (RFC 9110 section 8.6), and the key is ours to answer. */
const NOT_IN_101: ReadonlySet<string> = new Set(['content-length', ...ONLY_HTTP1])
const NO_NAMES: ReadonlySet<string> = new Set()

/** Fields of HTTP/2, where Host is no field and Cookie may be many (RFC 9113 section 8.2.3). */
function fromHttp2({ list }: Fields, host: string): string {
  let text = `Host: ${host}\r\n`
  const cookies: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const value = list[i + 1] ?? ''
    if (name === 'cookie') cookies.push(value)
    else if (name !== 'host' && !isHopByHop(name) && !NOT_FORWARDED.has(name))
      text += `${name}: ${value}\r\n`
  }
  return cookies.length > 0 ? `${text}cookie: ${cookies.join('; ')}\r\n` : text
}

/** The fields one by one. @param host in place of the value of Host; null leaves it. @param without lower-case names that are left out as well */
function rewrite(
  { list, nominated }: Fields,
  host: string | null,
  without: ReadonlySet<string> = NO_NAMES,
): string {
  let text = ''
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const lower = name.toLowerCase()
    if (isHopByHop(lower) || nominated?.includes(lower) || NOT_FORWARDED.has(lower)) continue
    if (without.has(lower)) continue
    text += `${name}: ${lower === 'host' && host !== null ? host : list[i + 1]}\r\n`
  }
  return text
}

/** The end of a chunked body. @param nominated by Connection in the head of the same message */
export function toLastChunk(
  trailers: Fields | null,
  nominated: readonly string[] | null = null,
): string {
  let text = '0\r\n'
  if (trailers) {
    const kept = keptTrailers(trailers, nominated)
    for (let i = 0; i < kept.length; i += 2) text += `${kept[i]}: ${kept[i + 1]}\r\n`
  }
  return `${text}\r\n`
}

/** What the client gets: its own version of HTTP decides whether chunks and persistence are possible. */
export function clientFraming(
  request: RequestHead,
  body: BodyLength,
  mustClose: boolean,
): ClientFraming {
  const old = request.version === '1.0'
  const until = body === UNTIL_CLOSE || (body === UNTOLD && old)
  const wantsClose = request.fields.close || (old && !request.fields.keepAlive)
  const close = mustClose || until || wantsClose
  return {
    body: until ? UNTIL_CLOSE : body,
    connection: close ? 'close' : old ? 'keep-alive' : null,
  }
}
