/**
 * Message heads, parsed strictly (RFC 9112 sections 2 to 6) and only once. Stricter than the RFC asks where two readers could
 * disagree: no obs-fold, no bare CR or LF, no white space before a colon, one numeric Content-Length, Transfer-Encoding
 * exactly `chunked`, never both. What is not understood is refused, never repaired. Names, values, their case, order
 * and doubles are kept as received; latin-1 both ways, so bytes are neither lost nor changed.
 */

import type { Code, Problem } from '../../model/errors.ts'

/** Bytes of the largest head, request or response. */
export const MAX_HEAD_BYTES = 64 * 1024
const MAX_FIELDS = 1_000
/** Names that Connection may mark: every field is compared with each of them. */
const MAX_NOMINATED = 64

/** The header section, and what the relay has to know of it. */
export interface Fields {
  /** Names and values in turn. */
  readonly list: readonly string[]
  /** The one Host value; null when there is none. */
  readonly host: string | null
  /** -1 when there is none. */
  readonly contentLength: number
  readonly chunked: boolean
  /** `close` and `keep-alive` in Connection. */
  readonly close: boolean
  readonly keepAlive: boolean
  /** Seconds an idle connection is kept by its peer, from `Keep-Alive: timeout=`; null when it does not say. */
  readonly keepAliveSeconds: number | null
  /** Lower-case names that Connection marks as hop-by-hop, besides those two; null when there are none. */
  readonly nominated: readonly string[] | null
  readonly proxyAuthorization: string | null
  /** All Via values, joined; null when there are none. */
  readonly via: string | null
}

export interface RequestHead {
  readonly method: string
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly fields: Fields
}

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly version: '1.0' | '1.1'
  readonly fields: Fields
}

/** @param text the head as latin-1, from the request line to the empty line, both included. */
export function parseRequestHead(text: string): RequestHead | Problem {
  const methodEnd = skip(TOKEN, text, 0)
  if (methodEnd === 0 || text[methodEnd] !== ' ') return malformed('the request line has no method')
  const method = text.slice(0, methodEnd)
  const targetEnd = skip(TARGET, text, methodEnd + 1)
  if (targetEnd === methodEnd + 1 || text[targetEnd] !== ' ') {
    return malformed('the request line has no valid target')
  }
  const lineEnd = text.indexOf('\r\n', targetEnd)
  const version = parseVersion(text.slice(targetEnd + 1, lineEnd))
  if (typeof version !== 'string') return version
  const fields = parseFields(text, lineEnd + 2)
  if ('code' in fields) return fields
  if (fields.chunked && version === '1.0')
    return framing('Transfer-Encoding in an HTTP/1.0 request')
  // CONNECT names its host in the target; old clients leave it at that.
  if (fields.host === null && version === '1.1' && method !== 'CONNECT') {
    return malformed('there is no Host')
  }
  return {
    method,
    target: detach(text.slice(methodEnd + 1, targetEnd)),
    version,
    fields,
  }
}

/** @returns null when the head is not one that can be relayed. */
export function parseResponseHead(text: string): ResponseHead | null {
  const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/.exec(text)
  if (!match) return null
  const fields = parseFields(text, match[0].length)
  if ('code' in fields) return null
  const version = match[1] === '0' ? '1.0' : '1.1'
  const status = Number(match[2])
  if (fields.chunked && version === '1.0') return null
  // These never have a body (RFC 9110 section 8.6): a reader that believed a length would take the next answer for one.
  const bodiless = status < 200 || status === 204
  if (bodiless && (fields.chunked || fields.contentLength > 0)) return null
  return { status, reason: match[3] ?? '', version, fields }
}

