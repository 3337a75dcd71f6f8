/** By what a request is known again while it waits for a person, and what its client is told. */

import { describe, expect, test } from 'vitest'
import { createEnforcer } from '../src/enforce.ts'
import type { Waiting } from '../src/holding.ts'
import { NO_INSPECTOR } from '../src/inspector.ts'
import type { HoldQuestion } from '../src/model/hold.ts'
import type { Refusal } from '../src/model/refusal.ts'
import { compilePolicy } from '../src/policy/compile.ts'
import type { PolicyDocument } from '../src/policy/document.ts'
import {
  type HoldAnswer,
  NO_DECODER,
  NO_LEDGER,
  NO_METER,
  NO_OUTLINE,
  type Ports,
} from '../src/ports.ts'
import { authority, destination, flow, ip } from './support/nouns.ts'

const POST = { method: 'POST', path: '/v1/chat', protocol: 'HTTP/1.1' }
const TO = authority('api.test:443')
const INSTEAD = [{ host: 'eu.api.test', asking: null, regions: ['DE'] }]

function toPolicy(document: PolicyDocument) {
  const context = {
    builtinZones: new Map([['EEA', new Set(['DE', 'IE'])]]),
    digest: 'd',
    enforced: true,
    tunnelOnly: [],
    answers: 'steer',
  } as const
  const result = compilePolicy(document, context)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.policy
}

/** What is asked about a request to somewhere in the world, and how it is refused when that is the answer. */
async function hold(waiting: Partial<Waiting>, answer: HoldAnswer, document: PolicyDocument = {}) {
  const asked: HoldQuestion[] = []
  const policy = toPolicy(document)
  const found = { authority: TO, regions: ['*'], instead: document.rules ? [] : INSTEAD }
  const ports: Ports = {
    clock: { now: () => 1_000 },
    resolver: {
      resolve: async () => ({
        addresses: [ip('192.0.2.1')],
        cnames: [],
        source: 'test',
        validUntil: 9_000,
      }),
    },
    locator: {
      locate: () => destination(found),
      wantsBody: () => false,
      read: () => null,
      refine: (to) => to,
      watchAnswer: () => null,
    },
    decoder: NO_DECODER,
    outline: NO_OUTLINE,
    inspector: NO_INSPECTOR,
    holds: {
      async ask(question) {
        asked.push(question)
        return answer
      },
    },
    audit: { decide: async () => 7, settle: () => {}, note: async () => {} },
    ledger: NO_LEDGER,
    meter: NO_METER,
    policy: () => policy,
    report: (_, error) => {
      throw error
    },
  }
  const enforcer = createEnforcer(ports)
  const released = await enforcer.releaseOrWait(await enforcer.admit(flow(), TO), POST, {
    wire: '/v1/chat?a=b',
    telling: [],
    body: null,
    nonce: 'n',
    head: null,
    waited: 0,
    gone: () => new AbortController().signal,
    ...waiting,
  })
  const refusal = (released as { refusal: Refusal }).refusal
  return { question: asked[0] as HoldQuestion, refusal }
}

const PENDING: HoldAnswer = { kind: 'pending', hold: 'h-1', expiresAt: Date.UTC(2026, 10, 20, 12) }

function body(text: string, contentType = 'application/json', complete = true) {
  return { bytes: Buffer.from(text), complete, contentType, contentEncoding: null }
}

const form = (boundary: string, text = 'one', type = 'multipart/form-data') =>
  body(`--${boundary}\r\n\r\n${text}\r\n--${boundary}--\r\n`, `${type}; boundary=${boundary}`)

describe('a request is known again', () => {
  const printOf = async (waiting: Partial<Waiting>) =>
    (await hold(waiting, PENDING)).question.fingerprint

  test.each<[string, Partial<Waiting>, Partial<Waiting>, boolean]>([
    ['the same body', { body: body('{}') }, { body: body('{}'), nonce: 'm', waited: 5 }, true],
    ['none at all', { body: body('') }, { body: body(''), nonce: 'm' }, true],
    ['another body', { body: body('{}') }, { body: body('[]') }, false],
    ['another query', { body: body('{}') }, { body: body('{}'), wire: '/v1/chat' }, false],
    [
      'one that was not wholly seen',
      { body: body('{', '', false) },
      { body: body('{', '', false), nonce: 'm' },
      false,
    ],
    ['a form under another boundary', { body: form('b1') }, { body: form('b2') }, true],
    [
      'a form of another kind',
      { body: form('b') },
      { body: form('b', 'one', 'multipart/mixed') },
      false,
    ],
    [
      'a boundary that some trim',
      { body: form('b') },
      { body: body(`--b \r\n\r\none\r\n--b --\r\n`, 'multipart/form-data; boundary="b "') },
      false,
    ],
    ['a form of another text', { body: form('b1') }, { body: form('b1', 'two') }, false],
    [
      'its bytes as they are',
      { body: form('b1') },
      { body: body(Buffer.from(form('b1').bytes).toString()) },
      false,
    ],
    [
      'what is no form, with another boundary',
      { body: form('b1', 'a', 'text/x') },
      { body: form('b2', 'a', 'text/x') },
      false,
    ],
  ])('%s', async (_, one, other, want) => {
    expect((await printOf(one)) === (await printOf(other))).toBe(want)
  })

  test('parts that are cut elsewhere are others', async () => {
    const type = 'multipart/form-data; boundary=b'
    const cut = body('--b\r\n1\r\n--b\r\n2\r\n--b--', type)
    const whole = body('--b\r\n1\r\n2\r\n--b--', type)
    expect(await printOf({ body: cut })).not.toBe(await printOf({ body: whole }))
  })
})

