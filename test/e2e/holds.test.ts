/** A person decides, and the agent does not break while it waits: real clients, a running proxy, its API. */

import http from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { asReviewer, type Reviewer } from '../support/desk.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const BODY = '{"model":"m","prompt":"4711"}'

describe('a request that waits', () => {
  let lab: Lab
  let admin: Reviewer
  let url: string
  beforeAll(async () => {
    lab = await openLab({ config: 'hold: { wait: 20s, expires: 1m }' })
    admin = asReviewer(lab.proxy)
    url = `http://api.mixed.test:${lab.http.port}`
  })
  afterAll(() => lab[Symbol.asyncDispose]())
  const call = (path: string, ...args: string[]) => curl(lab.proxy, '-d', BODY, ...args, url + path)

  test('approved: it goes through as it is, once; the log says under whose leave', async () => {
    const waiting = call('/once?a=b')
    const hold = await admin.pending()
    expect(hold).toMatchObject({ agent: 'anonymous', method: 'POST', path: '/once' })
    expect(lab.http.seen).toEqual([])
    await admin.approve(hold.id, { reason: 'checked' })
    const { status, body } = await waiting
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ url: '/once?a=b', body: BODY })
    const flow = await lab.proxy.settled(1)
    expect(flow).toMatchObject({
      action: 'hold',
      outcome: 'forwarded',
      hold_id: hold.id,
      approver: 'admin',
    })
    const grants = lab.proxy.query(
      'SELECT hold_id, state, uses, used, approver, reason FROM grants',
    )
    expect(grants).toEqual([
      { hold_id: hold.id, state: 'used', uses: 1, used: 1, approver: 'admin', reason: 'checked' },
    ])
    // The next one is another call.
    const next = call('/once?a=b')
    const other = await admin.pending()
    expect(other.id).not.toBe(hold.id)
    await admin.post(`/holds/${other.id}/deny`)
    expect((await next).status).toBe(403)
    expect(lab.http.seen).toEqual(['POST /once?a=b'])
  })

  test('denied: 403 with the reason, also for whoever comes again', async () => {
    const waiting = call('/denied')
    const { id } = await admin.pending()
    expect((await admin.post(`/holds/${id}/deny`, { reason: 'not this one' })).status).toBe(200)
    const refusal = JSON.parse((await waiting).body)
    expect(refusal).toMatchObject({ code: 'hold-denied', status: 403, hold: id })
    expect(refusal.detail).toContain('not this one')
    expect(JSON.parse((await call('/denied')).body)).toMatchObject({
      code: 'hold-denied',
      hold: id,
    })
    const rows = lab.proxy.query('SELECT outcome, hold_id FROM flows WHERE path = ?', '/denied')
    expect(rows).toEqual(Array(2).fill({ outcome: 'denied', hold_id: id }))
    // It is decided.
    const late = await admin.post(`/holds/${id}/approve`)
    expect(late.status).toBe(409)
  })

  test('two that are the same wait for one decision; one use lets one of them through', async () => {
    const both = [call('/twin'), call('/twin')]
    const hold = await admin.pending()
    await eventually(
      'both to wait',
      async () => (await admin.get(`/holds/${hold.id}`)).waiting === 2,
    )
    expect(lab.proxy.query("SELECT id FROM holds WHERE path = '/twin'")).toHaveLength(1)
    await admin.approve(hold.id)
    const second = await eventually('the other one to wait anew', () => {
      const [row] = lab.proxy.query<{ id: string }>(
        "SELECT id FROM holds WHERE path = '/twin' AND state = 'pending'",
      )
      return row ?? null
    })
    await eventually('the first one to get through', () => lab.http.seen.includes('POST /twin'))
    await admin.approve(second.id)
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200])
    expect(lab.http.seen.filter((line) => line === 'POST /twin')).toHaveLength(2)
  })

  test('another body is another hold', async () => {
    const one = call('/body')
    const { id } = await admin.pending()
    await admin.approve(id, { uses: 5 })
    expect((await one).status).toBe(200)
    expect((await call('/body')).status).toBe(200)
    const other = curl(lab.proxy, '-d', BODY.replace('4711', '4712'), `${url}/body`)
    const hold = await admin.pending()
    expect(hold.id).not.toBe(id)
    await admin.post(`/holds/${hold.id}/deny`)
    expect((await other).status).toBe(403)
  })

  test.each([
    ['', BODY],
    [', also behind a large body', 'x'.repeat(300_000)],
  ])('a client that leaves takes its hold back%s', async (name, body) => {
    const { port } = lab.proxy
    const path = `/left${name.length}`
    const request = http
      .request({ port, path: url + path, method: 'POST', headers: { Host: new URL(url).host } })
      .on('error', () => {})
    request.end(body)
    const { id } = await admin.pending()
    request.destroy()
    await eventually(
      'the hold to end',
      async () => (await admin.get(`/holds/${id}`)).state === 'cancelled',
    )
    expect((await admin.post(`/holds/${id}/approve`)).status).toBe(409)
    const rows = lab.proxy.query('SELECT outcome, error FROM flows WHERE path = ?', path)
    expect(rows).toEqual([{ outcome: 'cancelled', error: 'hold-cancelled' }])
  })

  test('leave for a path and a time: whoever waits for the same path goes as well', async () => {
    const one = call('/wide')
    const { id } = await admin.pending()
    const other = curl(lab.proxy, '-d', 'x', `${url}/wide?y`)
    await eventually('two holds', () => {
      return lab.proxy.query("SELECT 1 FROM holds WHERE state = 'pending'").length === 2
    })
    const { granted } = (await admin.approve(id, { scope: 'path', for: '10m' })) as {
      granted: object
    }
    expect(granted).toMatchObject({ breadth: 'path', host: 'api.mixed.test', path: '/wide' })
    expect((await Promise.all([one, other])).map(({ status }) => status)).toEqual([200, 200])
    expect((await call('/wide', '-H', 'A: b')).status).toBe(200)
    await eventually('nothing to be pending', () => {
      return lab.proxy.query("SELECT 1 FROM holds WHERE state = 'pending'").length === 0
    })
    // Nothing else goes under it.
    const get = curl(lab.proxy, `${url}/wide`)
    const held = await admin.pending()
    expect(held).toMatchObject({ method: 'GET' })
    await admin.post(`/holds/${held.id}/deny`)
    expect((await get).status).toBe(403)
  })

  test('inside TLS the answer can be read; CONNECT is accepted', async () => {
    const secure = `https://api.mixed.test:${lab.https.port}/tls`
    const waiting = curl(lab.proxy, '-d', BODY, secure)
    const { id } = await admin.pending()
    await admin.approve(id)
    expect((await waiting).status).toBe(200)
    const again = curl(lab.proxy, '-d', BODY, secure)
    await admin.post(`/holds/${(await admin.pending()).id}/deny`)
    const { status, body } = await again
    expect(status).toBe(403)
    expect(JSON.parse(body).code).toBe('hold-denied')
  })

  test('the form that everybody is shown holds nothing of the body', async () => {
    const waiting = call('/shown', '-H', 'Content-Type: application/json')
    const { id } = await admin.pending()
    const shown = await admin.get(`/holds/${id}`)
    expect(shown).toMatchObject({ host: 'api.mixed.test', path: '/shown', regions: ['IE', 'US'] })
    expect(shown.outline).toContain('prompt: text of 4 characters')
    expect(shown.classes).toEqual([])
    const { preview, ...others } = shown
    expect(preview).toBe(BODY)
    expect(JSON.stringify(others)).not.toContain('4711')
    await admin.post(`/holds/${id}/deny`)
    await waiting
    const body = JSON.stringify({ card: '4111 1111 1111 1111' })
    const other = curl(lab.proxy, '-H', 'Content-Type: application/json', '-d', body, `${url}/card`)
    const next = await admin.pending()
    expect((await admin.get(`/holds/${next.id}`)).classes).toEqual(['payment'])
    await admin.post(`/holds/${next.id}/deny`)
    await other
  })
})

