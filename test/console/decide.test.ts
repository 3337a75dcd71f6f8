/** The page of a link over a real socket: looking changes nothing; deciding needs the link, a reviewer's token, and is done once. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Attempts } from '../../src/console/api/attempts.ts'
import type { Callers } from '../../src/console/api/caller.ts'
import { decideRoute } from '../../src/console/decide/decide-route.ts'
import { isOwnForm, parseForm } from '../../src/console/decide/form.ts'
import { type Console, openConsole } from '../../src/console/server.ts'
import { Links } from '../../src/holds/links/links.ts'
import { describeHold } from '../../src/holds/notices/wording.ts'
import { AuditUnavailable } from '../../src/model/errors.ts'
import type { Hold } from '../../src/model/hold.ts'
import { openApprovals, type TestApprovals } from '../support/approvals.ts'

let approvals: TestApprovals
let console: Console
let links: Links
let used: string[]
let notes: string[]
let log: { works: boolean }
let hold: Hold

const PEOPLE: Readonly<Record<string, { kind: 'reviewer' | 'agent'; name: string }>> = {
  crv_ada: { kind: 'reviewer', name: 'ada' },
  crv_bob: { kind: 'reviewer', name: 'bob' },
  'agent-crawler': { kind: 'agent', name: 'crawler' },
}

const callers: Callers = {
  async of(token) {
    const person = PEOPLE[token]
    if (person) return { ...person, groups: [] }
    return { fault: 'unauthenticated', detail: 'the token was not issued here', hint: null }
  },
}

beforeEach(async () => {
  approvals = openApprovals()
  used = []
  notes = []
  log = { works: true }
  links = new Links({
    key: Buffer.alloc(32, 7),
    base: () => 'https://cordon.test',
    used: [],
    now: () => approvals.time,
    record: async (id, by) => {
      if (!log.works) throw new AuditUnavailable('the row was not written')
      used.push(`${id} ${by} while ${approvals.hold(id)?.state}`)
    },
  })
  const attempts = new Attempts({ clock: approvals, note: (...row) => notes.push(row.join(' ')) })
  const route = decideRoute({
    links,
    approvals,
    callers,
    attempts,
    describe: describeHold,
    pathLasts: () => 30 * 60_000,
  })
  console = await openConsole('127.0.0.1', 0, {
    health: () => ({ audit: null, mode: 'enforce' }),
    metrics: async () => ({ type: 'text/plain', text: '' }),
    names: ['cordon.test'],
    routes: [route],
    report: (where, error) => {
      throw new Error(`${where}: ${String(error)}`)
    },
  })
  hold = approvals.open()
})
afterEach(() => console.close())

function pathOf(to: Hold = hold): string {
  return new URL(links.make(to, 'ops-chat')?.url ?? '').pathname
}

async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${console.port}${path}`, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  get(path, { method: 'POST', body: new URLSearchParams(fields), headers })

const ADA = { token: 'crv_ada', reason: '' }

describe('looking', () => {
  test('shows what is asked and a form; nobody can store, frame, script or name it', async () => {
    const { status, text, headers } = await get(pathOf())
    expect(status).toBe(200)
    for (const part of [hold.held.agent, hold.held.host, 'Your reviewer token', hold.id]) {
      expect(text).toContain(part)
    }
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|script/)
    expect(text).not.toMatch(/<script|\son\w+=|\sstyle=|src=|href=/)
  })

  test('says no more than the notice: no preview, no address, no owner', async () => {
    const { text } = await get(pathOf())
    expect(text).not.toContain('string}')
    expect(text).not.toContain('[EMAIL]')
    expect(text).not.toContain(hold.held.clientIp)
    expect(text).not.toContain(hold.held.bodyDigest ?? 'f'.repeat(64))
  })

  test('changes nothing, however often and by whatever method does not decide', async () => {
    const path = pathOf()
    for (const method of ['GET', 'HEAD', 'GET']) await get(path, { method })
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      expect((await get(path, { method })).status).toBe(405)
    }
    await get(`${path}?decision=approve&token=crv_ada`)
    expect([approvals.hold(hold.id)?.state, used]).toEqual(['pending', []])
    expect((await post(path, { ...ADA, decision: 'deny' })).status).toBe(200)
  })

  test('what agents write is text', async () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    const { text } = await get(pathOf(approvals.open({ agent: evil, path: evil, host: evil })))
    expect(text).not.toMatch(/<script|<img|"><script/)
    expect(text).toContain('&#34;&#62;&#60;script&#62;')
  })

  test('a tunnel has no path that could be approved', async () => {
    expect((await get(pathOf())).text).toContain('for 30 minutes')
    const tunnel = approvals.open({ method: 'CONNECT', path: null })
    expect((await get(pathOf(tunnel))).text).not.toContain('approve-path')
  })
})

describe('what the request says', () => {
  const show = (token: string, to = hold) => post(pathOf(to), { token, decision: 'show' })

  test('is shown to who may decide, and decides nothing', async () => {
    expect((await get(pathOf())).text).toContain('value="show"')
    const { status, text } = await show('crv_ada')
    expect(status).toBe(200)
    expect(text).toContain('<pre>{&#34;user&#34;: &#34;[EMAIL]&#34;}</pre>')
    expect(text).not.toContain('value="show"')
    expect([approvals.hold(hold.id)?.state, used, approvals.grants()]).toEqual(['pending', [], []])
    expect((await post(pathOf(), { ...ADA, decision: 'approve' })).status).toBe(200)
  })

  test.each([
    ['a token that nobody has', 'crv_eve', 401],
    ['an agent', 'agent-crawler', 403],
    ['a reviewer who may not decide about it', 'crv_bob', 403],
  ])('not to %s', async (_, token, status) => {
    approvals.refusalOf = (_id, by) =>
      by === 'ada' ? null : { fault: 'not-allowed', detail: 'the rule wants dpo', hint: 'ask' }
    const answer = await show(token)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toContain('[EMAIL]')
  })

  test('is text, whatever it is', async () => {
    approvals.said = '</pre><script>alert(1)</script><form action="https://evil.test">"&amp;'
    const { text } = await show('crv_ada')
    expect(text).toContain('<pre>&#60;/pre&#62;&#60;script&#62;')
    expect(text).not.toMatch(/<script|<form action|&amp;/)
    expect(text.match(/<\/pre>/g)).toHaveLength(1)
  })

  test('is not offered where there is nothing to show', async () => {
    approvals.said = null
    expect((await get(pathOf())).text).not.toContain('value="show"')
    expect((await show('crv_ada')).text).not.toContain('<pre>')
  })
})

describe('deciding', () => {
  test('approve: this request, once', async () => {
    const { status, text } = await post(pathOf(), { ...ADA, decision: 'approve', reason: 'go' })
    expect([status, text.includes('Approved by ada')]).toEqual([200, true])
    expect(approvals.hold(hold.id)).toMatchObject({ state: 'approved' })
    expect(approvals.grants()).toMatchObject([
      { approvers: ['ada'], uses: 1, reason: 'go', scope: { breadth: 'request' } },
    ])
  })

  test('approve the path: for half an hour', async () => {
    await post(pathOf(), { ...ADA, decision: 'approve-path' })
    const [grant] = approvals.grants()
    expect(grant).toMatchObject({ uses: null, scope: { breadth: 'path' } })
    expect((grant?.expiresAt ?? 0) - approvals.time).toBe(30 * 60_000)
  })

  test('deny, with a reason', async () => {
    const { text } = await post(pathOf(), { ...ADA, decision: 'deny', reason: 'not this' })
    expect(text).toContain('Denied by ada')
    expect(approvals.hold(hold.id)).toMatchObject({
      state: 'denied',
      endedBy: 'ada',
      reason: 'not this',
    })
  })

  test('the link is used up before the decision is made', async () => {
    await post(pathOf(), { ...ADA, decision: 'approve' })
    expect(used).toEqual([`${hold.id} ada while pending`])
  })

  test('what cannot be written down decides nothing, and the link is still good', async () => {
    const path = pathOf()
    log.works = false
    const { status, text } = await post(path, { ...ADA, decision: 'approve' })
    expect([status, approvals.hold(hold.id)?.state]).toEqual([503, 'pending'])
    expect(text).toContain('the audit log cannot be written')
    log.works = true
    expect((await post(path, { ...ADA, decision: 'approve' })).status).toBe(200)
  })
})

describe('a link that is not good', () => {
  test('replayed: told who used it', async () => {
    const path = pathOf()
    await post(path, { ...ADA, decision: 'approve' })
    for (const again of [await get(path), await post(path, { ...ADA, decision: 'deny' })]) {
      expect(again.status).toBe(410)
      expect(again.text).toContain('this link was used up by ada on ')
    }
    expect(used).toHaveLength(1)
  })

  test('two at once: one decides', async () => {
    const path = pathOf()
    const both = await Promise.all([
      post(path, { ...ADA, decision: 'approve' }),
      post(path, { token: 'crv_bob', decision: 'deny' }),
    ])
    expect(both.map(({ status }) => status).sort()).not.toEqual([200, 200])
    expect(used).toHaveLength(1)
  })

  test('expired', async () => {
    const path = pathOf()
    approvals.time = hold.expiresAt
    const { status, text } = await get(path)
    expect([status, text.includes('this link has expired')]).toEqual([410, true])
    expect((await post(path, { ...ADA, decision: 'approve' })).status).toBe(410)
  })

  test.each([
    ['forged', (path: string) => `${path.slice(0, -2)}AA`],
    ['cut', (path: string) => path.slice(0, -5)],
    ['empty', () => '/decide/'],
    [
      'escaped',
      (path: string) => path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
    ],
    ['with more behind it', (path: string) => `${path}/x`],
    ['somebody’s text', () => '/decide/<script>alert(1)</script>'],
  ])('%s', async (_, change) => {
    const path = change(pathOf())
    const { status, text } = await get(path)
    expect(status).toBe(404)
    expect(text).toContain('this link was not made by this Cordon')
    expect((await post(path, { ...ADA, decision: 'approve' })).status).toBe(404)
    expect(approvals.hold(hold.id)?.state).toBe('pending')
  })

  test('of another hold decides that one and not this', async () => {
    const other = approvals.open()
    await post(pathOf(other), { ...ADA, decision: 'deny' })
    expect([approvals.hold(hold.id)?.state, approvals.hold(other.id)?.state]).toEqual([
      'pending',
      'denied',
    ])
  })

  test.each([
    ['approved', 'this was approved by bob already'],
    ['denied', 'this was denied by bob already'],
    ['cancelled', `this was withdrawn by `],
  ] as const)('decided elsewhere meanwhile, %s: told who it was', async (how, want) => {
    const path = pathOf()
    const usual = { breadth: null, group: null, lasts: null, uses: null, reason: null }
    if (how === 'approved') await approvals.approve(hold.id, 'bob', usual)
    else if (how === 'denied') await approvals.deny(hold.id, 'bob', null)
    else await approvals.cancel(hold.id, hold.requester, null)
    for (const one of [await get(path), await post(path, { ...ADA, decision: 'deny' })]) {
      expect(one.status).toBe(410)
      expect(one.text).toContain(want)
    }
    expect(used).toEqual([])
  })

  test('that nobody remembers any more', async () => {
    const { status, text } = await get(pathOf({ ...hold, id: 'h-zzzzzzzz' }))
    expect([status, text.includes('has ended a while ago')]).toEqual([410, true])
  })
})

describe('who decides', () => {
  test.each([
    ['nobody', {}, 400, 'the token is missing'],
    ['a token that is none', { token: 'nonsense' }, 401, 'the token was not issued here'],
    ['an agent', { token: 'agent-crawler' }, 403, 'only reviewers decide'],
    ['characters that no token has', { token: 'crv_ada crv_bob' }, 400, 'the token is missing'],
  ])('%s: asked again, and the link is still good', async (_, fields, want, text) => {
    const path = pathOf()
    const answer = await post(path, { decision: 'approve', ...fields } as Record<string, string>)
    expect(answer.status).toBe(want)
    expect(answer.text).toContain(text)
    expect(answer.text).toContain('Your reviewer token')
    expect(answer.text).not.toContain('nonsense')
    expect(used).toEqual([])
    expect((await post(path, { ...ADA, decision: 'approve' })).status).toBe(200)
  })

  test('not who asked for it', async () => {
    const own = await approvals.request({
      requester: 'ada',
      purpose: null,
      agent: 'crawler',
      groups: [],
      scheme: 'https',
      authority: { host: { text: 'a.test', ip: null }, port: 443, text: 'a.test:443' },
      method: null,
      path: null,
      wants: { startsAt: 0, expiresAt: approvals.time + 1_000, uses: null },
    })
    if ('fault' in own) throw new Error(own.detail)
    const path = pathOf(own)
    const { status, text } = await post(path, { ...ADA, decision: 'approve' })
    expect([status, text.includes('nobody decides about their own')]).toEqual([403, true])
    expect(used).toEqual([])
  })

  test('guessing is slowed down and told; who has a token is heard all the same', async () => {
    const path = pathOf()
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) {
      statuses.push((await post(path, { token: `guess${i}`, decision: 'approve' })).status)
    }
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401))
    expect(statuses.at(-1)).toBe(429)
    expect(notes).toEqual(['api-refused 127.0.0.1 tries without a valid token: 1'])
    expect((await post(path, { ...ADA, decision: 'approve' })).status).toBe(200)
  })

  test('a bearer token in a field is not looked at: only the form counts', async () => {
    const headers = { Authorization: 'Bearer crv_ada' }
    expect((await post(pathOf(), { decision: 'approve' }, headers)).status).toBe(400)
  })
})

describe('where the form comes from', () => {
  test.each<[string, Record<string, string>, boolean]>([
    ['a browser that names nobody', { Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }, true],
    ['no browser', {}, true],
    ['by the name of the console', { Origin: 'https://cordon.test' }, true],
    ['another site', { Origin: 'https://evil.test' }, false],
    ['another site that hides its name', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }, false],
    ['a neighbour', { Origin: 'null', 'Sec-Fetch-Site': 'same-site' }, false],
  ])('%s', async (_, headers, want) => {
    const { status } = await post(pathOf(), { ...ADA, decision: 'deny' }, headers)
    expect(status === 200).toBe(want)
    expect(approvals.hold(hold.id)?.state).toBe(want ? 'denied' : 'pending')
  })

  test('said twice counts as another', () => {
    const headersDistinct = { origin: ['https://a.test', 'https://a.test'] }
    expect(isOwnForm({ headersDistinct } as never, 'https://a.test')).toBe(false)
  })

  test.each([
    ['JSON', { 'Content-Type': 'application/json' }, '{"decision":"approve","token":"crv_ada"}'],
    ['a form of another kind', { 'Content-Type': 'text/plain' }, 'decision=approve&token=crv_ada'],
    [
      'far too much',
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      `reason=${'x'.repeat(70_000)}`,
    ],
  ])('%s', async (_, headers, body) => {
    const { status } = await get(pathOf(), { method: 'POST', headers, body })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(approvals.hold(hold.id)?.state).toBe('pending')
  })
})

test.each([
  [
    'approve',
    'decision=approve&token=t&reason=',
    { decision: 'approve', token: 't', reason: null },
  ],
  ['nothing chosen', 'token=t', null],
  ['twice', 'decision=deny&decision=approve&token=t', null],
  ['a field more', 'decision=deny&token=t&hold=h-00000002', null],
  ['another decision', 'decision=approve-host&token=t', null],
  ['a reason of two lines', 'decision=deny&token=t&reason=a%0Ab', null],
  ['a reason that is too long', `decision=deny&token=t&reason=${'a'.repeat(501)}`, null],
])('the form: %s', (_, text, want) => {
  const parsed = parseForm(text)
  expect('value' in parsed ? parsed.value : null).toEqual(want)
})