describe('the client is told', () => {
  const said = async (
    answer: HoldAnswer,
    document?: PolicyDocument,
    waiting: Partial<Waiting> = {},
  ) => (await hold({ body: body('{}'), ...waiting }, answer, document)).refusal
  const BY_DPO: PolicyDocument = {
    reviewers: [
      { id: 'anna', groups: ['dpo'] },
      { id: 'ben', groups: ['dpo', 'ciso'] },
    ],
    hold: { reviewers: 'dpo', quorum: 2 },
    rules: [
      {
        id: 'r',
        when: { method: 'POST' },
        // biome-ignore lint/suspicious/noThenProperty: the published name of the key
        then: 'hold',
        because: 'art. 44',
        hold: { reviewers: ['anna', 'ciso'] },
      },
    ],
  }

  test('what happens, until when it waits, what would pass now, when to come again and whom to ask', async () => {
    expect(await said(PENDING)).toMatchObject({
      code: 'hold-pending',
      detail:
        'anywhere is not wholly inside the allowed zone (EEA), and the policy says hold for straddling; hold h-1 waits until 2026-11-20T12:00Z for 1 of any reviewer',
      next: 'use eu.api.test (DE), or send the same request again after 10 s, unchanged: it joins this hold and passes once it is approved; if it is urgent, ask a reviewer of this proxy and name h-1',
      hold: 'h-1',
      approvals: [{ reviewers: null, quorum: 1 }],
      until: Date.UTC(2026, 10, 20, 12),
      retryAfter: 10,
    })
  })

  test('the names of all who have to agree', async () => {
    const { next, approvals } = await said(PENDING, BY_DPO)
    expect(next).toContain('ask 2 of anna, ciso and name h-1')
    expect(approvals).toEqual([{ reviewers: ['anna', 'ciso'], quorum: 2 }])
  })

  test.each<[HoldAnswer, object]>([
    [
      { kind: 'denied', hold: 'h-1', reason: 'not this one' },
      {
        code: 'hold-denied',
        detail: expect.stringMatching(/; hold h-1 was denied: not this one$/),
        next: 'use eu.api.test (DE), or do not send it again as it is: the answer stays the same; ask a reviewer of this proxy and name h-1 to hear what would be accepted',
        retryAfter: null,
      },
    ],
    [
      { kind: 'denied', hold: 'h-1', reason: null },
      { detail: expect.stringMatching(/; hold h-1 was denied, without a reason$/) },
    ],
    [
      { kind: 'expired', hold: 'h-1' },
      {
        code: 'hold-expired',
        detail: expect.stringMatching(/; nobody approved hold h-1 in time$/),
        next: 'use eu.api.test (DE), or send it again when a reviewer of this proxy can look at it: that asks anew; for later calls ask ahead: `cordon request`',
        retryAfter: null,
      },
    ],
    [
      { kind: 'cancelled', hold: 'h-1' },
      { code: 'hold-cancelled', detail: expect.stringMatching(/; hold h-1 was withdrawn$/) },
    ],
    [
      { kind: 'full' },
      {
        code: 'hold-exceeded',
        detail: expect.stringMatching(/; as many calls wait already as may$/),
        next: 'use eu.api.test (DE), or send it again after 30 s, and fewer calls at once that need an approval; those that wait are for a reviewer of this proxy to decide',
        hold: null,
        retryAfter: 30,
      },
    ],
    [
      { kind: 'unavailable' },
      {
        code: 'hold-unavailable',
        next: 'use eu.api.test (DE), or ask the operator of this proxy to allow this one',
        approvals: [],
      },
    ],
  ])('%o', async (answer, want) => {
    expect(await said(answer)).toMatchObject(want)
  })

  test('that what was not wholly seen cannot come again', async () => {
    const { detail } = await said(
      { kind: 'expired', hold: 'h-1' },
      {},
      { body: body('{', '', false) },
    )
    expect(detail).toMatch(
      /as not all of its body was seen it cannot be known again when it comes$/,
    )
  })
})
