/** Origins that want a certificate of ours, and origins of authorities that are believed nowhere else. */

import { generateKeyPairSync } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { opensslServer } from '../support/openssl-server.ts'
import { httpsOrigin, makeRoot } from '../support/origins.ts'
import { startProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'
import { DAY, type Issued, issue } from '../tls/support.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const clientRoot = issue({ name: 'client root', ca: true })
const client = (name: string, changes: { notAfter?: number } = {}) =>
  issue({ name, issuer: clientRoot, usage: CLIENT_AUTH, ...changes })
const privateRoot = makeRoot()

const ORIGINS = `
origins:
  - { host: "*.mutual.test", certificate: wild.pem, key: wild.key }
  - { host: one.mutual.test, certificate: one.pem, key: one.key }
  - { host: private.corp.test, ca: [private.pem] }
`
const NAMES = ['a.mutual.test', 'one.mutual.test', 'private.corp.test', 'plain.test']

let lab: Lab
beforeAll(async () => {
  const [wild, one] = [client('wild'), client('one')]
  lab = await openLab({
    config: ORIGINS,
    records: Object.fromEntries(NAMES.map((name) => [name, { A: ['127.0.0.10'] }])),
    files: {
      'wild.pem': wild.pem,
      'wild.key': wild.keyPem,
      'one.pem': one.pem,
      'one.key': one.keyPem,
      'private.pem': privateRoot.pem,
    },
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

interface Seen {
  readonly who: string | null
  readonly version: string
  readonly resumed: boolean
  readonly from: number | undefined
}

/** Who the other end has proved to be. */
function toSeen(socket: tls.TLSSocket, version: string): Seen {
  const { CN } = socket.getPeerCertificate()?.subject ?? {}
  const who = typeof CN === 'string' ? CN : null
  return { who, version, resumed: socket.isSessionReused(), from: socket.remotePort }
}

function answerWho(request: http.IncomingMessage, response: http.ServerResponse): void {
  const text = JSON.stringify(toSeen(request.socket as tls.TLSSocket, request.httpVersion))
  response.setHeader('Content-Length', text.length).end(text)
}

const MUTUAL = { requestCert: true, rejectUnauthorized: true, ca: clientRoot.pem }
const only = (version: tls.SecureVersion) => ({ minVersion: version, maxVersion: version })

async function mutual(how: tls.TlsOptions = {}) {
  const shown = { address: '127.0.0.10', handler: answerWho, tls: { ...MUTUAL, ...how } }
  return lab.keep(await httpsOrigin(lab.certificate(...NAMES), shown))
}

async function mutual2(how: tls.TlsOptions = {}) {
  return lab.keep(
    await http2Origin(lab.certificate(...NAMES), {
      address: '127.0.0.10',
      tls: { ...MUTUAL, ...how },
      onStream: (stream) => {
        stream.respond({ ':status': 200 })
        stream.end(JSON.stringify(toSeen(stream.session?.socket as tls.TLSSocket, '2.0')))
      },
    }),
  )
}

async function call(host: string, port: number): Promise<Seen & { readonly code?: string }> {
  const { body } = await curl(lab.proxy, `https://${host}:${port}/`)
  return JSON.parse(body)
}

describe.each([
  ['HTTP/1.1, TLS 1.2', () => mutual(only('TLSv1.2'))],
  ['HTTP/1.1, TLS 1.3', () => mutual(only('TLSv1.3'))],
  ['HTTP/2, TLS 1.2', () => mutual2(only('TLSv1.2'))],
  ['HTTP/2, TLS 1.3', () => mutual2(only('TLSv1.3'))],
])('%s', (_, open) => {
  test('the certificate for the host is shown, the most specific one', async () => {
    const { port } = await open()
    expect(await call('a.mutual.test', port)).toMatchObject({ who: 'wild' })
    expect(await call('one.mutual.test', port)).toMatchObject({ who: 'one' })
  })

  test('and to no other host: the client is told what is missing', async () => {
    const { port } = await open()
    const answer = await curl(lab.proxy, `https://plain.test:${port}/`)
    expect(answer.status).toBe(502)
    expect(JSON.parse(answer.body).code).toMatch(/^tls-(client-certificate|failed)$/)
    expect(await lab.proxy.settled(1)).toMatchObject({ outcome: 'failed' })
  })
})

// Node's servers say nothing when they do not accept a certificate; OpenSSL's do.
test.skipIf(missing(program('openssl', 'version'))).each(['-tls1_2', '-tls1_3'])(
  'an origin that does not accept it is told of, %s',
  async (version) => {
    const { pem, keyPem } = lab.certificate('a.mutual.test')
    writeFileSync(join(lab.dir, 'server.pem'), `${pem}${keyPem}`)
    writeFileSync(join(lab.dir, 'others.pem'), makeRoot().pem)
    await using server = await opensslServer({
      cwd: lab.dir,
      args: ['-cert', 'server.pem', '-CAfile', 'others.pem', '-Verify', '1', version],
    })
    const answer = await call('a.mutual.test', server.port)
    expect(answer).toMatchObject({ code: 'tls-client-certificate' })
  },
)

test('an authority for one host is believed there, alone, and nowhere else', async () => {
  const at = { address: '127.0.0.10' }
  const theirs = issue({ name: 'x', issuer: privateRoot, hosts: NAMES })
  const own = lab.keep(await httpsOrigin(theirs, at))
  const usual = lab.keep(await httpsOrigin(lab.certificate(...NAMES), at))
  const status = async (host: string, port: number) =>
    (await curl(lab.proxy, `https://${host}:${port}/`)).status
  expect(await status('private.corp.test', own.port)).toBe(200)
  expect(await status('private.corp.test', usual.port)).toBe(502)
  expect(await status('plain.test', usual.port)).toBe(200)
  expect(await status('plain.test', own.port)).toBe(502)
})

/** In place, as a tool that renews certificates does it. */
function put(certificate: string, key: string): void {
  for (const [name, text] of Object.entries({ 'one.key': key, 'one.pem': certificate })) {
    writeFileSync(join(lab.dir, `${name}.new`), text)
    renameSync(join(lab.dir, `${name}.new`), join(lab.dir, name))
  }
}

describe('files that change', () => {
  test('are taken up: nothing that the old certificate has opened is used again', async () => {
    const { port } = await mutual()
    const first = await call('one.mutual.test', port)
    expect(await call('one.mutual.test', port)).toEqual(first)
    const next = client('renewed')
    put(next.pem, next.keyPem)
    await eventually('them to be read', () =>
      lab.proxy.said().includes('TLS with `one.mutual.test` uses its changed files'),
    )
    const second = await call('one.mutual.test', port)
    expect(second).toMatchObject({ who: 'renewed', resumed: false })
    expect(second.from).not.toBe(first.from)
    expect(await call('one.mutual.test', port)).toEqual(second)
    const sql = `SELECT subject FROM admin_actions WHERE action = 'origin-files'`
    expect(lab.proxy.query(sql)).toEqual([{ subject: 'origins' }])
  })

  test('and are wrong leave in use what was, and no key is told to anybody', async () => {
    const { port } = await mutual()
    const before = await call('one.mutual.test', port)
    const [one, other] = [client('x'), client('y')]
    put(one.pem, other.keyPem)
    await eventually('it to be told', () =>
      lab.proxy.said().includes('one.key`: it is not the key of the certificate'),
    )
    expect((await call('one.mutual.test', port)).who).toBe(before.who)
    for (const line of other.keyPem.split('\n').slice(1, -2)) {
      expect(lab.proxy.said()).not.toContain(line)
    }
  })
})

describe('at the start', () => {
  async function start(files: Record<string, string>, origins: string) {
    const dir = await mkdtemp(join(tmpdir(), 'cordon-mutual-'))
    const config = `version: 1\nlisten: { proxy: "127.0.0.1:0", console: null }\ndns: { servers: ["127.0.0.1:1"], hosts: false }\norigins: ${origins}\n`
    try {
      await using proxy = await startProxy({ dir, files: { 'cordon.yaml': config, ...files } })
      return proxy.said()
    } catch (error) {
      return String(error)
    } finally {
      await rm(dir, { recursive: true })
    }
  }
  const BOTH = '[{ host: a.test, certificate: c.pem, key: c.key }]'
  const good: Issued = client('good')
  const encrypted = () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const how = { cipher: 'aes-256-cbc', passphrase: 'x', type: 'pkcs8', format: 'pem' } as const
    return privateKey.export(how).toString()
  }

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['nothing there', {}, BOTH, /cannot use `\S+c\.pem`: there is no such file/],
    ['no key there', { 'c.pem': good.pem }, BOTH, /cannot use `\S+c\.key`: there is no such file/],
    ['no certificate', { 'c.pem': 'x', 'c.key': good.keyPem }, BOTH, /c\.pem`: it does not hold/],
    ['no key', { 'c.pem': good.pem, 'c.key': 'x' }, BOTH, /c\.key`: it does not hold one private/],
    [
      'the key of another',
      { 'c.pem': good.pem, 'c.key': client('other').keyPem },
      BOTH,
      /c\.key`: it is not the key of the certificate/,
    ],
    ['an encrypted key', { 'c.pem': good.pem, 'c.key': encrypted() }, BOTH, /its key is encrypted/],
    [
      'no authority',
      { 'ca.pem': good.keyPem },
      '[{ host: a.test, ca: [ca.pem] }]',
      /ca\.pem`: it does not hold certificates/,
    ],
    ['half of it', {}, '[{ host: a.test, key: c.key }]', /`certificate` and `key` belong together/],
    ['nothing said', {}, '[{ host: a.test }]', /neither `certificate` and `key` nor `ca`/],
    ['no host', {}, '[{ host: "a*", ca: [x] }]', /a host is written like/],
    ['one twice', {}, '[{ host: a, ca: [x] }, { host: A, ca: [x] }]', /for the same host/],
  ])('%s is a mistake', async (_, files, origins, want) => {
    const said = await start(files, origins)
    expect(said).toMatch(/the proxy ended with [13]/)
    expect(said).toMatch(want)
  })

  test('one that has expired is warned of', async () => {
    const old = client('old', { notAfter: Date.now() - DAY / 2 })
    const said = await start({ 'c.pem': old.pem, 'c.key': old.keyPem }, BOTH)
    expect(said).toMatch(/warning: the certificate for `a\.test`, `\S+c\.pem`, has expired/)
  })
})
