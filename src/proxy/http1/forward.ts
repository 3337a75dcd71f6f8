/**
 * Heads on their way out (RFC 9110 section 7.6): hop-by-hop fields and everything `Proxy-…` taken away, framing and `Via`
 * made anew, all else as received.
 */

import { type BodyFraming, CHUNKED, UNTIL_CLOSE } from './body.ts'
import type { Fields, RequestHead, ResponseHead } from './head.ts'
import type { Target } from './target.ts'

/** @param pseudonym our name in Via (RFC 9110 section 7.6.3), by which a loop is recognised. */
export function toOriginHead(head: RequestHead, target: Target, pseudonym: string): string {
  const { list, nominated, host } = head.fields
  let text = `${head.method} ${target.wire} HTTP/1.1\r\n`
  if (host === null) text += `Host: ${target.host}\r\n`
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') text += `${name}: ${target.host}\r\n`
    else if (!isHopByHop(name, nominated)) text += `${name}: ${list[i + 1]}\r\n`
  }
  if (head.fields.chunked) text += 'Transfer-Encoding: chunked\r\n'
  return `${text}Via: ${head.version} ${pseudonym}\r\n\r\n`
}

/** How the client's connection goes on after this response. */
export interface ClientFraming {
  /** `UNTIL_CLOSE` where the client cannot read chunks. */
  readonly body: BodyFraming
  readonly connection: 'close' | 'keep-alive' | null
}

export function toClientHead(
  head: ResponseHead,
  framing: ClientFraming,
  pseudonym: string,
): string {
  const { list, nominated } = head.fields
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    if (!isHopByHop(name, nominated)) text += `${name}: ${list[i + 1]}\r\n`
  }
  if (framing.body === CHUNKED) text += 'Transfer-Encoding: chunked\r\n'
  if (framing.connection) text += `Connection: ${framing.connection}\r\n`
  return `${text}Via: ${head.version} ${pseudonym}\r\n\r\n`
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
  const list = trailers?.list ?? []
  let text = '0\r\n'
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    if (!isHopByHop(name, nominated) && !NOT_IN_TRAILERS.has(name.toLowerCase())) {
      text += `${name}: ${list[i + 1]}\r\n`
    }
  }
  return `${text}\r\n`
}

/** What the client gets: its own version of HTTP decides whether chunks and persistence are possible. */
export function clientFraming(
  request: RequestHead,
  body: BodyFraming,
  mustClose: boolean,
): ClientFraming {
  const old = request.version === '1.0'
  const until = body === UNTIL_CLOSE || (body === CHUNKED && old)
  const wantsClose = request.fields.close || (old && !request.fields.keepAlive)
  const close = mustClose || until || wantsClose
  return {
    body: until ? UNTIL_CLOSE : body,
    connection: close ? 'close' : old ? 'keep-alive' : null,
  }
}

/** Compares lengths and first letters: most fields are none of these. `Transfer-Encoding` is made anew where it is needed. */
function isHopByHop(name: string, nominated: readonly string[] | null): boolean {
  if (nominated?.includes(name.toLowerCase())) return true
  if ((name.charCodeAt(0) | 0x20) === LOWER_P && /^proxy-/i.test(name)) return true
  switch (name.length) {
    case 2:
      return name.toLowerCase() === 'te'
    case 7:
      return name.toLowerCase() === 'upgrade'
    case 10: {
      const lower = name.toLowerCase()
      return lower === 'connection' || lower === 'keep-alive'
    }
    case 14:
      return name.toLowerCase() === 'http2-settings'
    case 17:
      return name.toLowerCase() === 'transfer-encoding'
    default:
      return false
  }
}

const LOWER_P = 0x70

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
