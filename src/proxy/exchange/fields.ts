/**
 * A header or trailer section (RFC 9110 section 5) that was checked: names and values as received, and what a relay has to know of
 * them, picked out once. Where the text of it comes from is for `http1/field-lines` and `http2/field-list`.
 */

import type { Problem } from '../../model/errors.ts'
import { detach, trimBlanks } from './text.ts'

/** Names that Connection may mark: every field is compared with each of them. */
const MAX_NOMINATED = 64

export abstract class Fields {
  /** The one Host value; null when there is none. */
  host: string | null = null
  /** -1 when there is none. */
  contentLength = -1
  chunked = false
  /** `close` and `keep-alive` in Connection. */
  close = false
  keepAlive = false
  /** Seconds an idle connection is kept by its peer, from `Keep-Alive: timeout=`; null when it does not say. */
  keepAliveSeconds: number | null = null
  /** Lower-case names that Connection marks as hop-by-hop, besides those two; null when there are none. */
  nominated: string[] | null = null
  proxyAuthorization: string | null = null
  /** Whether a field asks the origin to take the request for one of another method. */
  overridesMethod = false
  /** All Via values, joined; null when there are none. */
  via: string | null = null
  /** All Upgrade values, joined; null when there are none. */
  upgrade: string | null = null
  /** Whether Authorization or WWW-Authenticate speak of a scheme that authenticates the connection, not the request. */
  bindsConnection = false
  /** Whether TE says that trailers are welcome. */
  wantsTrailers = false
  /**
   * The lines that may go to the next hop, exactly as they came; null when they have to be put together anew from
   * `list`, because Connection nominates some or one is not written as `Name: value`.
   */
  forwardable: string | null = null
  /** Indices in `list` of names whose values may never enter a compression table (RFC 7541 section 6.2.3); null for none. */
  secret: ReadonlySet<number> | null = null

  /** Names and values in turn: case, order and doubles as received. */
  abstract readonly list: readonly string[]
}

/** Fields that end at every hop (RFC 9110 section 7.6.1), and all that are meant for proxies. @param name in lower case */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.includes(name) || name.startsWith('proxy-')
}

/**
 * Alt-Svc is end-to-end by its RFC (7838), but what it offers is a way past us: HTTP/3, or another host.
 *
 * So few are found sooner by looking at each than by the hash of a name.
 */
const HOP_BY_HOP = [
  'alt-svc',
  'connection',
  'http2-settings',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]

/** Fields a client may not have removed on the way by naming them in Connection. */
const CORE_FIELDS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'authorization',
  'cookie',
])

/** No standard, and believed by many frameworks. */
const METHOD_OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override']

/** NTLM, and Negotiate where it means that or Kerberos (RFC 4559): whoever has proved himself is believed for the whole connection. */
const CONNECTION_BOUND = /(?:^|,)[ \t]*(?:ntlm|negotiate|kerberos)(?:[ \t,]|$)/i

/** Names that `noteField` has to see. Besides them: all that begin with `proxy-`. */
export const NOTED: readonly string[] = [
  ...HOP_BY_HOP,
  ...METHOD_OVERRIDES,
  'authorization',
  'www-authenticate',
  'host',
  'content-length',
  'via',
]

/**
 * Takes up what the relay has to know.
 *
 * @param name in lower case
 * @param value with white space behind it, if there was any
 */
export function noteField(fields: Fields, name: string, value: string): Problem | null {
  switch (name) {
    case 'host':
      if (fields.host !== null) return malformed('there is more than one Host')
      fields.host = detach(trimBlanks(value))
      return null
    case 'content-length':
      if (fields.contentLength >= 0) return framing('there is more than one Content-Length')
      // Not everybody takes white space away behind a value, and framing must not depend on it.
      if (!/^(0|[1-9]\d{0,14})$/.test(value)) return framing('Content-Length is not a plain number')
      fields.contentLength = Number(value)
      return null
    case 'transfer-encoding':
      if (fields.chunked || value.toLowerCase() !== 'chunked') {
        return framing('Transfer-Encoding is not exactly `chunked`')
      }
      fields.chunked = true
      return null
    case 'connection':
      return noteConnection(fields, value)
    case 'keep-alive': {
      const seconds = /(?:^|[ ,])timeout=(\d{1,6})/i.exec(value)?.[1]
      if (seconds !== undefined) fields.keepAliveSeconds = Number(seconds)
      return null
    }
    case 'proxy-authorization':
      if (fields.proxyAuthorization !== null) return malformed('there are two Proxy-Authorization')
      fields.proxyAuthorization = detach(trimBlanks(value))
      return null
    case 'te':
      fields.wantsTrailers ||= /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(value)
      return null
    case 'upgrade':
      fields.upgrade = joined(fields.upgrade, value)
      return null
    case 'via':
      fields.via = joined(fields.via, value)
      return null
    case 'authorization':
    case 'www-authenticate':
      fields.bindsConnection ||= CONNECTION_BOUND.test(value)
      return null
    case 'x-http-method':
    case 'x-http-method-override':
    case 'x-method-override':
      fields.overridesMethod = true
      return null
    default:
      return null
  }
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`
}

function noteConnection(fields: Fields, value: string): Problem | null {
  // What nearly everybody says.
  if (value === 'keep-alive') {
    fields.keepAlive = true
    return null
  }
  for (const option of value.toLowerCase().split(',')) {
    const token = option.trim()
    if (token === 'close') fields.close = true
    else if (token === 'keep-alive') fields.keepAlive = true
    else if (CORE_FIELDS.has(token)) return malformed(`Connection names ${token}`)
    else if (token !== '') {
      fields.nominated ??= []
      fields.nominated.push(token)
    }
  }
  return (fields.nominated?.length ?? 0) > MAX_NOMINATED
    ? malformed(`Connection names more than ${MAX_NOMINATED} fields`)
    : null
}

export function malformed(detail: string): Problem {
  return { code: 'request-malformed', detail }
}

export function framing(detail: string): Problem {
  return { code: 'request-framing', detail }
}
