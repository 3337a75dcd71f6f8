/** Through the proxy of a company: by judged addresses, verified as ever; whatever goes wrong there has a code of its own. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { type ConnectProxy, connectProxy } from '../support/connect-proxy.ts'
import { temporaryFolder } from '../support/folder.ts'
import { http2Origin } from '../support/http2-origin.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { httpOrigin, httpsOrigin, makeRoot } from '../support/origins.ts'
import { startProxy } from '../support/proxy.ts'
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

function makeProxy(scheme: 'http' | 'https', hosts = ['proxy.corp.test']): Promise<ConnectProxy> {
  const certificate = issue({ name: 'proxy', issuer: proxyRoot, hosts })
  return connectProxy({
    credentials: CREDENTIALS,
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
    ['another mode', 'url: "http://proxy.test", mode: delegated', /pinned/],
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
