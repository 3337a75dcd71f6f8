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

/** @param pseudonym our name in Via (RFC 9110 section 7.6.3), by which a loop is recognised. */
export function toOriginHead(head: RequestHead, target: Target, pseudonym: string): string {
  const { fields } = head
  let text = `${head.method} ${target.wire} HTTP/1.1\r\n`
  if (fields.host === null) text += `Host: ${target.host}\r\n`
  const isSameHost = fields.host === null || fields.host === target.host
  text +=
    isSameHost && fields.forwardable !== null ? fields.forwardable : rewrite(fields, target.host)
  if (head.body === UNTOLD) text += 'Transfer-Encoding: chunked\r\n'
  return `${text}Via: ${head.version} ${pseudonym}\r\n\r\n`
}

/** How the client's connection goes on after this response. */
export interface ClientFraming {
  /** `UNTIL_CLOSE` where the client cannot read chunks. */
  readonly body: BodyLength
  readonly connection: 'close' | 'keep-alive' | null
}

export function toClientHead(
  head: ResponseHead,
  framing: ClientFraming,
  pseudonym: string,
): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  text += head.fields.forwardable ?? rewrite(head.fields, null)
  if (framing.body === UNTOLD) text += 'Transfer-Encoding: chunked\r\n'
  if (framing.connection) text += `Connection: ${framing.connection}\r\n`
  return `${text}Via: ${head.version} ${pseudonym}\r\n\r\n`
}

/** The fields one by one. @param host in place of the value of Host; null leaves it. */
function rewrite(
  { list, nominated: own }: Fields,
  host: string | null,
  nominated: readonly string[] | null = own,
  dropped: ReadonlySet<string> | null = null,
): string {
  let text = ''
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const lower = name.toLowerCase()
    if (isHopByHop(lower) || nominated?.includes(lower) || dropped?.has(lower)) continue
    text += `${name}: ${lower === 'host' && host !== null ? host : list[i + 1]}\r\n`
  }
  return text
}

/**
 * The end of a chunked body. Trailer fields that a header section could not have either, or that are unsafe to merge into one,
 * are dropped (RFC 9110 sections 6.5.1 and 7.6.1).
 *
 * @param nominated by Connection in the head of the same message.
 */
export function toLastChunk(
  trailers: Fields | null,
  nominated: readonly string[] | null = null,
): string {
  return trailers ? `0\r\n${rewrite(trailers, null, nominated, NOT_IN_TRAILERS)}\r\n` : '0\r\n\r\n'
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

/** A reader that merges trailers into the header section would be told something new after it has decided. */
const NOT_IN_TRAILERS = new Set([
  // Framing and routing.
  'content-length',
  'forwarded',
  'host',
  'max-forwards',
  'trailer',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  // Who is asking.
  'authorization',
  'cookie',
  'set-cookie',
  'www-authenticate',
  // What is asked, and what a cache may do with the answer.
  'age',
  'cache-control',
  'date',
  'expect',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'pragma',
  'range',
  'retry-after',
  'vary',
  'warning',
  // How to read the content.
  'content-encoding',
  'content-range',
  'content-type',
])
