/**
 * Header lists of HTTP/2 as heads and back (RFC 9113 section 8). Checked to the last character like lines of HTTP/1.1, because they may
 * become some: what could be read as two fields there, or as framing, is malformed here.
 */

import type { Problem } from '../../model/errors.ts'
import { Fields, isHopByHop, malformed, noteField } from '../exchange/fields.ts'
import { type RequestHead, type ResponseHead, UNTOLD } from '../exchange/message.ts'
import { isBlank, skip, skipMethod, TARGET, TOKEN, VALUE } from '../exchange/text.ts'
import { NOT_FORWARDED, ONLY_HTTP1 } from '../websocket/handshake.ts'
import type { HeaderList } from './hpack/decoder.ts'

const MAX_FIELDS = 1_000

/** What only one connection can mean (section 8.2.2). */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

class FieldList extends Fields {
  readonly list: readonly string[]

  constructor(list: readonly string[]) {
    super()
    this.list = list
  }
}

/** Pseudo-header fields of a request (section 8.3.1, RFC 8441 section 4). */
interface RequestPseudo {
  ':method'?: string
  ':scheme'?: string
  ':authority'?: string
  ':path'?: string
  ':protocol'?: string
}

/** What a request asks its stream to become besides; null for nothing. */
export interface Http2Request {
  readonly head: RequestHead
  readonly protocol: string | null
}

/**
 * @param tunnelScheme inside a tunnel, the scheme of everything in it; null where requests name their scheme
 * @param endStream whether there is no body
 */
export function toRequest(
  block: HeaderList,
  tunnelScheme: 'http' | 'https' | null,
  endStream: boolean,
): Http2Request | Problem {
  if (block.isTooLarge) return TOO_LARGE
  const pseudo: RequestPseudo = {}
  const fields = readFields(block, (name, value) => {
    if (!isRequestPseudo(name) || pseudo[name] !== undefined) return false
    pseudo[name] = value
    return true
  })
  if ('code' in fields) return fields
  const { ':method': method = '', ':protocol': protocol = null } = pseudo
  if (method === '' || skipMethod(method, 0) !== method.length) {
    return malformed('`:method` is missing or not a method')
  }
  const authority = pseudo[':authority'] ?? fields.host
  if (!authority) return malformed('there is neither `:authority` nor Host')
  if (fields.host !== null && fields.host !== authority) {
    return { code: 'names-disagree', detail: '`:authority` and Host disagree' }
  }
  fields.host = authority
  const target = toTarget(pseudo, method, authority, tunnelScheme)
  if (typeof target !== 'string') return target
  if (method === 'CONNECT') {
    // As HTTP/1.1 asks for another protocol, so that one rule holds for both (RFC 8441 section 5).
    const asked = protocol === null ? method : 'GET'
    return { head: { method: asked, target, version: '2', fields, body: 0 }, protocol }
  }
  const { contentLength } = fields
  if (endStream && contentLength > 0)
    return malformed('there is less body than Content-Length says')
  const body = endStream ? 0 : contentLength >= 0 ? contentLength : UNTOLD
  return { head: { method, target, version: '2', fields, body }, protocol }
}

/** As HTTP/1.1 writes it (RFC 9112 section 3.2). */
function toTarget(
  pseudo: RequestPseudo,
  method: string,
  authority: string,
  tunnelScheme: 'http' | 'https' | null,
): string | Problem {
  const { ':scheme': scheme, ':path': path, ':protocol': protocol } = pseudo
  if (method === 'CONNECT' && protocol === undefined) {
    return scheme === undefined && path === undefined
      ? authority
      : malformed('CONNECT has a scheme or a path')
  }
  if (protocol !== undefined && method !== 'CONNECT') {
    return malformed('`:protocol` belongs to CONNECT')
  }
  if (!path || skip(TARGET, path, 0) !== path.length) {
    return malformed('`:path` is missing or has characters that no target may have')
  }
  if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) {
    return malformed('`:path` does not begin with a slash')
  }
  if (scheme !== 'http' && scheme !== 'https') {
    return malformed('`:scheme` is neither http nor https')
  }
  if (tunnelScheme === null) return `${scheme}://${authority}${path === '*' ? '' : path}`
  return scheme === tunnelScheme
    ? path
    : { code: 'names-disagree', detail: '`:scheme` is not the one the tunnel was opened for' }
}

