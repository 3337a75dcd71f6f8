/** What was granted ends when it is revoked or its time is over, wherever it is; and is never good for more than was shown. */

import http2 from 'node:http2'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { curl, openTls, openTunnel, runProgram, throughProxy } from '../support/clients.ts'
import { asReviewer, type Reviewer } from '../support/desk.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

describe('revoked', () => {
  let lab: Lab
  let admin: Reviewer
  beforeAll(async () => {
    lab = await openLab({
      config: 'hold: { wait: 20s }\nintercept: { never: [api.unknown.test] }',
      http: {
        handler: (request, response) => {
          response.setHeader('Content-Type', 'text/event-stream')
          response.write(`data: ${request.url}\n\n`)
        },
      },
    })
    admin = asReviewer(lab.proxy)
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  test('an answer that goes on ends at once, and the log says why', async () => {
    const url = `http://api.mixed.test:${lab.http.port}/stream`
    const streaming = curl(lab.proxy, '-N', url)
    const { id } = await admin.pending()
    const { granted: grant } = (await admin.approve(id)) as { granted: { id: string } }
    await eventually('the stream', () => lab.http.seen.includes('GET /stream'))
    const revoked = await admin.post(`/grants/${grant.id}/revoke`, { reason: 'too much' })
    expect(revoked.status).toBe(200)
    const { code, body } = await streaming
    expect(body).toContain('data: /stream')
    expect(code).toBe(18)
    await eventually('the origin to be let go', () => lab.http.open() === 0)
    const flow = await lab.proxy.settled(1)
    expect(flow).toMatchObject({ outcome: 'failed', error: 'grant-ended', hold_id: id })
    const [row] = lab.proxy.query('SELECT state, ended_by FROM grants WHERE id = ?', grant.id)
    expect(row).toEqual({ state: 'revoked', ended_by: 'admin' })
    expect((await admin.post(`/grants/${grant.id}/revoke`)).status).toBe(409)
  })

  test('a tunnel that nobody looks into ends', async () => {
    const echo = net.createServer((socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.40', resolve))
    const at = `api.unknown.test:${lab.https.port}`
    const opening = openTls(lab.proxy, at, { ca: lab.root.pem })
    const hold = await admin.pending()
    expect(hold).toMatchObject({ method: 'CONNECT', path: null })
    const { granted: grant } = (await admin.approve(hold.id)) as { granted: { id: string } }
    const socket = await opening
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await admin.post(`/grants/${grant.id}/revoke`)
    await closed
    echo.close()
    await eventually('its end', () => {
      const sql = 'SELECT error FROM flows WHERE hold_id = ?'
      return lab.proxy.query<{ error: string }>(sql, hold.id)[0]?.error === 'grant-ended'
    })
  })

  test('a WebSocket is told with 1008', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.30' })
    await new Promise((resolve) => server.once('listening', resolve))
    server.on('connection', (peer) => peer.on('message', (data) => peer.send(String(data))))
    const at = `api.mixed.test:${(server.address() as net.AddressInfo).port}`
    const tunnel = await openTunnel(lab.proxy, at)
    const client = new WebSocket(`ws://${at}/chat`, {
      createConnection: () => tunnel,
    } as WebSocket.ClientOptions)
    const hold = await admin.pending()
    const { granted: grant } = (await admin.approve(hold.id)) as { granted: { id: string } }
    await new Promise((resolve) => client.once('open', resolve))
    client.send('hello')
    expect(
      String(
        (
          await new Promise<unknown[]>((resolve) =>
            client.once('message', (...all) => resolve(all)),
          )
        )[0],
      ),
    ).toBe('hello')
    const code = new Promise((resolve) => client.once('close', resolve))
    await admin.post(`/grants/${grant.id}/revoke`)
    expect(await code).toBe(1008)
    server.close()
    await eventually('its end', () => {
      const [flow] = lab.proxy.query<{ error: string }>(
        'SELECT error FROM flows WHERE hold_id = ?',
        hold.id,
      )
      return flow?.error === 'grant-ended'
    })
  })
})

describe('never more than was shown', () => {
  test('a host that resolves to another place asks anew', async () => {
    const records = { 'moves.test': { A: ['127.0.0.20'], ttl: 0 } }
    await using lab = await openLab({
      config: `
hold: { wait: 20s }
placement: { outside: hold }
destinations:
  - { cidr: 127.0.0.20/32, region: [US] }
  - { cidr: 127.0.0.21/32, region: [CN] }`,
      records,
    })
    const admin = asReviewer(lab.proxy)
    const call = () => curl(lab.proxy, `http://moves.test:${lab.http.port}/x`)
    const first = call()
    await admin.approve((await admin.pending()).id, { scope: 'host', for: '1h' })
    expect((await first).status).toBe(200)
    expect((await call()).status).toBe(200)
    Object.assign(records['moves.test'], { A: ['127.0.0.21'] })
    await eventually('the new address to be seen', async () => {
      const moved = call()
      const outcome = await Promise.race([moved.then(({ status }) => status), admin.pending()])
      if (outcome === 200) return false
      const hold = await admin.pending()
      expect(hold).toMatchObject({ regions: '["CN"]' })
      await admin.post(`/holds/${hold.id}/deny`)
      expect((await moved).status).toBe(403)
      return true
    })
    expect(lab.http.seen.length).toBeGreaterThanOrEqual(2)
  })

  test('while it waits the place changes: approval is for what was shown, and a new hold opens', async () => {
    const records = { 'moves.test': { A: ['127.0.0.20'], ttl: 0 } }
    await using lab = await openLab({
      config: `
hold: { wait: 20s }
placement: { outside: hold }
destinations:
  - { cidr: 127.0.0.20/32, region: [US] }
  - { cidr: 127.0.0.21/32, region: [CN] }`,
      records,
    })
    const admin = asReviewer(lab.proxy)
    const waiting = curl(lab.proxy, `http://moves.test:${lab.http.port}/x`)
    const hold = await admin.pending()
    Object.assign(records['moves.test'], { A: ['127.0.0.21'] })
    // What was looked up before is remembered for a moment.
    await eventually('the old answer to be forgotten', async () => {
      const path = `/${Math.random()}`
      const other = curl(lab.proxy, `http://moves.test:${lab.http.port}${path}`)
      const seen = await eventually('its hold', () => {
        const [row] = lab.proxy.query<{ id: string; regions: string }>(
          'SELECT id, regions FROM holds WHERE path = ?',
          path,
        )
        return row ?? null
      })
      await admin.post(`/holds/${seen.id}/deny`)
      await other
      return seen.regions === '["CN"]'
    })
    await admin.approve(hold.id)
    const next = await admin.pending()
    expect(next).toMatchObject({ regions: '["CN"]' })
    await admin.post(`/holds/${next.id}/deny`)
    expect((await waiting).status).toBe(403)
    expect(lab.http.seen).toEqual([])
  })
})

test('on one HTTP/2 connection the others go on while one waits', async () => {
  await using lab = await openLab({
    config: `
hold: { wait: 20s }
rules:
  - { id: exports, because: a person looks, when: { path: /export }, then: hold }`,
  })
  const admin = asReviewer(lab.proxy)
  const at = `api.de.test:${lab.https.port}`
  const { readFileSync } = await import('node:fs')
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  const socket = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${at}`, { createConnection: () => socket })
  const ask = (path: string) =>
    new Promise<number>((resolve, reject) => {
      const stream = session.request({ ':path': path })
      stream.on('response', (head) => resolve(Number(head[':status'])))
      stream.on('error', reject)
      stream.resume()
      stream.end()
    })
  const held = ask('/export')
  const { id } = await admin.pending()
  expect(await Promise.all([ask('/a'), ask('/b'), ask('/c')])).toEqual([200, 200, 200])
  await admin.approve(id)
  expect(await held).toBe(200)
  session.destroy()
})

test('two processes share one queue; one that dies keeps what waited', async () => {
  await using lab = await openLab({ config: 'hold: { wait: 500ms }', workers: 2 })
  const admin = asReviewer(lab.proxy)
  const url = `http://api.mixed.test:${lab.http.port}/x`
  const all = await Promise.all(Array.from({ length: 8 }, () => curl(lab.proxy, '-d', 'x', url)))
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([503]))
  const { id } = await admin.pending()
  await admin.approve(id, { uses: 3 })
  const then = await Promise.all(Array.from({ length: 8 }, () => curl(lab.proxy, '-d', 'x', url)))
  expect(then.filter(({ status }) => status === 200)).toHaveLength(3)
  expect(lab.http.seen).toHaveLength(3)
})

describe('a restart', () => {
  test('keeps what waits and what was granted, and releases nothing', async () => {
    await using lab = await openLab({ config: 'hold: { wait: 100ms, expires: 1h }' })
    const token = lab.proxy.adminToken ?? ''
    const { port } = lab.http
    const call = (proxy = lab.proxy, path = '/x') =>
      curl(proxy, '-d', 'x', `http://api.mixed.test:${port}${path}`)
    expect((await call()).status).toBe(503)
    expect((await call(lab.proxy, '/y')).status).toBe(503)
    const admin = asReviewer(lab.proxy)
    const holds = lab.proxy.query<{ id: string; path: string }>('SELECT id, path FROM holds')
    const idOf = (path: string) => holds.find((one) => one.path === path)?.id ?? ''
    await admin.approve(idOf('/y'), { uses: 2 })
    expect((await call(lab.proxy, '/y')).status).toBe(200)
    await lab.proxy.stop('SIGKILL')
    const proxy = await lab.restart()
    expect(proxy.adminToken).toBeNull()
    const again = JSON.parse((await call(proxy)).body)
    expect(again).toMatchObject({ code: 'hold-pending', hold: idOf('/x') })
    expect((await call(proxy, '/y')).status).toBe(200)
    expect((await call(proxy, '/y')).status).toBe(503)
    await asReviewer(proxy, token).approve(idOf('/x'))
    expect((await call(proxy)).status).toBe(200)
    expect(lab.http.seen).toEqual(['POST /y', 'POST /y', 'POST /x'])
    const verified = await runProgram(process.execPath, [
      'src/main.ts',
      'audit',
      'verify',
      '--data',
      `${lab.dir}/data`,
    ])
    expect(verified.err + verified.out).toContain('intact')
  })

  test('while it stops, whoever waits is told to come again', async () => {
    await using lab = await openLab({ config: 'hold: { wait: 60s, expires: 1h }' })
    const waiting = curl(
      lab.proxy,
      '-m',
      '100',
      '-d',
      'x',
      `http://api.mixed.test:${lab.http.port}/x`,
    )
    await asReviewer(lab.proxy).pending()
    expect(await lab.proxy.stop()).toBe(0)
    expect((await waiting).status).toBe(503)
    expect(lab.proxy.query('SELECT state FROM holds')).toEqual([{ state: 'pending' }])
  })
})

test('several have to agree, and not who answers for the agent; whoever is no reviewer any more has no voice', async () => {
  const config = (anna: string) => `
hold: { wait: 30s }
reviewers: [${anna}{ id: ben, groups: [dpo] }, { id: olga, groups: [dpo] }]
rules:
  - { id: x, because: two have to look, when: { placement: straddling }, then: hold, hold: { reviewers: dpo, quorum: 2 } }`
  await using lab = await openLab({ config: config('{ id: anna, groups: [dpo] }, ') })
  const issue = async (name: string) => {
    const { out, err, code } = await runProgram(
      process.execPath,
      [`${process.cwd()}/src/main.ts`, 'reviewers', 'token', name],
      { cwd: lab.dir, env: throughProxy(lab.proxy) },
    )
    if (code !== 0) throw new Error(err)
    return asReviewer(lab.proxy, out.trim())
  }
  const [anna, ben, admin] = [await issue('anna'), await issue('ben'), asReviewer(lab.proxy)]
  const waiting = curl(lab.proxy, '-m', '60', `http://api.mixed.test:${lab.http.port}/`)
  const { id } = await admin.pending()
  expect((await admin.post(`/holds/${id}/approve`)).status).toBe(403)
  expect((await anna.post(`/holds/${id}/approve`)).status).toBe(200)
  expect((await anna.post(`/holds/${id}/approve`)).status).toBe(409)
  expect(lab.http.seen).toEqual([])
  expect((await ben.post(`/holds/${id}/approve`, { reason: 'fine' })).status).toBe(200)
  expect((await waiting).status).toBe(200)
  const [row] = lab.proxy.query('SELECT approver FROM flows WHERE hold_id = ?', id)
  expect(row).toEqual({ approver: 'anna, ben' })
})
