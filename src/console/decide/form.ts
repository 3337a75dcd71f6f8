/** What comes back from the page of a link: a form, from that page and from no other. Read strictly: what is there twice, or unknown, is nothing. */

import type { IncomingMessage } from 'node:http'
import type { Parsed } from '../../model/errors.ts'
import { SENTENCE } from '../api/fields.ts'
import { collect } from '../api/json-body.ts'

/** `show` is none: who may decide is shown more first. */
export const DECISIONS = ['approve', 'approve-path', 'deny', 'show'] as const

export interface DecideForm {
  /** Of the reviewer. */
  readonly token: string
  readonly decision: (typeof DECISIONS)[number]
  readonly reason: string | null
}

const MAX_TOKEN = 8_192

export async function readForm(request: IncomingMessage): Promise<Parsed<DecideForm>> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) {
    return { fault: 'this is not the form of this page' }
  }
  const bytes = await collect(request)
  return Buffer.isBuffer(bytes) ? parseForm(bytes.toString()) : { fault: bytes.detail }
}

export function parseForm(text: string): Parsed<DecideForm> {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name) || !FIELDS.has(name)) return { fault: 'this is not the form of this page' }
    fields.set(name, value)
  }
  const decision = DECISIONS.find((one) => one === fields.get('decision'))
  if (!decision) return { fault: 'choose what is to be done' }
  const token = fields.get('token')?.trim() ?? ''
  if (!/^[A-Za-z0-9+/=._~-]+$/.test(token) || token.length > MAX_TOKEN) {
    return { fault: 'the token is missing, or has characters that no token has' }
  }
  const reason = SENTENCE.read(fields.get('reason') ?? '')
  if (reason === undefined) return { fault: `the reason is not ${SENTENCE.is}` }
  return { value: { token, decision, reason } }
}

const FIELDS: ReadonlySet<string> = new Set(['token', 'decision', 'reason'])

/**
 * Whether it comes from our own page. The token in it would be enough: nobody else has that; this is for the day on which somebody makes
 * it do without. Because we ask browsers to name us to nobody, they send `Origin: null`; then `Sec-Fetch-Site` says it.
 *
 * @param origin of the place where reviewers reach the console
 */
export function isOwnForm({ headersDistinct }: IncomingMessage, origin: string | null): boolean {
  const [site = 'same-origin', ...sites] = headersDistinct['sec-fetch-site'] ?? []
  const [from = 'null', ...origins] = headersDistinct.origin ?? []
  if (site !== 'same-origin' || sites.length > 0 || origins.length > 0) return false
  const [host = ''] = headersDistinct.host ?? []
  return (
    from === 'null' || from === origin || from === `http://${host}` || from === `https://${host}`
  )
}