/** A header or trailer section from `start` up to and including its empty line. */
export function parseFields(text: string, start: number): Fields | Problem {
  const list: string[] = []
  let host: string | null = null
  let contentLength = -1
  let chunked = false
  let close = false
  let keepAlive = false
  let keepAliveSeconds: number | null = null
  let nominated: string[] | null = null
  let proxyAuthorization: string | null = null
  let via: string | null = null

  let at = start
  while (text.charCodeAt(at) !== CR) {
    const nameEnd = skip(TOKEN, text, at)
    if (nameEnd === at || text.charCodeAt(nameEnd) !== COLON) {
      return malformed('a header field has no valid name')
    }
    let valueStart = nameEnd + 1
    while (isBlank(text.charCodeAt(valueStart))) valueStart++
    const lineEnd = skip(VALUE, text, valueStart)
    if (text.charCodeAt(lineEnd) !== CR || text.charCodeAt(lineEnd + 1) !== LF) {
      return malformed('a header field has a character that no value may have')
    }
    let valueEnd = lineEnd
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--
    // Not everybody takes white space away behind a value, and framing must not depend on it.
    const hasBlankEnd = valueEnd < lineEnd
    const name = text.slice(at, nameEnd)
    const value = text.slice(valueStart, valueEnd)
    list.push(name, value)
    at = lineEnd + 2

    // Only names of these lengths can matter to the relay; comparing lengths first spares lower-casing the rest.
    switch (name.length) {
      case 3:
        if (name.toLowerCase() === 'via') via = via === null ? value : `${via}, ${value}`
        break
      case 4:
        if (name.toLowerCase() !== 'host') break
        if (host !== null) return malformed('there is more than one Host')
        host = detach(value)
        break
      case 10: {
        const lower = name.toLowerCase()
        if (lower === 'keep-alive') {
          const seconds = /(?:^|[ ,])timeout=(\d{1,6})/i.exec(value)?.[1]
          if (seconds !== undefined) keepAliveSeconds = Number(seconds)
        }
        if (lower !== 'connection') break
        for (const option of value.toLowerCase().split(',')) {
          const token = option.trim()
          if (token === 'close') close = true
          else if (token === 'keep-alive') keepAlive = true
          else if (CORE_FIELDS.has(token)) return malformed(`Connection names ${token}`)
          else if (token !== '') {
            nominated ??= []
            nominated.push(token)
          }
        }
        if (nominated && nominated.length > MAX_NOMINATED) {
          return malformed(`Connection names more than ${MAX_NOMINATED} fields`)
        }
        break
      }
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (contentLength >= 0) return framing('there is more than one Content-Length')
        if (hasBlankEnd || !/^(0|[1-9]\d{0,14})$/.test(value)) {
          return framing('Content-Length is not a plain number')
        }
        contentLength = Number(value)
        break
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break
        if (chunked || hasBlankEnd || value.toLowerCase() !== 'chunked') {
          return framing('Transfer-Encoding is not exactly `chunked`')
        }
        chunked = true
        break
      case 19:
        if (name.toLowerCase() !== 'proxy-authorization') break
        if (proxyAuthorization !== null) return malformed('there are two Proxy-Authorization')
        proxyAuthorization = detach(value)
        break
      default:
    }
  }
  if (text.charCodeAt(at + 1) !== LF || at + 2 !== text.length) {
    return malformed('a line of the head does not end in CR LF')
  }
  if (list.length > 2 * MAX_FIELDS) {
    return { code: 'request-head-too-large', detail: `more than ${MAX_FIELDS} header fields` }
  }
  if (chunked && contentLength >= 0) {
    return framing('there are both Content-Length and Transfer-Encoding')
  }
  return {
    list,
    host,
    contentLength,
    chunked,
    close,
    keepAlive,
    keepAliveSeconds,
    nominated,
    proxyAuthorization,
    via,
  }
}

const CR = 13
const LF = 10
const COLON = 58

/** Fields a client may not have removed on the way by naming them in Connection. */
const CORE_FIELDS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'authorization',
  'cookie',
])

/** RFC 9110 section 5.6.2. */
const TOKEN = toTable(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)
/** RFC 9110 section 5.5: HTAB, SP, visible characters and obs-text. */
const VALUE = toTable(range(0x20, 0x7e), '\t', range(0x80, 0xff))
/** Visible characters of ASCII; a fragment never belongs in a request (RFC 9112 section 3.2). */
const TARGET = toTable(range(0x21, 0x22), range(0x24, 0x7e))

/** The first index from `at` whose character is not in the table. */
function skip(table: Uint8Array, text: string, at: number): number {
  let i = at
  while (table[text.charCodeAt(i)] === 1) i++
  return i
}

/**
 * A copy. What V8 cuts from a string keeps the whole of it alive, and names and credentials outlive their head: in the
 * cache of the resolver, in a tunnel, in a queue.
 */
function detach(text: string): string {
  return ` ${text}`.slice(1)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function parseVersion(text: string): '1.0' | '1.1' | Problem {
  if (text === 'HTTP/1.1') return '1.1'
  if (text === 'HTTP/1.0') return '1.0'
  return /^HTTP\/\d\.\d$/.test(text)
    ? { code: 'request-version', detail: 'the request line names another version of HTTP' }
    : malformed('the request line does not end in HTTP/1.1')
}

function malformed(detail: string): Problem {
  return { code: 'request-malformed' satisfies Code, detail }
}

function framing(detail: string): Problem {
  return { code: 'request-framing' satisfies Code, detail }
}

function toTable(...parts: string[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of parts.join('')) table[character.charCodeAt(0)] = 1
  return table
}

function range(from: number, to: number): string {
  return String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, i) => from + i))
}
