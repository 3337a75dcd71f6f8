/** Through the proxy of a company: by judged addresses, or names left to it; whatever goes wrong there has a code of its own. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cordon } from '../cli/cordon.ts'
import { curl } from '../support/clients.ts'
import { type ConnectProxy, connectProxy } from '../support/connect-proxy.ts'
import { temporaryFolder } from '../support/folder.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { httpOrigin, httpsOrigin, makeRoot } from '../support/origins.ts'
import { type Flow, startProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'
import { issue } from '../tls/support.ts'

const CREDENTIALS = 'cordon:s3cr:t-ü'
const proxyRoot = makeRoot()

function configFor(scheme: string, port: number, region = 'DE'): string {
  return `
home: EEA
tls: { extra_roots: [root.pem, proxy-root.pem] }
timeouts: { connect: 1500ms }
intercept: { never: [unseen.test] }
upstream_proxy:
  url: ${scheme}://proxy.corp.test:${port}
  credentials: { file: credentials }
  except: ["*.direct.test"]
destinations:
  - { host: proxy.corp.test, region: [${region}], because: ours }
  - { cidr: 127.0.0.10/32, region: [DE], because: lab in Germany }
  - { cidr: 127.0.0.11/32, region: [FR], because: lab in France }
  - { cidr: 127.0.0.20/32, region: [US], because: lab in the United States }
  - { host: api6.test, region: [DE], because: lab in Germany }
`
}

async function open(scheme: 'http' | 'https', proxy: ConnectProxy, region?: string): Promise<Lab> {
  return openLab({
    config: configFor(scheme, proxy.port, region),
    records: {
      'proxy.corp.test': { A: ['127.0.0.1'] },
      'unseen.test': { A: ['127.0.0.10'] },
      'a.direct.test': { A: ['127.0.0.10'] },
      'two.test': { A: ['127.0.0.11', '127.0.0.10'] },
      'api6.test': { AAAA: ['::1'] },
    },
    files: { 'proxy-root.pem': proxyRoot.pem, credentials: `${CREDENTIALS}\n` },
  })
}

function makeProxy(
  scheme: 'http' | 'https',
  hosts = ['proxy.corp.test'],
  names: Readonly<Record<string, string>> = {},
): Promise<ConnectProxy> {
  const certificate = issue({ name: 'proxy', issuer: proxyRoot, hosts })
  return connectProxy({
    credentials: CREDENTIALS,
    names,
    ...(scheme === 'https' ? { certificate } : {}),
  })
}

describe.each(['http', 'https'] as const)('a proxy spoken to over %s', (scheme) => {
  let proxy: ConnectProxy
  let lab: Lab
  beforeAll(async () => {
    proxy = await makeProxy(scheme)
    lab = await open(scheme, proxy)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    proxy.behave = null
    proxy.asked.length = 0
    proxy.heads.length = 0
  })

  test.each([
    ['https', 'api.de.test'],
    ['http', 'api.de.test'],
    ['https', 'unseen.test'],
  ] as const)('leads to %s://%s, by its judged address', async (over, host) => {
    const origin = over === 'https' ? lab.https : lab.http
    const url = `${over}://${host}:${origin.port}/x`
    const { status, body } = host === 'unseen.test' ? await unseen(url) : await curl(lab.proxy, url)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ method: 'GET', url: '/x' })
    expect(proxy.asked).toEqual([`127.0.0.10:${origin.port}`])
    const basic = Buffer.from(CREDENTIALS).toString('base64')
    const at = `127.0.0.10:${origin.port}`
    expect(proxy.heads).toEqual([
      `CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\nProxy-Authorization: Basic ${basic}\r\n\r\n`,
    ])
    expect(await lab.proxy.settled(1)).toMatchObject({ dialed_ip: '127.0.0.10', host })
  })

  /** Its client verifies the origin itself. */
  function unseen(url: string) {
    return curl(lab.proxy, '--cacert', `${lab.dir}/root.pem`, url)
  }

  test('leads to origins of HTTP/2, and what is open is used again', async () => {
    const origin = lab.keep(
      await http2Origin(lab.certificate('api.de.test'), { address: '127.0.0.10' }),
    )
    const url = `https://api.de.test:${origin.port}/`
    for (let i = 0; i < 3; i++) {
      const { body } = await curl(lab.proxy, url, '-d', 'x'.repeat(100_000))
      expect(JSON.parse(body)).toMatchObject({ version: '2.0', length: 100_000 })
    }
    expect(proxy.asked).toEqual([`127.0.0.10:${origin.port}`])
  })

  test('is asked for addresses inside alone, in brackets where they are of IPv6', async () => {
    await curl(lab.proxy, `http://both.test:${lab.http.port}/`)
    expect(proxy.asked).toEqual([`127.0.0.10:${lab.http.port}`])
    const six = lab.keep(await httpOrigin({ address: '::1' }))
    expect((await curl(lab.proxy, `http://api6.test:${six.port}/`)).status).toBe(200)
    expect(proxy.asked.at(-1)).toBe(`[::1]:${six.port}`)
  })

  test('is asked for the next address where it cannot reach one', async () => {
    const origin = lab.keep(await httpOrigin({ address: '127.0.0.10' }))
    const { status } = await curl(lab.proxy, `http://two.test:${origin.port}/`)
    expect(status).toBe(200)
    expect(proxy.asked).toEqual([`127.0.0.11:${origin.port}`, `127.0.0.10:${origin.port}`])
    expect(await lab.proxy.settled(1)).toMatchObject({ dialed_ip: '127.0.0.10' })
  })

  test('has no part in exceptions, nor in what is refused', async () => {
    const { status } = await curl(lab.proxy, `http://a.direct.test:${lab.http.port}/`)
    expect(status).toBe(200)
    expect((await curl(lab.proxy, `http://api.us.test:${lab.http.port}/`)).status).toBe(403)
    expect(proxy.asked).toEqual([])
  })

  test('does not make us believe an origin that is another', async () => {
    const other = issue({ name: 'x', issuer: lab.root, hosts: ['other.test'] })
    const origin = lab.keep(await httpsOrigin(other, { address: '127.0.0.10' }))
    const { body } = await curl(lab.proxy, `https://api.de.test:${origin.port}/`)
    expect(JSON.parse(body).code).toBe('tls-name-mismatch')
  })

  const OK = 'HTTP/1.1 200 OK\r\n\r\n'
  test.each<[string, (socket: net.Socket) => void, number, string]>([
    [
      'wants other credentials',
      (socket) => socket.end('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n'),
      502,
      'upstream-proxy-auth',
    ],
    ['refuses', (socket) => socket.end('HTTP/1.1 403 No\r\n\r\n'), 502, 'upstream-proxy-refused'],
    [
      'sends us elsewhere',
      (socket) => socket.end('HTTP/1.1 302 x\r\nLocation: http://x/\r\n\r\n'),
      502,
      'upstream-proxy-refused',
    ],
    ['closes', (socket) => socket.end(), 502, 'upstream-proxy-unreachable'],
    ['resets', (socket) => socket.destroy(), 502, 'upstream-proxy-unreachable'],
    ['is silent', () => {}, 504, 'upstream-proxy-timeout'],
    [
      'stops in the middle',
      (socket) => socket.write('HTTP/1.1 200 O'),
      504,
      'upstream-proxy-timeout',
    ],
    ['speaks something else', (socket) => socket.write('SSH-2.0-x\r\n'), 502, MALFORMED],
    ['ends lines in LF', (socket) => socket.write('HTTP/1.1 200 OK\n\n'), 502, MALFORMED],
    [
      'has an endless head',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(20_000)}`),
      502,
      MALFORMED,
    ],
    ['never comes to an end', (socket) => socket.write(CONTINUE.repeat(20)), 502, MALFORMED],
    ['becomes something else', (socket) => socket.write('HTTP/1.1 101 x\r\n\r\n'), 502, MALFORMED],
    ['says more than it was asked', (socket) => socket.write(`${OK}220 smtp`), 502, MALFORMED],
  ])('that %s has a code', async (_, behave, status, code) => {
    proxy.behave = behave
    const rows = lab.proxy.flows().length
    const before = proxy.open()
    const answer = await curl(lab.proxy, `http://api.fr.test:${lab.http.port}/`)
    expect({ status: answer.status, code: JSON.parse(answer.body).code }).toEqual({ status, code })
    const flow = await lab.proxy.settled(rows + 1)
    expect(flow).toMatchObject({ outcome: 'failed', error: code, dialed_ip: null })
    await eventually('it to be let go', () => proxy.open() <= before)
  })

  test('may take its time before it says yes', async () => {
    proxy.behave = (socket) => {
      socket.write(CONTINUE)
      setTimeout(() => {
        socket.write(OK)
        socket.once('data', () => socket.write('HTTP/1.1 204 No Content\r\n\r\n'))
      }, 50)
    }
    expect((await curl(lab.proxy, `http://api.fr.test:${lab.http.port}/`)).status).toBe(204)
  })

  test('and nobody is told its credentials', async () => {
    const [, secret = ''] = CREDENTIALS.split(/:(.*)/)
    const text = JSON.stringify([lab.proxy.flows(), lab.proxy.query('SELECT * FROM admin_actions')])
    expect(text + lab.proxy.said()).not.toContain(secret)
    expect(text).not.toContain(Buffer.from(CREDENTIALS).toString('base64'))
  })
})

