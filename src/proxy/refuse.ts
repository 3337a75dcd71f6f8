/** Refusals on the wire: one shape for people, SDKs and agents (RFC 9457), with the cause for machines in between (RFC 9209). */

import type { Code } from '../model/errors.ts'
import { type Refusal, sayRefusal } from '../model/refusal.ts'
import type { Channel } from './channel.ts'
import { linger } from './linger.ts'

/** @param connection what to say about the connection; null says nothing. */
export function toRefusalResponse(
  refusal: Refusal,
  method: string,
  connection: 'close' | null,
): string {
  const { status, code } = refusal
  const body = toRefusalBody(refusal)
  const fields = toRefusalFields(refusal, Buffer.byteLength(body))
  if (connection) fields.push('Connection', connection)
  // Package managers and others show this line and nothing else.
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Refused'} (Cordon: ${code})\r\n`
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  text += '\r\n'
  return method === 'HEAD' ? text : text + Buffer.from(body, 'utf8').toString('latin1')
}

/**
 * The problem details themselves. `message` is where SDKs of AWS look for what to show, `error` where those of OpenAI and many others
 * do: without them an agent would read `403 status code (no body)`.
 */
export function toRefusalBody(refusal: Refusal): string {
  const { code, status, title, detail, flow, host, regions, allowed, rule, because } = refusal
  const message = sayRefusal(refusal)
  return JSON.stringify({
    type: `urn:cordon:${code}`,
    title,
    status,
    detail,
    code,
    flow,
    host,
    regions,
    allowed,
    rule,
    because,
    evidence: refusal.evidence,
    next: refusal.next,
    ...toHeldFields(refusal),
    message,
    error: { type: 'cordon', code, message },
  })
}

function toHeldFields({ hold, approvals, until, retryAfter }: Refusal) {
  if (approvals.length === 0) return {}
  const expires = until === null ? null : new Date(until).toISOString()
  return { hold, approvals, hold_expires: expires, retry_after: retryAfter }
}

/** Names and values in turn. @param length of the body, in bytes */
export function toRefusalFields({ code, status, retryAfter }: Refusal, length: number): string[] {
  return [
    ...['Content-Type', 'application/problem+json', 'Content-Length', String(length)],
    ...['Cache-Control', 'no-store', 'Date', new Date().toUTCString()],
    ...['Proxy-Status', `cordon; error=${proxyError(code)}; details="${code}"`],
    ...(status === 407 ? CHALLENGES : []),
    ...(status === 429 || status === 503 ? ['Retry-After', String(retryAfter ?? 5)] : []),
  ]
}

const CHALLENGES = [
  ...['Proxy-Authenticate', 'Bearer realm="cordon"'],
  ...['Proxy-Authenticate', 'Basic realm="cordon", charset="UTF-8"'],
]

/** Answers with the refusal and ends the connection. */
export function refuseOn(socket: Channel, refusal: Refusal): void {
  if (socket.destroyed) return
  socket.write(toRefusalResponse(refusal, 'GET', 'close'), 'latin1')
  linger(socket)
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  413: 'Content Too Large',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}

/** Our codes in the words of RFC 9209 section 2.3. */
function proxyError(code: Refusal['code']): string {
  return PROXY_ERRORS[code as Code] ?? 'http_request_denied'
}

const PROXY_ERRORS: Partial<Record<Code, string>> = {
  'request-malformed': 'http_request_error',
  'request-framing': 'http_request_error',
  'request-chunk': 'http_request_error',
  'request-target': 'http_request_error',
  'request-version': 'http_request_error',
  'request-head-too-large': 'http_request_error',
  'request-timeout': 'http_request_error',
  'request-incomplete': 'http_request_error',
  'request-not-http': 'http_request_error',
  'address-prohibited': 'destination_ip_prohibited',
  'proxy-loop': 'proxy_loop_detected',
  'dns-not-found': 'dns_error',
  'dns-no-address': 'dns_error',
  'dns-failed': 'dns_error',
  'dns-timeout': 'dns_timeout',
  'connect-refused': 'connection_refused',
  'connect-unreachable': 'destination_ip_unroutable',
  'connect-timeout': 'connection_timeout',
  'connect-reset': 'connection_terminated',
  'connect-stalled': 'http_response_timeout',
  'connect-malformed': 'http_protocol_error',
  'tls-expired': 'tls_certificate_error',
  'tls-untrusted': 'tls_certificate_error',
  'tls-name-mismatch': 'tls_certificate_error',
  'tls-failed': 'tls_protocol_error',
  'audit-unavailable': 'proxy_internal_error',
  'gate-failed': 'proxy_internal_error',
}
