/** What the console says: JSON, and faults as `application/problem+json` (RFC 9457). Nothing of a request is in them but what was understood of it. */

import type { ServerResponse } from 'node:http'

/** Stable and published (docs/api.md): scripts match on them. */
export const FAULTS = {
  invalid: [400, 'The request is not understood'],
  unauthenticated: [401, 'Nobody is known by this token'],
  forbidden: [403, 'This is not for whoever asks'],
  'not-found': [404, 'There is nothing here'],
  unknown: [404, 'There is no such hold or grant'],
  method: [405, 'The method is not one of this resource'],
  ended: [409, 'It has ended already'],
  'not-needed': [409, 'Nothing has to be decided'],
  'too-large': [413, 'The body is too large'],
  misdirected: [421, 'The console has another name'],
  'key-reused': [422, 'The key stands for another request'],
  'too-wide': [422, 'That is more than may be given'],
  'too-many': [429, 'Too many tries'],
  failed: [500, 'It could not be done'],
  unavailable: [503, 'It cannot be done now'],
  full: [503, 'Too much waits already'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type FaultCode = keyof typeof FAULTS

/** What cannot be done, and why. */
export interface Fault {
  readonly fault: FaultCode
  /** One sentence for this case. */
  readonly detail: string
  /** What can be done about it; null for nothing. */
  readonly hint: string | null
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json', body)
}

/**
 * @param detail one sentence for this case
 * @param hint what can be done about it; null for nothing
 */
export function answerFault(
  response: ServerResponse,
  code: FaultCode,
  detail: string,
  hint: string | null = null,
): void {
  const [status, title] = FAULTS[code]
  const next = hint === null ? {} : { next: hint }
  const body = { type: 'about:blank', title, status, detail, code, ...next }
  send(response, status, 'application/problem+json', body)
}

function send(response: ServerResponse, status: number, type: string, body: object): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) })
  response.end(text)
}