const CONTINUE = 'HTTP/1.1 102 Processing\r\n\r\n'
const MALFORMED = 'upstream-proxy-malformed'

/** One call through a proxy that is not as it should be. */
async function failThrough(scheme: 'http' | 'https', proxy: ConnectProxy, region?: string) {
  await using lab = await open(scheme, proxy, region)
  const { body, status } = await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)
  return { status, ...(JSON.parse(body) as { code: string; detail: string }) }
}

test('one whose certificate is for another name is not spoken to', async () => {
  await using proxy = await makeProxy('https', ['other.corp.test'])
  expect(await failThrough('https', proxy)).toMatchObject({ code: 'upstream-proxy-tls' })
  expect(proxy.asked).toEqual([])
})

test('one that is not there', async () => {
  const proxy = await makeProxy('http')
  await proxy[Symbol.asyncDispose]()
  const answer = await failThrough('http', proxy)
  expect(answer).toMatchObject({ status: 502, code: 'upstream-proxy-unreachable' })
  expect(answer.detail).toContain(`proxy.corp.test:${proxy.port}`)
})

test('one that the policy does not let us use is not spoken to', async () => {
  await using proxy = await makeProxy('http')
  const answer = await failThrough('http', proxy, 'US')
  expect(answer).toMatchObject({ status: 403, code: 'upstream-proxy-blocked' })
  expect(proxy.asked).toEqual([])
})

