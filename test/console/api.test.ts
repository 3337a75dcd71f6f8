/** The JSON API over a real socket: who is heard, what is understood, and what each decision and each conflict is answered with. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AuditUnavailable } from '../../src/model/errors.ts'
import { openTestConsole, type TestConsole } from '../support/console.ts'

let at: TestConsole
beforeEach(async () => {
  at = await openTestConsole()
})
afterEach(() => at[Symbol.asyncDispose]())

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever it is, the test says what it has to be
  readonly body: any
  readonly headers: Headers
}

async function call(
  method: string,
  path: string,
  { token = 'crv_ada', body, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const response = await fetch(`${at.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json(), headers: response.headers }
}

interface CallOptions {
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

describe('who is heard', () => {
  test('a reviewer and an agent, by bearer token', async () => {
    expect((await call('GET', '/me')).body).toEqual({ kind: 'reviewer', name: 'ada', groups: [] })
    const { body } = await call('GET', '/me', { token: 'agent-crawler' })
    expect(body).toMatchObject({ kind: 'agent', name: 'crawler' })
  })

  test('nobody without a token: 401, and how to send one', async () => {
    const { status, headers, body } = await call('GET', '/me', { token: null })
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(body).toMatchObject({ code: 'unauthenticated', status: 401, next: expect.any(String) })
  })

  test.each([
    ['a token that was not issued', { Authorization: 'Bearer nonsense' }, 401],
    ['Basic', { Authorization: `Basic ${btoa('x:crv_ada')}` }, 401],
    ['in the query', {}, 401],
    ['who is no reviewer any more', { Authorization: 'Bearer crv_gone' }, 403],
  ])('%s: %s', async (_name, headers, want) => {
    const path = '/me?access_token=crv_ada&token=crv_ada'
    expect((await call('GET', path, { token: null, headers })).status).toBe(want)
  })

  test('a token is nowhere in what is answered', async () => {
    const { body } = await call('GET', '/me', { token: 'crv_secret' })
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  test('many failures are slowed down and told once; a good token is heard all the same', async () => {
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) statuses.push((await call('GET', '/me', { token: 'bad' })).status)
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401))
    expect(statuses.at(-1)).toBe(429)
    expect((await call('GET', '/me')).status).toBe(200)
    expect(at.notes).toEqual([['api-refused', '127.0.0.1', 'tries without a valid token: 1']])
  })
})

describe('what is understood', () => {
  test('unknown resources 404, other methods 405 with those there are', async () => {
    expect((await call('GET', '/nothing')).status).toBe(404)
    expect((await call('GET', '/holds/h-1/approve/x')).status).toBe(404)
    const { status, headers } = await call('DELETE', '/holds')
    expect([status, headers.get('allow')]).toEqual([405, 'GET'])
    expect((await call('OPTIONS', '/holds')).status).toBe(405)
  })

  const hold = '/holds/h-1x000000/approve'
  test.each([
    ['no JSON', '{', {}],
    ['a list', [], {}],
    ['null', null, {}],
    ['a field nobody knows', { scop: 'host' }, {}],
    ['a scope nobody knows', { scope: 'all' }, {}],
    ['a time without unit', { for: '30' }, {}],
    ['a time that is a number', { for: 30 }, {}],
    ['no uses', { uses: 0 }, {}],
    ['half a use', { uses: 1.5 }, {}],
    ['uses as text', { uses: '3' }, {}],
    ['a group that is no name', { group: 'a b' }, {}],
    ['a reason of two lines', { reason: 'a\nb' }, {}],
    ['a reason with an escape', { reason: '\u001b[2J' }, {}],
    ['a reason that turns the writing', { reason: '\u202e' }, {}],
    ['a long reason', { reason: 'x'.repeat(501) }, {}],
    ['not said to be JSON', '{}', { 'Content-Type': 'text/plain' }],
    ['a form', 'scope=host', { 'Content-Type': 'application/x-www-form-urlencoded' }],
  ])('%s: 400, and nothing is decided', async (_name, body, headers) => {
    at.approvals.open()
    const answer = await call('POST', hold, { body, headers })
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid'])
    expect(at.approvals.hold('h-1x000000')?.state).toBe('pending')
  })

  test('a body that is too large, said or not: 413', async () => {
    const body = JSON.stringify({ reason: 'x'.repeat(70_000) })
    expect((await call('POST', hold, { body })).status).toBe(413)
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body))
        controller.close()
      },
    })
    const response = await fetch(`${at.url}/api/v1${hold}`, {
      method: 'POST',
      headers: { Authorization: 'Bearer crv_ada', 'Content-Type': 'application/json' },
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
  })
})

describe('holds', () => {
  test('are listed, oldest first, as rows', async () => {
    at.approvals.open()
    at.approvals.open({ agent: 'other', host: 'b.test' })
    const { body } = await call('GET', '/holds')
    expect(body.holds.map(({ id }: { id: string }) => id)).toEqual(['h-1x000000', 'h-2x000000'])
    expect(body.left_off).toBe(0)
    expect(body.holds[0]).toMatchObject({
      kind: 'request',
      state: 'pending',
      agent: 'crawler',
      groups: ['batch'],
      client_ip: '192.0.2.7',
      method: 'POST',
      host: 'api.us.test',
      port: 443,
      path: '/v1/chat',
      regions: ['US'],
      placement: 'outside',
      rule: 'ask-for-us',
      seconds_left: 3600,
      waiting: 1,
      may_decide: true,
      approvals: [{ reviewers: null, quorum: 1 }],
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
    })
  })

  test('by state, and only so many', async () => {
    for (let i = 0; i < 5; i++) at.approvals.open()
    await at.approvals.deny('h-3x000000', 'bob', null)
    const ids = async (query: string) => {
      const { body } = await call('GET', `/holds?${query}`)
      return [
        body.holds.map(({ id }: { id: string }) => Number.parseInt(id.slice(2), 10)),
        body.left_off,
      ]
    }
    expect(await ids('state=pending&limit=2')).toEqual([[4, 5], 2])
    expect(await ids('state=denied')).toEqual([[3], 0])
    for (const query of [
      'stat=denied',
      'state=denied&state=pending',
      'state=held',
      'limit=0',
      'limit=1001',
      'limit=x',
      'limit=-1',
    ]) {
      expect((await call('GET', `/holds?${query}`)).status, query).toBe(400)
    }
  })

  test('one is shown with its outline, and why the caller may not decide', async () => {
    at.approvals.open()
    const mine = await call('GET', '/holds/h-1x000000')
    expect(mine.body).toMatchObject({
      deciders: ['admin', 'ada', 'bob'],
      outline: '{"model": string}',
      refusal: null,
      granted: null,
    })
    const theirs = await call('GET', '/holds/h-1x000000', { token: 'agent-crawler' })
    expect(theirs.body).toMatchObject({ may_decide: false, refusal: 'only reviewers decide' })
    expect((await call('GET', '/holds/h-9x000000')).body.code).toBe('unknown')
  })

  test('what it says is for those who may decide about it, while they may', async () => {
    at.approvals.open()
    const said = async (token?: string) => {
      const options = token === undefined ? {} : { token }
      return (await call('GET', '/holds/h-1x000000', options)).body.preview
    }
    expect(await said()).toBe('{"user": "[EMAIL]"}')
    expect(await said('agent-crawler')).toBeNull()
    const { refusalOf } = at.approvals
    at.approvals.refusalOf = () => ({ fault: 'not-allowed', detail: 'no', hint: 'ask' })
    expect(await said()).toBeNull()
    at.approvals.refusalOf = refusalOf
    const { body } = await call('GET', '/holds')
    expect(JSON.stringify(body)).not.toContain('[EMAIL]')
    await at.approvals.deny('h-1x000000', 'ada', null)
    expect(await said()).toBeNull()
  })

  test('an agent sees its own and nobody else’s', async () => {
    at.approvals.open()
    at.approvals.open({ agent: 'other' })
    await at.approvals.approve('h-1x000000', 'ada', NOTHING)
    const token = 'agent-other'
    const { body } = await call('GET', '/holds', { token })
    expect(body.holds.map(({ id }: { id: string }) => id)).toEqual(['h-2x000000'])
    expect((await call('GET', '/holds/h-1x000000', { token })).status).toBe(404)
    expect((await call('GET', '/grants', { token })).body.grants).toEqual([])
    expect((await call('GET', '/grants', { token: 'agent-crawler' })).body.grants).toHaveLength(1)
  })

  test('approved as asked: one use of the same request', async () => {
    at.approvals.open()
    const { status, body } = await call('POST', '/holds/h-1x000000/approve', {
      body: { reason: ' contract 7 ' },
    })
    expect(status).toBe(200)
    expect(body.hold).toMatchObject({
      state: 'approved',
      votes: [{ reviewer: 'ada', reason: 'contract 7' }],
    })
    expect(body.granted).toMatchObject({
      id: 'g-1x000000',
      breadth: 'request',
      uses: 1,
      used: 0,
      agent: 'crawler',
      approver: 'ada',
      reason: 'contract 7',
    })
  })

  test.each([
    [{}, { breadth: 'request', uses: 1 }],
    [{ for: '30m' }, { breadth: 'path', uses: null, method: 'POST', path: '/v1/chat' }],
    [{ uses: 3 }, { breadth: 'request', uses: 3 }],
    [{ uses: 1 }, { breadth: 'request', uses: 1 }],
    [
      { for: '2h', scope: 'host' },
      { breadth: 'host', method: null, path: null },
    ],
    [{ for: '2h', scope: 'request' }, { breadth: 'request' }],
    [{ group: 'batch' }, { breadth: 'path', agent: null, agent_group: 'batch' }],
  ])('%j gives %j', async (body, want) => {
    at.approvals.open()
    const answer = await call('POST', '/holds/h-1x000000/approve', { body })
    expect(answer.body.granted).toMatchObject(want)
  })

  test('denied, withdrawn', async () => {
    at.approvals.open()
    at.approvals.open()
    const denied = await call('POST', '/holds/h-1x000000/deny', { body: { reason: 'no' } })
    expect(denied.body.hold).toMatchObject({
      state: 'denied',
      ended_by: 'ada',
      decision_reason: 'no',
    })
    const cancelled = await call('POST', '/holds/h-2x000000/cancel', { token: 'agent-crawler' })
    expect(cancelled.body.hold).toMatchObject({ state: 'cancelled', ended_by: 'crawler' })
  })

  test.each([
    ['approve twice', ['approve', 'approve'], 409, 'ended'],
    ['deny after approve', ['approve', 'deny'], 409, 'ended'],
    ['approve after deny', ['deny', 'approve'], 409, 'ended'],
    ['withdraw what others asked for', ['cancel'], 403, 'forbidden'],
  ])('%s', async (_name, steps, status, code) => {
    at.approvals.open()
    let last: Answer | null = null
    for (const step of steps) last = await call('POST', `/holds/h-1x000000/${step}`)
    expect([last?.status, last?.body.code]).toEqual([status, code])
    expect(last?.body.detail).toMatch(/\w/)
  })

  test('two reviewers at once: one decides, the other hears that it is decided', async () => {
    at.approvals.open()
    const both = await Promise.all([
      call('POST', '/holds/h-1x000000/approve'),
      call('POST', '/holds/h-1x000000/deny', { token: 'crv_bob' }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  test('an agent decides nothing, not about itself and not about others', async () => {
    at.approvals.open()
    for (const token of ['agent-crawler', 'agent-other']) {
      for (const step of ['approve', 'deny']) {
        const answer = await call('POST', `/holds/h-1x000000/${step}`, { token })
        expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
      }
    }
    expect(at.approvals.hold('h-1x000000')?.state).toBe('pending')
  })

  test('more than may be given: 422', async () => {
    at.approvals.open()
    const answer = await call('POST', '/holds/h-1x000000/approve', { body: { group: 'finance' } })
    expect([answer.status, answer.body.code]).toEqual([422, 'too-wide'])
  })

  test('when the log cannot be written nothing is decided: 503', async () => {
    at.approvals.open()
    at.approvals.approve = async () => {
      throw new AuditUnavailable('full')
    }
    const answer = await call('POST', '/holds/h-1x000000/approve')
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable'])
  })
})

describe('Idempotency-Key', () => {
  const approve = (key: string, body: object = {}, token = 'crv_ada') =>
    call('POST', '/holds/h-1x000000/approve', {
      body,
      token,
      headers: { 'Idempotency-Key': key },
    })

  test('the same request again is answered as before, and done once', async () => {
    at.approvals.open()
    const first = await approve('k1')
    const again = await approve('k1')
    expect([again.status, again.body]).toEqual([first.status, first.body])
    expect((await approve('k2')).status).toBe(409)
  })

  test('two at the same time as well', async () => {
    at.approvals.open()
    const both = await Promise.all([approve('k'), approve('k')])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
  })

  test('another request under the same key is neither done nor answered as the first', async () => {
    at.approvals.open()
    expect((await approve('k', { for: '1m' })).status).toBe(200)
    expect((await approve('k', { for: '9h' })).body.code).toBe('key-reused')
  })

  test('is the caller’s own', async () => {
    at.approvals.open()
    await approve('k')
    expect((await approve('k', {}, 'crv_bob')).status).toBe(409)
  })

  test('a failure is not remembered', async () => {
    at.approvals.open()
    const { approve: real } = at.approvals
    at.approvals.approve = async () => {
      throw new AuditUnavailable('full')
    }
    expect((await approve('k')).status).toBe(503)
    at.approvals.approve = real
    expect((await approve('k')).status).toBe(200)
  })
})

describe('grants', () => {
  test('are listed and revoked, once', async () => {
    at.approvals.open()
    await call('POST', '/holds/h-1x000000/approve', { body: { for: '30m' } })
    expect((await call('GET', '/grants?state=active')).body.grants).toMatchObject([
      { id: 'g-1x000000', hold_id: 'h-1x000000', state: 'active', seconds_left: 1800 },
    ])
    const revoked = await call('POST', '/grants/g-1x000000/revoke', { body: { reason: 'over' } })
    expect(revoked.body.granted).toMatchObject({
      state: 'revoked',
      ended_by: 'ada',
      seconds_left: 0,
    })
    expect((await call('POST', '/grants/g-1x000000/revoke')).status).toBe(409)
    expect((await call('POST', '/grants/g-9x000000/revoke')).status).toBe(404)
    expect((await call('GET', '/grants?state=active')).body.grants).toEqual([])
    expect((await call('GET', '/grants?state=x')).status).toBe(400)
  })

  test('an agent revokes nothing', async () => {
    at.approvals.open()
    await call('POST', '/holds/h-1x000000/approve', { body: { for: '30m' } })
    const answer = await call('POST', '/grants/g-1x000000/revoke', { token: 'agent-crawler' })
    expect(answer.status).toBe(403)
  })
})

describe('access asked for ahead', () => {
  const ask = (body: object, token = 'crv_ada') => call('POST', '/requests', { body, token })

  test('by a reviewer for an agent, who then may not decide', async () => {
    const { status, body } = await ask({
      agent: 'crawler',
      url: 'https://API.us.test:8443/v1/Files%2f',
      method: 'PUT',
      for: '2h',
      uses: 5,
      reason: 'migration',
    })
    expect(status).toBe(201)
    expect(body.hold).toMatchObject({
      kind: 'access',
      requester: 'ada',
      agent: 'crawler',
      groups: ['batch'],
      scheme: 'https',
      host: 'api.us.test',
      port: 8443,
      path: '/v1/Files%2f',
      method: 'PUT',
      purpose: 'migration',
      wants: { uses: 5 },
      may_decide: false,
    })
    const { starts_at, expires_at } = body.hold.wants
    expect(Date.parse(expires_at) - Date.parse(starts_at)).toBe(7_200_000)
  })

  test.each([
    [{ url: 'https://a.test' }, { port: 443, path: null, method: null }],
    [{ url: 'https://a.test/' }, { path: '/' }],
    [{ url: 'HTTP://a.test/x' }, { scheme: 'http', port: 80, path: '/x' }],
    [
      { host: 'a.test', path: '/x' },
      { scheme: 'https', port: 443, path: '/x' },
    ],
    [
      { host: '[2001:db8::1]', port: 8080, scheme: 'http' },
      { host: '2001:db8::1', port: 8080 },
    ],
  ])('%j is understood as %j', async (body, want) => {
    expect((await ask({ agent: 'crawler', ...body })).body.hold).toMatchObject(want)
  })

  test('from a time on', async () => {
    const from = new Date(at.approvals.time + 86_400_000).toISOString()
    const { body } = await ask({ agent: 'crawler', host: 'a.test', from, for: '1h' })
    expect(body.hold.wants.starts_at).toBe(from)
  })

  test.each([
    [{}],
    [{ agent: 'crawler' }],
    [{ url: 'https://a.test/' }],
    [{ agent: 'crawler', url: 'https://a.test/?q=1' }],
    [{ agent: 'crawler', url: 'https://a.test/#x' }],
    [{ agent: 'crawler', url: 'https://user:pw@a.test/' }],
    [{ agent: 'crawler', url: 'ftp://a.test/' }],
    [{ agent: 'crawler', url: 'https://a.test\\b/' }],
    [{ agent: 'crawler', url: 'https://a b.test/' }],
    [{ agent: 'crawler', url: 'https://a.test/\u00e4' }],
    [{ agent: 'crawler', url: 'https://a.test/', host: 'b.test' }],
    [{ agent: 'crawler', host: 'a.test:1', port: 2 }],
    [{ agent: 'crawler', host: 'a.test', port: 0 }],
    [{ agent: 'crawler', host: 'a.test', method: 'get' }],
    [{ agent: 'crawler', host: 'a.test', from: 'tomorrow' }],
    [{ agent: 'crawler', host: 'a.test', from: '2020-01-01T00:00:00Z', for: '1h' }],
    [{ agent: 'crawler', host: 'a.test', for: '999999999d' }],
  ])('%j is not: 400', async (body) => {
    expect((await ask(body)).body).toMatchObject({ code: 'invalid', status: 400 })
    expect(at.approvals.holds()).toEqual([])
  })

  test('by an agent: for itself alone, and it can withdraw it', async () => {
    const token = 'agent-crawler'
    expect((await ask({ agent: 'other', host: 'a.test' }, token)).status).toBe(403)
    const { body } = await ask({ host: 'a.test' }, token)
    expect(body.hold).toMatchObject({ agent: 'crawler', requester: 'crawler' })
    const cancelled = await call('POST', `/holds/${body.hold.id}/cancel`, { token })
    expect(cancelled.body.hold.state).toBe('cancelled')
  })
})

test('where nobody can decide, everything is 503', async () => {
  await using nobody = await openTestConsole({ approvals: null })
  const headers = { Authorization: 'Bearer crv_ada' }
  const response = await fetch(`${nobody.url}/api/v1/holds`, { headers })
  expect(response.status).toBe(503)
})

const NOTHING = { breadth: null, group: null, lasts: null, uses: null, reason: null }