function isRequestPseudo(name: string): name is keyof RequestPseudo {
  return (
    name === ':method' ||
    name === ':scheme' ||
    name === ':authority' ||
    name === ':path' ||
    name === ':protocol'
  )
}

/** @returns null when it is not a head that can be relayed. */
export function toResponse(block: HeaderList): ResponseHead | null {
  if (block.isTooLarge) return null
  let status = 0
  const fields = readFields(block, (name, value) => {
    if (name !== ':status' || status !== 0 || !/^[1-9]\d\d$/.test(value)) return false
    status = Number(value)
    return true
  })
  // 101 is of HTTP/1.1 alone (section 8.6).
  if ('code' in fields || status < 100 || status === 101) return null
  // These never have a body (RFC 9110 section 8.6): a reader of HTTP/1.1 that believed a length would take the next answer for one.
  if ((status < 200 || status === 204) && fields.contentLength > 0) return null
  return { status, reason: '', version: '2', fields }
}

/** @returns null when it is not a trailer section: those have no pseudo-header fields, and no framing. */
export function toTrailerFields(block: HeaderList): Fields | null {
  if (block.isTooLarge) return null
  const fields = readFields(block, () => false)
  return 'code' in fields || fields.contentLength >= 0 ? null : fields
}

/** The list without its pseudo-header fields, which have to stand before all others. */
function readFields(
  { list, secret }: HeaderList,
  onPseudo: (name: string, value: string) => boolean,
): FieldList | Problem {
  let start = 0
  while ((list[start] ?? '').charCodeAt(0) === COLON) {
    const value = list[start + 1] ?? ''
    if (!onPseudo(list[start] ?? '', value)) return malformed('a pseudo-header field is wrong')
    start += 2
  }
  if (list.length - start > 2 * MAX_FIELDS) return TOO_MANY
  const fields = new FieldList(list.slice(start))
  for (let i = start; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const value = list[i + 1] ?? ''
    if (!isFieldName(name)) return malformed('a header field has no valid name')
    if (!isFieldValue(value)) {
      return malformed('a header field has a character that no value may have')
    }
    if (CONNECTION_SPECIFIC.has(name)) return malformed(`${name} is not for HTTP/2`)
    if (name === 'te' && value !== 'trailers') return malformed('TE says more than `trailers`')
    const problem = noteField(fields, name, value)
    if (problem) return problem
  }
  if (secret) fields.secret = new Set([...secret].map((index) => index - start))
  return fields
}

/** A token without upper case (section 8.2). */
function isFieldName(name: string): boolean {
  return name !== '' && skip(LOWER_TOKEN, name, 0) === name.length
}

const LOWER_TOKEN = TOKEN.map((value, code) => (code >= 0x41 && code <= 0x5a ? 0 : value))

/** Without white space at its ends (section 8.2.1). */
function isFieldValue(value: string): boolean {
  if (value === '') return true
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return false
  return skip(VALUE, value, 0) === value.length
}

const COLON = 58

const TOO_MANY: Problem = {
  code: 'request-head-too-large',
  detail: `more than ${MAX_FIELDS} header fields`,
}

const TOO_LARGE: Problem = {
  code: 'request-head-too-large',
  detail: 'the head is larger than this proxy takes',
}

/** A list on its way out. */
export interface OutgoingList {
  readonly list: string[]
  readonly secret: ReadonlySet<number> | null
}

/**
 * Appends what goes on to the next hop: names in lower case, hop-by-hop fields and Host left out, Via made longer.
 *
 * @param list begins with the pseudo-header fields
 * @param isTunnel whether it is about what the stream becomes: then fields of that handshake that are of HTTP/1.1 alone, or that we do
 * not pass on, are left out
 */
export function toOutgoing(
  list: string[],
  version: string,
  fields: Fields,
  pseudonym: string,
  isTunnel = false,
): OutgoingList {
  const { list: all, nominated, secret } = fields
  const kept = secret ? new Set<number>() : null
  for (let i = 0; i < all.length; i += 2) {
    const name = (all[i] ?? '').toLowerCase()
    if (name === 'host' || isHopByHop(name) || nominated?.includes(name)) continue
    if (isTunnel && (NOT_FORWARDED.has(name) || ONLY_HTTP1.has(name))) continue
    if (secret?.has(i)) kept?.add(list.length)
    list.push(name, all[i + 1] ?? '')
  }
  list.push('via', `${version} ${pseudonym}`)
  return { list, secret: kept }
}