/** Where the proxy finds names that our own name server knows nothing of. */
const NAMES = {
  'api.de.test': '127.0.0.10',
  'api.us.test': '127.0.0.20',
  'api.fr.test': '127.0.0.11',
  'unseen.test': '127.0.0.10',
  's3.eu-central-1.amazonaws.com': '127.0.0.10',
  'erp.internal': '127.0.0.10',
  'loop.test': '127.0.0.1',
}

function delegatedConfig(scheme: string, port: number): string {
  return `
home: EEA
tls: { extra_roots: [root.pem, proxy-root.pem] }
timeouts: { connect: 1500ms }
intercept: { never: [unseen.test] }
upstream_proxy:
  url: ${scheme}://proxy.corp.test:${port}
  mode: delegated
  credentials: { file: credentials }
  except: ["*.direct.test"]
destinations:
  - { host: proxy.corp.test, region: [DE], because: ours }
  - { host: api.de.test, region: [DE], because: contract 1 }
  - { host: unseen.test, region: [DE], because: contract 2 }
  - { host: api.us.test, region: [US], because: contract 3 }
  - { host: erp.internal, region: [DE], because: ours }
  - { host: loop.test, region: [DE], because: a mistake }
  - { host: metadata.google.internal, region: [DE], because: a mistake }
  - { cidr: 127.0.0.0/24, region: [DE], because: lab in Germany }
`
}

const LOOKED_UP = ['proxy.corp.test', 'a.direct.test']

