/**
 * Header and trailer sections (RFC 9110 section 5, RFC 9112 section 5): checked to the last character, once, and otherwise left as they
 * came. What the relay has to know is picked out on the way; names and values are taken apart only where somebody asks.
 */

import type { Problem } from '../../model/errors.ts'
import { detach, skip, TOKEN, VALUE } from './text.ts'

const MAX_FIELDS = 1_000
/** Names that Connection may mark: every field is compared with each of them. */
const MAX_NOMINATED = 64

export class Fields {
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
  /**
   * The lines that may go to the next hop, exactly as they came; null when they have to be put together anew from
   * `list`, because Connection nominates some or one is not written as `Name: value`.
   */
  forwardable: string | null = null

  readonly #text: string
  readonly #start: number
  #list: readonly string[] | null = null

  constructor(text: string, start: number) {
    this.#text = text
    this.#start = start
  }

  /** Names and values in turn: case, order and doubles as received. */
  get list(): readonly string[] {
    this.#list ??= takeApart(this.#text, this.#start)
    return this.#list
  }
}

/** A section from `start` up to and including its empty line, which ends the text. */
export function parseFields(text: string, start: number): Fields | Problem {
  const fields = new Fields(text, start)
  let count = 0
  let forwardable = ''
  let isAsWritten = true
  let runStart = start
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
    if (++count > MAX_FIELDS) return TOO_MANY
    const next = lineEnd + 2
    if (
      valueStart !== nameEnd + 2 ||
      text.charCodeAt(nameEnd + 1) !== SP ||
      (lineEnd > valueStart && isBlank(text.charCodeAt(lineEnd - 1)))
    ) {
      isAsWritten = false
    }
    const initial = text.charCodeAt(at) | 0x20
    // Most names can be told by length and first letter to be none of those that matter here.
    if (INITIALS[nameEnd - at]?.includes(initial) || initial === LOWER_P) {
      const name = text.slice(at, nameEnd).toLowerCase()
      const problem = note(fields, name, text.slice(valueStart, lineEnd))
      if (problem) return problem
      if (isHopByHop(name)) {
        forwardable += text.slice(runStart, at)
        runStart = next
      }
    }
    at = next
  }
  if (text.charCodeAt(at + 1) !== LF || at + 2 !== text.length) {
    return malformed('a line of the head does not end in CR LF')
  }
  if (fields.chunked && fields.contentLength >= 0) {
    return framing('there are both Content-Length and Transfer-Encoding')
  }
  if (isAsWritten && fields.nominated === null) {
    fields.forwardable = forwardable + text.slice(runStart, at)
  }
  return fields
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

/** First letters of the names above and below, by length. */
const INITIALS: number[][] = []
for (const name of [...HOP_BY_HOP, ...METHOD_OVERRIDES, 'host', 'content-length', 'via']) {
  INITIALS[name.length] = [...(INITIALS[name.length] ?? []), name.charCodeAt(0)]
}

/** Takes up what the relay has to know. @param value with white space behind it, if there was any */
function note(fields: Fields, name: string, value: string): Problem | null {
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
    case 'via':
      fields.via = fields.via === null ? value : `${fields.via}, ${value}`
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

/** Names and values of a section that was checked. */
function takeApart(text: string, start: number): readonly string[] {
  const list: string[] = []
  for (let at = start; text.charCodeAt(at) !== CR; ) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r\n', colon)
    list.push(text.slice(at, colon), trimBlanks(text.slice(colon + 1, end)))
    at = end + 2
  }
  return list
}

/** Without SP and HTAB at both ends; nothing else is white space here. */
function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

const CR = 13
const LF = 10
const SP = 32
const HTAB = 9
const COLON = 58
const LOWER_P = 112

function isBlank(code: number): boolean {
  return code === SP || code === HTAB
}

const TOO_MANY: Problem = {
  code: 'request-head-too-large',
  detail: `more than ${MAX_FIELDS} header fields`,
}

export function malformed(detail: string): Problem {
  return { code: 'request-malformed', detail }
}

export function framing(detail: string): Problem {
  return { code: 'request-framing', detail }
}
