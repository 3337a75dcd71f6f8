/** What clients, reviewers and operators do at the wrong moment while a call waits: nothing passes by it, and nobody is held up. */

import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import net from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl, openTls, openTunnel, runProgram } from '../support/clients.ts'
import { asReviewer, type Reviewer } from '../support/desk.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { PROJECT } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

/** Waits until there are so many pending holds. */
function pending(lab: Lab, count: number): Promise<{ id: string; path: string | null }[]> {
  return eventually(`${count} pending holds`, () => {
    const sql = "SELECT id, path FROM holds WHERE state = 'pending' ORDER BY seq"
    const rows = lab.proxy.query<{ id: string; path: string | null }>(sql)
    return rows.length === count ? rows : null
  })
}

describe('a client leaves', () => {
  let lab: Lab
  let admin: Reviewer
  beforeAll(async () => {
    lab = await openLab({
      config: 'hold: { wait: 60s }\nintercept: { never: [api.unknown.test] }',
    })
    admin = asReviewer(lab.proxy)
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const isEnded = (id: string) =>
    eventually('the hold to end', async () => (await admin.get(`/holds/${id}`)).state !== 'pending')

  test.each(['says goodbye', 'is gone'])('whose tunnel nobody looks into: it %s', async (how) => {
    const socket = net.connect(lab.proxy.port, '127.0.0.1').on('error', () => {})
    const at = `api.unknown.test:${lab.https.port}`
    socket.write(`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`)
    const { id } = await admin.pending()
    if (how === 'is gone') socket.resetAndDestroy()
    else socket.end()
    await isEnded(id)
    expect(await admin.get(`/holds/${id}`)).toMatchObject({ state: 'cancelled' })
    socket.destroy()
  })

  const MQTT = Buffer.from('100f00044d5154540402003c0003616263', 'hex')

  test.each([
    ['says goodbye', []],
    ['says more, and goodbye', [Buffer.alloc(20_000, 1)]],
    ['is gone', null],
  ] as const)('whose protocol nobody reads: it %s', async (_, more) => {
    const socket = await openTunnel(lab.proxy, 'api.mixed.test:1883')
    socket.on('error', () => {})
    socket.write(MQTT)
    const { id } = await admin.pending()
    for (const piece of more ?? []) socket.write(piece)
    if (more === null) socket.resetAndDestroy()
    else socket.end()
    await isEnded(id)
    expect(await admin.get(`/holds/${id}`)).toMatchObject({ state: 'cancelled' })
    socket.destroy()
  })

  test('what it says while it waits goes out behind what it said before', async () => {
    const got: Buffer[] = []
    const server = net.createServer((socket) =>
      socket.on('data', (piece: Buffer) => got.push(piece)),
    )
    await once(server.listen(0, '127.0.0.30'), 'listening')
    const { port } = server.address() as net.AddressInfo
    const socket = await openTunnel(lab.proxy, `api.mixed.test:${port}`)
    socket.write(MQTT)
    const { id } = await admin.pending()
    socket.write('more')
    await admin.approve(id)
    const all = Buffer.concat([MQTT, Buffer.from('more')])
    await eventually('all of it', () => Buffer.concat(got).length >= all.length)
    expect(Buffer.concat(got)).toEqual(all)
    socket.destroy()
    server.close()
  })
})

describe('the policy changes while a call waits', () => {
  const CONFIG = `
hold: { wait: 60s }
reviewers: [{ id: anna, groups: [dpo] }, { id: ben, groups: [dpo] }]
rules: []`

  /** Takes these rules into force. */
  async function change(lab: Lab, rules: string): Promise<void> {
    const file = join(lab.dir, 'cordon.yaml')
    const count = () =>
      lab.proxy.query("SELECT 1 FROM admin_actions WHERE action = 'policy-reload'").length
    const before = count()
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^rules: .*$/m, `rules: [${rules}]`))
    await eventually('the policy to be taken up', () => count() > before)
  }

  const rule = (then: string, hold = '') =>
    `{ id: r, because: it changed, when: { host: api.mixed.test }, then: ${then}${hold} }`

  test('it is blocked now: approval lets nothing pass', async () => {
    await using lab = await openLab({ config: CONFIG })
    const admin = asReviewer(lab.proxy)
    const waiting = curl(lab.proxy, '-m', '60', `http://api.mixed.test:${lab.http.port}/x`)
    const { id } = await admin.pending()
    await change(lab, rule('block'))
    await admin.approve(id, { scope: 'host', for: '1h' })
    expect(JSON.parse((await waiting).body)).toMatchObject({ status: 403, code: 'rule-r' })
    expect(lab.http.seen).toEqual([])
  })

  test('others have to agree now: what was given before is not enough', async () => {
    await using lab = await openLab({ config: CONFIG })
    const admin = asReviewer(lab.proxy)
    const url = `http://api.mixed.test:${lab.http.port}`
    const first = curl(lab.proxy, '-m', '60', `${url}/x`)
    await change(lab, rule('hold'))
    await admin.post(`/holds/${(await admin.pending()).id}/deny`)
    await first
    const second = curl(lab.proxy, '-m', '60', `${url}/y`)
    await admin.approve((await admin.pending()).id, { scope: 'host', for: '1h' })
    expect((await second).status).toBe(200)
    expect((await curl(lab.proxy, `${url}/z`)).status).toBe(200)
    await change(lab, rule('hold', ', hold: { reviewers: dpo, quorum: 2 }'))
    const third = curl(lab.proxy, '-m', '60', `${url}/z`)
    const { id } = await admin.pending()
    expect((await admin.post(`/holds/${id}/approve`)).status).toBe(403)
    expect(lab.http.seen).toEqual(['GET /y', 'GET /z'])
    await change(lab, '')
    await lab.proxy.stop()
    expect((await third).status).toBe(503)
  })
})