/** 127.0.0.10 is declared to be in Germany: that says nothing of a name. */
const SCENARIOS = `version: 1
scenarios:
  - name: nobody says where it is
    request: { url: "https://api.fr.test/", addresses: [127.0.0.10] }
    expect: { placement: unknown, action: hold }
  - name: declared by name
    request: { url: "https://api.us.test/", addresses: [127.0.0.10] }
    expect: { placement: outside, action: block }
  - name: an address is one
    request: { url: "http://127.0.0.10/", addresses: [127.0.0.10] }
    expect: { placement: inside, action: allow }
`

function evidenceOf(flow: Flow | undefined): readonly Record<string, unknown>[] {
  return JSON.parse(String(flow?.evidence ?? '[]')) as Record<string, unknown>[]
}

describe.each(['http', 'https'] as const)('names left to a proxy spoken to over %s', (scheme) => {
  let proxy: ConnectProxy
  let lab: Lab
  beforeAll(async () => {
    proxy = await makeProxy(scheme, ['proxy.corp.test'], NAMES)
    lab = await openLab({
      config: delegatedConfig(scheme, proxy.port),
      records: {
        'proxy.corp.test': { A: ['127.0.0.1'] },
        'a.direct.test': { A: ['127.0.0.10'] },
        'unseen.test': { A: ['127.0.0.20'] },
        's3.eu-central-1.amazonaws.com': { A: ['127.0.0.20'] },
      },
      files: {
        'proxy-root.pem': proxyRoot.pem,
        credentials: `${CREDENTIALS}\n`,
        'left.scenarios.yaml': SCENARIOS,
      },
    })
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    proxy.behave = null
    proxy.asked.length = 0
    proxy.heads.length = 0
  })

  const call = (url: string, ...args: string[]) =>
    url.includes('unseen')
      ? curl(lab.proxy, '--cacert', `${lab.dir}/root.pem`, url, ...args)
      : curl(lab.proxy, url, ...args)

  test.each([
    ['https', 'api.de.test'],
    ['http', 'api.de.test'],
    ['https', 'unseen.test'],
    ['https', 's3.eu-central-1.amazonaws.com'],
    ['http', 'erp.internal'],
  ] as const)('%s://%s: it is asked for the name', async (over, host) => {
    const rows = lab.proxy.flows().length
    const { port } = over === 'https' ? lab.https : lab.http
    const { status, body } = await call(`${over}://${host}:${port}/x`)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ method: 'GET', url: '/x' })
    expect(proxy.asked).toEqual([`${host}:${port}`])
    expect(proxy.heads[0]).toContain(`\r\nHost: ${host}:${port}\r\n`)
    const flow = await lab.proxy.settled(rows + 1)
    // What was dialled is the proxy: what it dialled is not known.
    expect(flow).toMatchObject({ host, placement: 'inside', dialed_ip: '127.0.0.1' })
    const evidence = evidenceOf(flow)
    expect(evidence).toContainEqual({
      kind: 'delegated',
      source: `upstream_proxy: proxy.corp.test:${proxy.port}`,
      asOf: null,
      claim: [],
      strength: 'none',
      address: null,
      detail: 'the upstream proxy looks the name up and chooses the address',
      discarded: null,
    })
    const kinds = evidence.map(({ kind }) => kind)
    for (const kind of ['dns', 'geoip', 'table']) expect(kinds).not.toContain(kind)
  })

  test('what is open is used again by the same caller, over both versions of HTTP', async () => {
    for (let i = 0; i < 3; i++) await call(`http://api.de.test:${lab.http.port}/`)
    const certificate = lab.certificate('api.de.test')
    const origin = lab.keep(await http2Origin(certificate, { address: '127.0.0.10' }))
    for (let i = 0; i < 3; i++) {
      const { body } = await call(`https://api.de.test:${origin.port}/`, '-d', 'x'.repeat(100_000))
      expect(JSON.parse(body)).toMatchObject({ version: '2.0', length: 100_000 })
    }
    expect(
      proxy.asked.filter((asked) => asked === `api.de.test:${lab.http.port}`).length,
    ).toBeLessThanOrEqual(1)
    expect(proxy.asked.filter((asked) => asked.endsWith(`:${origin.port}`))).toEqual([
      `api.de.test:${origin.port}`,
    ])
  })

  test.each([
    ['nobody says where it is', 'api.fr.test', 'unknown', 'hold-pending'],
    ['declared abroad', 'api.us.test', 'outside', 'placement-outside'],
    ['inner, not declared', 'wiki.internal', 'unknown', 'address-prohibited'],
    ['in the network around', 'printer.local', 'unknown', 'address-prohibited'],
    ['metadata, also declared', 'metadata.google.internal', 'unknown', 'address-prohibited'],
    ['without a dot', 'intranet', 'unknown', 'dns-not-found'],
    ['ourselves, by a local name', 'localhost', 'unknown', 'proxy-loop'],
  ])('%s: refused, and nobody is asked', async (_, host, placement, code) => {
    const rows = lab.proxy.flows().length
    const port = code === 'proxy-loop' ? new URL(lab.proxy.url).port : lab.http.port
    const { body } = await call(`http://${host}:${port}/`)
    expect(JSON.parse(body).code).toBe(code)
    expect(proxy.asked).toEqual([])
    expect(await lab.proxy.settled(rows + 1)).toMatchObject({ placement, dialed_ip: null })
  })

  test('addresses are judged as ever, and sent as they are', async () => {
    const { port } = lab.http
    expect((await call(`http://127.0.0.10:${port}/`)).status).toBe(200)
    expect((await call(`http://169.254.169.254:${port}/`)).status).toBe(403)
    expect(proxy.asked).toEqual([`127.0.0.10:${port}`])
    const kinds = lab.proxy.flows().flatMap((flow) => {
      return flow.host === '127.0.0.10' ? evidenceOf(flow).map(({ kind }) => kind) : []
    })
    expect(kinds).toContain('declaration')
    expect(kinds).not.toContain('delegated')
  })

  test('exceptions are looked up and called straight', async () => {
    const rows = lab.proxy.flows().length
    expect((await call(`http://a.direct.test:${lab.http.port}/`)).status).toBe(200)
    expect(proxy.asked).toEqual([])
    const flow = await lab.proxy.settled(rows + 1)
    expect(flow).toMatchObject({ host: 'a.direct.test', dialed_ip: '127.0.0.10' })
    const kinds = evidenceOf(flow).map(({ kind }) => kind)
    expect(kinds).toContain('dns')
    expect(kinds).not.toContain('delegated')
  })

  test('a name that leads back to us from there comes to an end', async () => {
    const { port } = new URL(lab.proxy.url)
    const { status } = await call(`http://loop.test:${port}/`)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(proxy.asked).toEqual([`loop.test:${port}`])
  })

  test('an origin that is another is not believed', async () => {
    const other = issue({ name: 'x', issuer: lab.root, hosts: ['other.test'] })
    const origin = lab.keep(await httpsOrigin(other, { address: '127.0.0.10' }))
    const { body } = await call(`https://api.de.test:${origin.port}/`)
    expect(JSON.parse(body).code).toBe('tls-name-mismatch')
  })

  test('an origin that stumbles over a TLS session is asked for once more', async () => {
    const origin = lab.keep(
      await httpsOrigin(lab.certificate('api.de.test'), {
        address: '127.0.0.10',
        handler: (_, response) => response.setHeader('Connection', 'close').end('{}'),
      }),
    )
    const at = `api.de.test:${origin.port}`
    expect((await call(`https://${at}/`)).status).toBe(200)
    proxy.behave = (socket) => {
      proxy.behave = null
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.once('data', () => socket.destroy())
    }
    expect((await call(`https://${at}/`)).status).toBe(200)
    expect(proxy.asked).toEqual([at, at, at])
  })

  test('what it refuses has its code', async () => {
    proxy.behave = (socket) => socket.end('HTTP/1.1 503 No\r\n\r\n')
    const rows = lab.proxy.flows().length
    const { body } = await call(`http://erp.internal:${lab.https.port}/`)
    expect(JSON.parse(body).code).toBe('upstream-proxy-refused')
    expect(await lab.proxy.settled(rows + 1)).toMatchObject({ outcome: 'failed', dialed_ip: null })
  })

  // What follows does not speak with the proxy.
  const commands = test.runIf(scheme === 'http')

  commands.each([
    ['https://api.de.test/', 'inside', 'allow'],
    ['https://s3.eu-central-1.amazonaws.com/', 'inside', 'allow'],
    ['https://api.fr.test/', 'unknown', 'hold'],
    ['https://wiki.internal/', 'unknown', 'block'],
  ])('explain and locate say the same of %s', async (url, placement, action) => {
    const explained = await cordon(lab.dir, ['explain', '--json', url])
    expect(JSON.parse(explained.out)).toMatchObject({ placement, action, addresses: [] })
    const located = JSON.parse((await cordon(lab.dir, ['locate', '--json', new URL(url).host])).out)
    expect(located).toMatchObject({ addresses: [], service: [] })
    expect(located.evidence).toContainEqual(expect.objectContaining({ kind: 'delegated' }))
    // Tables of providers are about addresses.
    expect(JSON.parse(explained.out).change.join()).not.toContain('geoip update')
  })

  commands('scenarios are decided by name, whatever addresses they bring', async () => {
    const { out, code } = await cordon(lab.dir, ['test', '--json', 'left.scenarios.yaml'])
    expect(JSON.parse(out)).toMatchObject([{ passed: true }, { passed: true }, { passed: true }])
    expect(code).toBe(0)
  })

  commands('a recorded flow is looked at again without asking anybody', async () => {
    await call(`http://api.de.test:${lab.http.port}/again`)
    const id = String(lab.proxy.flows().at(-1)?.id)
    const { out } = await cordon(lab.dir, ['explain', '--json', '--flow', id])
    expect(JSON.parse(out)).toMatchObject({ consistent: true, today: { placement: 'inside' } })
  })

  test('of all that, no name server was asked but about the proxy, and about exceptions', () => {
    const looked = new Set(lab.dns.questions.map(({ name }) => name.toLowerCase()))
    expect(looked).toContain('proxy.corp.test')
    expect([...looked].filter((name) => !LOOKED_UP.includes(name))).toEqual([])
  })
})

