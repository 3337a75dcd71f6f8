/** A notice on its way to a URL: as JSON in one of the shapes, signed where there is a secret. What the answer means is decided here, by its status alone. */

import type { Notice } from './notice.ts'
import type { Delivery } from './outbox.ts'
import { signNotice } from './sign.ts'

/** An answer, or why there is none; `again` where that may pass by itself. Nothing of the URL is in the detail. */
export type Posted =
  | { readonly status: number; readonly retryAfter: string | null }
  | { readonly fault: string; readonly again: boolean }

export interface WebhookOptions {
  /** What receivers of this kind understand. */
  readonly shape: (notice: Notice) => unknown
  /** Null: not signed. */
  readonly secret: string | null
  /** Goes through the policy, as agent `cordon`. */
  post(
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<Posted>
  /** Milliseconds since the epoch. */
  now(): number
}

export async function deliverToWebhook(
  { shape, secret, post, now }: WebhookOptions,
  notice: Notice,
  signal: AbortSignal,
): Promise<Delivery> {
  const body = JSON.stringify(shape(notice))
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': 'cordon',
    ...signNotice(secret, notice.id, body, now()),
  }
  const posted = await post(headers, Buffer.from(body), signal)
  if ('fault' in posted) {
    const detail = posted.fault
    return posted.again ? { kind: 'later', detail, after: null } : { kind: 'refused', detail }
  }
  const { status, retryAfter } = posted
  if (status >= 200 && status <= 299) return { kind: 'taken' }
  const detail = `it was answered with status ${status}`
  if (!isPassing(status)) return { kind: 'refused', detail }
  return { kind: 'later', detail, after: parseRetryAfter(retryAfter, now()) }
}

/** Answers after which the same may be taken later (RFC 9110 section 15, RFC 6585). */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

/** Seconds, or a date (RFC 9110 section 10.2.3). @returns milliseconds from now; null when it says nothing */
export function parseRetryAfter(text: string | null, now: number): number | null {
  if (text === null) return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const date = /^[A-Za-z]{3,9}, /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