describe('the log is taken away while a call waits', () => {
  test('nothing is decided and nothing passes', async () => {
    await using lab = await openLab({ config: 'hold: { wait: 2s }' })
    const admin = asReviewer(lab.proxy)
    const url = `http://api.mixed.test:${lab.http.port}`
    const given = curl(lab.proxy, `${url}/given`)
    await admin.approve((await admin.pending()).id, { scope: 'path', for: '1h' })
    expect((await given).status).toBe(200)
    const waiting = curl(lab.proxy, '-d', 'x', `${url}/x`)
    const { id } = await admin.pending()
    const file = join(lab.dir, 'data/audit.db')
    renameSync(file, `${file}.away`)
    await eventually('the proxy to see it', async () => {
      const { status } = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/readyz`)
      return status === 503
    })
    expect(await admin.post(`/holds/${id}/approve`)).toMatchObject({ status: 503 })
    expect(JSON.parse((await waiting).body)).toMatchObject({ code: 'audit-unavailable' })
    expect(JSON.parse((await curl(lab.proxy, `${url}/given`)).body)).toMatchObject({
      code: 'audit-unavailable',
    })
    expect(lab.http.seen).toEqual(['GET /given'])
    renameSync(`${file}.away`, file)
  })
})

test('behind one that waits on a connection of HTTP/1 the next ones wait, and go in order', async () => {
  await using lab = await openLab({ config: 'hold: { wait: 60s }' })
  const admin = asReviewer(lab.proxy)
  const at = (host: string) => `${host}:${lab.http.port}`
  const get = (host: string, path: string) =>
    `GET http://${at(host)}${path} HTTP/1.1\r\nHost: ${at(host)}\r\n\r\n`
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  let text = ''
  socket.on('data', (piece) => {
    text += String(piece)
  })
  socket.write(get('api.mixed.test', '/1') + get('api.de.test', '/2') + get('api.mixed.test', '/3'))
  await admin.approve((await admin.pending()).id)
  const [third] = await pending(lab, 1)
  expect(third?.path).toBe('/3')
  await admin.post(`/holds/${third?.id}/deny`)
  await eventually('three answers', () => text.match(/HTTP\/1\.1 /g)?.length === 3)
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 403'])
  expect(lab.http.seen).toEqual(['GET /1', 'GET /2'])
  socket.destroy()
})

test('a stream of HTTP/2 that is taken back takes its hold along; approval comes too late', async () => {
  await using lab = await openLab({ config: 'hold: { wait: 60s }' })
  const admin = asReviewer(lab.proxy)
  const at = `api.mixed.test:${lab.https.port}`
  const ca = readFileSync(lab.proxy.ca, 'utf8')
  const socket = await openTls(lab.proxy, at, { ca, alpn: ['h2'] })
  const session = http2.connect(`https://${at}`, { createConnection: () => socket })
  const streams = Array.from({ length: 20 }, (_, i) => {
    const stream = session.request({ ':method': 'POST', ':path': `/${i}` })
    stream.on('error', () => {})
    stream.end('x'.repeat(100_000))
    return stream
  })
  const holds = await pending(lab, 20)
  for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL)
  const approved = await Promise.all(holds.map(({ id }) => admin.post(`/holds/${id}/approve`)))
  await pending(lab, 0)
  const used = lab.proxy.query('SELECT 1 FROM grants WHERE used > 0').length
  expect(lab.https.seen.length).toBeLessThanOrEqual(used)
  expect(used).toBeLessThanOrEqual(approved.filter(({ status }) => status === 200).length)
  session.destroy()
})

describe('the token of an agent is revoked while its call waits', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({
      config: 'hold: { wait: 60s }\nintercept: { never: [api.unknown.test] }',
    })
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  const agents = async (...args: string[]) => {
    const program = [join(PROJECT, 'src/main.ts'), 'agents', ...args]
    const { out, err, code } = await runProgram(process.execPath, program, { cwd: lab.dir })
    if (code !== 0) throw new Error(err)
    return out.trim()
  }

  test.each([
    ['plain', 'http', 'api.mixed.test'],
    ['inside-tls', 'https', 'api.mixed.test'],
    ['unseen', 'https', 'api.unknown.test'],
  ])('%s: what was approved does not pass', async (name, scheme, host) => {
    const admin = asReviewer(lab.proxy)
    const token = await agents('token', name)
    const at = `${scheme}://${host}:${scheme === 'http' ? lab.http.port : lab.https.port}/${name}`
    const user = ['--proxy-user', `agent:${token}`]
    const roots = name === 'unseen' ? ['--cacert', `${lab.dir}/root.pem`] : []
    const waiting = curl(lab.proxy, '-m', '60', '-i', ...roots, ...user, at)
    const { id } = await admin.pending()
    await agents('revoke', name)
    // The proxy looks at what was revoked twice a second.
    await eventually('the token to be void', async () => {
      const other = await curl(lab.proxy, '-i', ...user, `http://api.de.test:${lab.http.port}/`)
      return other.body.includes('token-revoked')
    })
    const before = lab.http.seen.length + lab.https.seen.length
    await admin.approve(id)
    const { status, body } = await waiting
    expect(status).not.toBe(200)
    if (host === 'api.mixed.test') expect(body).toContain('"code":"token-revoked"')
    expect(lab.http.seen.length + lab.https.seen.length).toBe(before)
    expect(lab.proxy.query('SELECT 1 FROM grants WHERE used > 0')).toEqual([])
  })
})