describe.skipIf(missing(program('tinyproxy', '-v')))('tinyproxy', () => {
  test.each([
    ['with its credentials', 'cordon secret', 200],
    ['with other ones', 'cordon other', 502],
  ])('%s', async (_, known, want) => {
    await using folder = await temporaryFolder()
    const port = await freePort()
    const file = join(folder.path, 'tinyproxy.conf')
    const lines = [`Port ${port}`, 'Listen 127.0.0.1', 'Allow 127.0.0.1', `BasicAuth ${known}`]
    writeFileSync(file, `${lines.join('\n')}\n`)
    const child = spawn('tinyproxy', ['-d', '-c', file], { stdio: 'ignore' })
    try {
      await eventually('tinyproxy', () => isOpen(port))
      await using lab = await openLab({
        config: configFor('http', port),
        records: { 'proxy.corp.test': { A: ['127.0.0.1'] } },
        files: { 'proxy-root.pem': proxyRoot.pem, credentials: 'cordon:secret' },
      })
      const { status, body } = await curl(lab.proxy, `https://api.de.test:${lab.https.port}/`)
      expect(status).toBe(want)
      if (want !== 200) expect(JSON.parse(body).code).toBe('upstream-proxy-auth')
    } finally {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
  })
})

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

describe('a configuration', () => {
  test.each([
    ['credentials in the URL', 'url: "http://a:b@proxy.test"', /a proxy is written like/],
    ['another scheme', 'url: "socks5://proxy.test"', /a proxy is written like/],
    ['a path', 'url: "http://proxy.test/x"', /a proxy is written like/],
    ['another mode', 'url: "http://proxy.test", mode: trusting', /pinned: Cordon looks names up/],
    ['no file', 'url: "http://proxy.test", credentials: { file: none }', /there is nothing/],
    ['no variable', 'url: "http://proxy.test", credentials: { env: NOT_SET_X }', /NOT_SET_X/],
  ])('with %s is refused', async (_, text, want) => {
    await using folder = await temporaryFolder()
    const rest = `listen: { proxy: "127.0.0.1:0", console: null }\nupstream_proxy: { ${text} }`
    const started = startProxy({
      dir: folder.path,
      files: { 'cordon.yaml': `version: 1\n${rest}\n` },
    })
    await expect(started).rejects.toThrow(want)
  })
})
