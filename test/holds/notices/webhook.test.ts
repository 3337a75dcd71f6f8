/** What answers of a receiver mean, and what it is sent: the same body under the same key, signed anew each time. */

import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toJson } from '../../../src/holds/notices/json.ts'
import {
  deliverToWebhook,
  type Posted,
  parseRetryAfter,
} from '../../../src/holds/notices/webhook.ts'
import { makeHold, makeNotice, OPENED_AT } from './support.ts'

const NOTICE = makeNotice(makeHold())

async function deliver(posted: Posted, secret: string | null = 'k3y', at = OPENED_AT) {
  const sent: { headers: Readonly<Record<string, string>>; body: string }[] = []
  const delivery = await deliverToWebhook(
    {
      shape: toJson,
      secret,
      now: () => at,
      async post(headers, body) {
        sent.push({ headers, body: body.toString() })
        return posted
      },
    },
    NOTICE,
    new AbortController().signal,
  )
  const [{ headers, body } = { headers: {}, body: '' }] = sent
  return { delivery, headers: headers as Record<string, string>, body }
}

describe('what an answer means', () => {
  const later = (status: number) => ({
    kind: 'later',
    detail: `it was answered with status ${status}`,
    after: null,
  })
  const refused = (status: number) => ({
    kind: 'refused',
    detail: `it was answered with status ${status}`,
  })
  test.each([
    [200, { kind: 'taken' }],
    [204, { kind: 'taken' }],
    [301, refused(301)],
    [400, refused(400)],
    [401, refused(401)],
    [404, refused(404)],
    [408, later(408)],
    [410, refused(410)],
    [425, later(425)],
    [429, later(429)],
    [500, later(500)],
    [503, later(503)],
  ])('%i', async (status, want) => {
    expect((await deliver({ status, retryAfter: null })).delivery).toEqual(want)
  })

  test('Retry-After is heard where it may be tried again', async () => {
    const { delivery } = await deliver({ status: 429, retryAfter: '30' })
    expect(delivery).toMatchObject({ kind: 'later', after: 30_000 })
  })

  test.each([
    [true, 'later'],
    [false, 'refused'],
  ])('no answer, again %s: %s', async (again, kind) => {
    const { delivery } = await deliver({ fault: 'connect-refused: …', again })
    expect(delivery).toMatchObject({ kind, detail: 'connect-refused: …' })
  })
})

test.each([
  [null, null],
  ['120', 120_000],
  ['0', 0],
  ['1.5', null],
  ['-1', null],
  ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
  ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
  ['2026', 2_026_000],
  ['soon', null],
  ['', null],
])('Retry-After: %s', (text, want) => {
  expect(parseRetryAfter(text, OPENED_AT)).toBe(want)
})

describe('what is sent', () => {
  test('a signature over time and body, which a receiver can check', async () => {
    const { headers, body } = await deliver({ status: 200, retryAfter: null })
    const timestamp = headers['Cordon-Timestamp']
    expect(timestamp).toBe(String(OPENED_AT / 1_000))
    const mac = createHmac('sha256', 'k3y').update(`${timestamp}.${body}`).digest('hex')
    expect(headers['Cordon-Signature']).toBe(`v1=${mac}`)
    expect(headers['Content-Type']).toBe('application/json; charset=utf-8')
  })

  test('a later try has the same key and body, and a time and signature of its own', async () => {
    const first = await deliver({ status: 500, retryAfter: null })
    const second = await deliver({ status: 200, retryAfter: null }, 'k3y', OPENED_AT + 60_000)
    expect(second.body).toBe(first.body)
    expect(second.headers['Idempotency-Key']).toBe(first.headers['Idempotency-Key'])
    expect(second.headers['Cordon-Signature']).not.toBe(first.headers['Cordon-Signature'])
  })

  test('no secret, no signature', async () => {
    const { headers } = await deliver({ status: 200, retryAfter: null }, null)
    expect(headers).not.toHaveProperty('Cordon-Signature')
    expect(headers).toHaveProperty('Idempotency-Key')
  })
})