describe('nobody decides in time', () => {
  test('503 and Retry-After; the same request joins, and passes when it was approved meanwhile', async () => {
    await using lab = await openLab({ config: 'hold: { wait: 100ms, expires: 1m }' })
    const admin = asReviewer(lab.proxy)
    const url = `http://api.mixed.test:${lab.http.port}/a`
    const call = () => curl(lab.proxy, '-i', '-d', BODY, url)
    const first = await call()
    expect(first.status).toBe(503)
    expect(first.body).toMatch(/^Retry-After: 10\r$/m)
    const { id } = await admin.pending()
    expect(first.body).toContain(`"hold":"${id}"`)
    expect((await call()).body).toContain(`"hold":"${id}"`)
    expect(lab.http.seen).toEqual([])
    await admin.approve(id)
    expect((await call()).status).toBe(200)
    expect((await call()).status).toBe(503)
    expect(lab.http.seen).toEqual(['POST /a'])
  })

  test('it expires: who waits is told, else the next who comes', async () => {
    await using lab = await openLab({ config: 'hold: { wait: 30s, expires: 1s }' })
    const admin = asReviewer(lab.proxy)
    const call = (path: string) => curl(lab.proxy, `http://api.mixed.test:${lab.http.port}${path}`)
    const waiting = call('/a')
    const { id } = await admin.pending()
    const { status, body } = await waiting
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ code: 'hold-expired', hold: id })
    expect((await admin.post(`/holds/${id}/approve`)).status).toBe(409)
    const rows = lab.proxy.query('SELECT outcome, error FROM flows')
    expect(rows).toEqual([{ outcome: 'expired', error: 'hold-expired' }])
  })

  test('a body that was not seen as a whole is never the same again', async () => {
    await using lab = await openLab({ config: 'hold: { wait: 100ms }' })
    const admin = asReviewer(lab.proxy)
    const url = `http://api.mixed.test:${lab.http.port}/large`
    const request = http.request({
      port: lab.proxy.port,
      path: url,
      method: 'POST',
      headers: { Host: new URL(url).host },
    })
    request.on('error', () => {})
    for (let i = 0; i < 5; i++) request.write(Buffer.alloc(1024 * 1024))
    const [response] = await new Promise<http.IncomingMessage[]>((resolve) =>
      request.on('response', (one) => resolve([one])),
    )
    expect(response?.statusCode).toBe(403)
    request.destroy()
    expect(lab.proxy.query('SELECT state FROM holds')).toEqual([{ state: 'cancelled' }])
    expect(await admin.get('/grants')).toMatchObject({})
    expect(lab.http.seen).toEqual([])
  })

  test('too many wait: more are refused, and nobody else notices', async () => {
    await using lab = await openLab({
      config: 'hold: { wait: 20s, max_pending_per_agent: 3 }',
    })
    const url = `http://api.mixed.test:${lab.http.port}`
    const waiting = ['/1', '/2', '/3'].map((path) => curl(lab.proxy, '-m', '60', url + path))
    await eventually('three to wait', () => lab.proxy.query('SELECT 1 FROM holds').length === 3)
    const { status, body } = await curl(lab.proxy, `${url}/4`)
    expect(status).toBe(503)
    expect(JSON.parse(body).code).toBe('hold-exceeded')
    expect((await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)).status).toBe(200)
    const admin = asReviewer(lab.proxy)
    for (const { id } of lab.proxy.query<{ id: string }>('SELECT id FROM holds')) {
      await admin.approve(id)
    }
    expect((await Promise.all(waiting)).map((one) => one.status)).toEqual([200, 200, 200])
  })
})
