/** Requests are the same again only where they mean the same; what a person is shown says what they mean. */

import { describe, expect, test } from 'vitest'
import type { Admission } from '../src/admission.ts'
import { toQuestion } from '../src/holding.ts'
import type { Agent } from '../src/model/agent.ts'
import type { RequestLine } from '../src/model/flow.ts'
import type { HoldQuestion, HoldTerms } from '../src/model/hold.ts'
import type { BodyView } from '../src/model/request-view.ts'
import { HeldRequest } from '../src/proxy/exchange/held-request.ts'
import { codingOf } from '../src/proxy/exchange/peek.ts'
import { parseRequestHead } from '../src/proxy/http1/head.ts'
import { destination, flow, verdict } from './support/nouns.ts'

const CI: Agent = { id: 'ci', groups: ['batch'], by: 'token' }

interface Asked {
  readonly line?: Partial<RequestLine>
  readonly query?: string
  readonly fields?: readonly string[]
  readonly body?: string | null
  readonly agent?: Agent
  readonly clientIp?: string
  readonly regions?: readonly string[]
  readonly rules?: readonly string[]
  readonly terms?: Partial<HoldTerms>
}

function ask({ line, query = '', fields = [], body = 'x', ...asked }: Asked = {}): HoldQuestion {
  const { agent = CI, clientIp = '127.0.0.1', regions = ['US'], rules = ['r'], terms } = asked
  const request = { method: 'POST', path: '/v1', protocol: 'HTTP/1.1', ...line }
  const head = parseRequestHead(
    `${[`${request.method} ${request.path}${query} HTTP/1.1`, 'Host: api.test', ...fields].join('\r\n')}\r\n\r\n`,
  )
  if ('code' in head) throw new Error(head.detail)
  const view: BodyView = {
    bytes: Buffer.from(body ?? ''),
    complete: body !== null,
    ...codingOf(head),
  }
  const gone = () => new AbortController().signal
  const waiting = new HeldRequest(`${request.path}${query}`, head, view, gone)
  const admission = {
    flow: flow({ agent, clientIp }),
    destination: destination({ regions }),
    assessment: { policy: { agents: [] } },
  } as unknown as Admission
  const holds = verdict({
    action: 'hold',
    placement: 'outside',
    holding: rules,
    terms: {
      approvals: [{ reviewers: null, quorum: 1 }],
      wait: 1,
      expires: 2,
      durable: false,
      ...terms,
    },
  })
  return toQuestion(admission, holds, request, waiting, { outline: null, preview: null })
}

const NOBODY: Agent = { id: 'anonymous', groups: [], by: 'source' }

test.each<{ readonly name: string; readonly one?: Asked; readonly other: Asked }>([
  { name: 'nothing else', other: {} },
  { name: 'the count of tries', other: { fields: ['X-Stainless-Retry-Count: 1'] } },
  { name: 'signature and date', other: { fields: ['Authorization: AWS4 x', 'X-Amz-Date: y'] } },
  { name: 'the address of who has proved who they are', other: { clientIp: '127.0.0.2' } },
  { name: 'how long it waits', other: { terms: { wait: 9, expires: 9, durable: true } } },
])('the same request again may differ in $name', ({ one, other }) => {
  expect(ask(other).fingerprint).toBe(ask(one).fingerprint)
})

test.each<{ readonly name: string; readonly one?: Asked; readonly other: Asked }>([
  { name: 'method', other: { line: { method: 'PUT' } } },
  { name: 'path', other: { line: { path: '/v2' } } },
  { name: 'query', other: { query: '?a' } },
  { name: 'body', other: { body: 'y' } },
  { name: 'body that was not seen as a whole', one: { body: null }, other: { body: null } },
  { name: 'agent', other: { agent: { ...CI, id: 'other' } } },
  { name: 'groups', other: { agent: { ...CI, groups: [] } } },
  {
    name: 'address of who has proved nothing',
    one: { agent: NOBODY },
    other: { agent: NOBODY, clientIp: '127.0.0.2' },
  },
  { name: 'place', other: { regions: ['CN'] } },
  { name: 'rules that hold it', other: { rules: ['r', 's'] } },
  {
    name: 'people who have to agree',
    other: { terms: { approvals: [{ reviewers: ['dpo'], quorum: 2 }] } },
  },
  { name: 'kind of the body', other: { fields: ['Content-Type: text/plain'] } },
  { name: 'coding of the body', other: { fields: ['Content-Encoding: gzip'] } },
  { name: 'operation', other: { fields: ['X-Amz-Target: DynamoDB_20120810.DeleteTable'] } },
  { name: 'source of a copy', other: { fields: ['X-Amz-Copy-Source: /bucket/key'] } },
  {
    name: 'method behind the method',
    one: { line: { overridesMethod: true }, fields: ['X-HTTP-Method-Override: GET'] },
    other: { line: { overridesMethod: true }, fields: ['X-HTTP-Method-Override: DELETE'] },
  },
  {
    name: 'protocol it becomes',
    one: { line: { method: 'GET' }, body: '' },
    other: { line: { method: 'GET', upgrade: 'websocket' }, body: '' },
  },
])('another $name is another request', ({ one, other }) => {
  expect(ask(other).fingerprint).not.toBe(ask(one).fingerprint)
})

describe('shown', () => {
  test.each([
    [{ method: 'POST' }, 'POST'],
    [{ method: 'POST', overridesMethod: true }, 'POST (overridden)'],
    [{ method: 'GET', upgrade: 'websocket' }, 'GET (websocket)'],
  ])('%o as %s', (line, method) => {
    expect(ask({ line }).held.method).toBe(method)
  })

  test('two long paths that begin alike are two', () => {
    const path = `/${'a'.repeat(3_000)}`
    const [one, other] = ['/x', '/y'].map((end) => ask({ line: { path: path + end } }).held.path)
    expect(one).not.toBe(other)
    expect(one).toHaveLength(other?.length ?? 0)
    expect(one?.length).toBeLessThan(2_200)
  })
})
