/** Programs that know of no proxy, on a network from which there is no other way out: placed, blocked, held and recorded like any other. */

import { once } from 'node:events'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  GATEWAY,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { missing } from '../support/needs.ts'
import type { Flow } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

const CONFIG = `
agents:
  - { id: builder, match: { source: [10.77.0.0/24, "fd77::/64"] } }
rules:
  - id: us-by-name
    because: the test
    when: { host: allowed.us.test }
    then: allow
  - id: never-by-name
    because: the test
    when: { host: banned.test }
    then: block
  - id: no-cards
    because: the test
    when: { method: POST }
    redact: { out: payment-card }
`

/** Of what is spoken by whom. */
const BEGINNINGS = [
  'SSH-2.0-client\r\n',
  '*1\r\n$4\r\nPING\r\n',
  'GET / HTTP/1.1\r\nHost: api.us.test\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'EHLO client.test\r\n',
  '\0\0\0\x08\x04\xd2\x16\x2f',
  '\0\0\0\x12\0\x12\0\x03\0\0\0\x01\0\x03tests',
  '\x10\x0f\0\x04MQTT\x04\x02\0\x3c\0\x03abc',
  'AMQP\0\0\x09\x01',
].map((text) => Buffer.from(text, 'latin1'))

const NAMES = {
  'allowed.us.test': { A: [FAR.us.v4] },
  'banned.test': { A: [FAR.us.v4] },
}

describe.skipIf(missing(...FORCED_NETWORK)).each(['redirect', 'tproxy'] as const)(
  'by %s',
  (way) => {
    let net: ForcedNetwork
    beforeAll(async () => {
      net = await openForcedNetwork({ way, config: CONFIG })
      await net.change(NAMES)
    })
    afterAll(() => net?.[Symbol.asyncDispose]())

    async function curl(...args: string[]) {
      const { out, err, code } = await net.onHost('curl', [
        ...['-sS', '--max-time', '20', '-w', '\n%{http_code}'],
        ...args,
      ])
      const cut = out.lastIndexOf('\n')
      return { status: Number(out.slice(cut + 1)), body: out.slice(0, cut) || err, code }
    }
    const last = async (): Promise<Flow> => await net.proxy.settled(net.proxy.flows().length)

    describe.each([4, 6] as const)('IPv%i', (version) => {
      const family = version === 4 ? 'v4' : 'v6'

      test.each(['http', 'https'] as const)(
        '%s to a place inside passes, and is recorded',
        async (scheme) => {
          const before = net.proxy.flows().length
          const answer = await curl(`-${version}`, `${scheme}://api.de.test/in?q`)
          expect(answer).toMatchObject({ status: 200, code: 0 })
          expect(JSON.parse(answer.body)).toEqual({ to: FAR.de[family] })
          expect(await net.proxy.settled(before + 1)).toMatchObject({
            mode: way,
            agent: 'builder',
            client_ip: version === 4 ? '10.77.0.2' : 'fd77::2',
            scheme,
            method: 'GET',
            host: 'api.de.test',
            path: '/in',
            dialed_ip: FAR.de[family],
            regions: '["DE"]',
            placement: 'inside',
            outcome: 'forwarded',
            inspection: 'headers',
          })
          expect(net.reached.at(-1)).toMatchObject({
            service: scheme,
            host: 'api.de.test',
            from: version === 4 ? '10.78.0.1' : 'fd78::1',
          })
        },
      )

      test.each(['http', 'https'] as const)(
        '%s to a place outside is refused, readably',
        async (scheme) => {
          const seen = net.reached.length
          const answer = await curl(`-${version}`, `${scheme}://api.us.test/out`)
          expect(answer.status).toBe(403)
          expect(JSON.parse(answer.body)).toMatchObject({
            code: 'placement-outside',
            regions: ['US'],
          })
          expect(await last()).toMatchObject({
            mode: way,
            host: 'api.us.test',
            outcome: 'blocked',
            dialed_ip: null,
          })
          expect(net.reached).toHaveLength(seen)
        },
      )

      test('TLS to an address is judged by it, and looked into', async () => {
        const host = version === 4 ? FAR.de.v4 : `[${FAR.de.v6}]`
        expect(await curl(`https://${host}/bare`)).toMatchObject({ status: 200 })
        expect(await last()).toMatchObject({
          host: FAR.de[family],
          path: '/bare',
          inspection: 'headers',
        })
        const abroad = version === 4 ? FAR.us.v4 : `[${FAR.us.v6}]`
        expect(JSON.parse((await curl(`https://${abroad}/`)).body)).toMatchObject({
          code: 'placement-outside',
        })
      })

      test.each([3128, 3129])('its own port %i is a loop', async (port) => {
        const gateway = version === 4 ? GATEWAY.v4 : `[${GATEWAY.v6}]`
        for (const url of [`http://${gateway}:${port}/`, `https://${gateway}:${port}/`]) {
          const answer = await curl(url)
          expect(JSON.parse(answer.body)).toMatchObject({ code: 'proxy-loop' })
        }
        await net.talk(`${gateway}:${port}`, [Buffer.alloc(64, 0xff)])
        const flow = await eventually('the opaque one', () =>
          net.proxy.flows().findLast(({ protocol }) => protocol === 'unknown'),
        )
        expect(flow).toMatchObject({ error: 'proxy-loop', port, outcome: 'blocked' })
      })
    })

    describe('programs', () => {
      test('Node', async () => {
        const script = `Promise.all(['de', 'us'].map((c) => fetch('https://api.' + c + '.test/node')))
        .then((all) => console.log(JSON.stringify(all.map((a) => a.status))))`
        const { out, err } = await net.onHost(process.execPath, ['-e', script])
        expect({ out, err }).toMatchObject({ out: '[200,403]\n' })
      })

      test('Python', async () => {
        const script = `import requests
print([requests.get(f'https://api.{c}.test/python').status_code for c in ('fr', 'us')])`
        const { out, err } = await net.onHost('python3', ['-c', script])
        expect({ out, err }).toMatchObject({ out: '[200, 403]\n' })
      })

      test('git', async () => {
        const { err } = await net.onHost('git', ['ls-remote', 'https://api.us.test/a.git'])
        expect(err).toContain('403')
        await net.onHost('git', ['ls-remote', 'https://api.fr.test/a.git'])
        expect(net.reached.filter(({ to }) => to === FAR.fr.v4).map(({ what }) => what)).toContain(
          'GET /a.git/info/refs?service=git-upload-pack',
        )
      })

      test('HTTP/2, inside TLS and by prior knowledge', async () => {
        const { out } = await net.onHost('curl', [
          ...['-sS', '--http2', '-o', '/dev/null', '-w', '%{http_version} %{http_code}'],
          'https://api.us.test/',
        ])
        expect(out).toBe('2 403')
        const inClear = await curl('--http2-prior-knowledge', 'http://api.de.test:8082/h2c')
        expect(inClear).toMatchObject({ status: 200 })
        expect(net.reached.at(-1)).toMatchObject({
          service: 'h2c',
          what: 'GET /h2c',
          to: FAR.de.v4,
        })
      })

      test('bodies go out without what a rule takes out of them', async () => {
        const body = 'card=4111 1111 1111 1111'
        expect(await curl('-d', body, 'https://api.de.test/pay')).toMatchObject({ status: 200 })
        const { what } = net.reached.at(-1) ?? { what: '' }
        expect(what).toMatch(/^POST \/pay card=/)
        expect(what).not.toContain('4111 1111')
      })

      test('many requests on one connection', async () => {
        const urls = ['/1', '/2', '/3'].map((path) => `https://api.de.test${path}`)
        const before = net.proxy.flows().length
        await curl(...urls)
        await net.proxy.settled(before + 3)
        expect(
          net.proxy
            .flows()
            .slice(before)
            .map(({ path }) => path),
        ).toEqual(['/1', '/2', '/3'])
      })
    })

    describe('names that lead elsewhere', () => {
      const as = (name: string, address: string, port = 443) => [
        '--connect-to',
        `${name}:${port}:${address}:${port}`,
        `http${port === 443 ? 's' : ''}://${name}:${port}/forged`,
      ]

      test.each([443, 80])(
        'the address counts, and nothing else is dialled (port %i)',
        async (port) => {
          const answer = await curl(...as('api.de.test', FAR.us.v4, port))
          expect(JSON.parse(answer.body)).toMatchObject({
            code: 'placement-outside',
            host: FAR.us.v4,
          })
          const inside = await curl(...as('api.us.test', FAR.de.v4, port))
          expect(inside).toMatchObject({ status: 200 })
          const { evidence, ...flow } = await last()
          expect(flow).toMatchObject({ host: FAR.de.v4, dialed_ip: FAR.de.v4, placement: 'inside' })
          expect(evidence).toContain('it is named api.us.test')
          expect(net.reached.at(-1)).toMatchObject({ host: 'api.us.test', to: FAR.de.v4 })
        },
      )

      test('a rule that allows a name is for where it leads', async () => {
        expect(await curl('http://allowed.us.test/')).toMatchObject({ status: 200 })
        const forged = await curl(...as('allowed.us.test', FAR.nowhere.v4, 80))
        expect(forged.status).toBe(503)
        expect(JSON.parse(forged.body)).toMatchObject({
          code: 'hold-pending',
          host: FAR.nowhere.v4,
        })
      })

      test('a rule that blocks a name holds wherever it is said', async () => {
        const forged = await curl(...as('banned.test', FAR.de.v4, 80))
        expect(JSON.parse(forged.body)).toMatchObject({ code: 'rule-never-by-name' })
      })

      test('the origin has to show the name, whatever its address', async () => {
        const answer = await curl('-k', ...as('stranger.test', FAR.de.v4))
        expect(answer.status).toBe(502)
        expect(JSON.parse(answer.body)).toMatchObject({ code: 'tls-name-mismatch' })
      })

      test('nobody keeps us from looking inside by a name', async () => {
        const root = ['--cacert', `${net.dir}/root.pem`]
        expect(await curl(...root, 'https://pinned.test/real')).toMatchObject({ status: 200 })
        expect(await last()).toMatchObject({
          host: 'pinned.test',
          inspection: 'sni',
          scheme: 'tcp',
        })
        const forged = await curl(...root, ...as('pinned.test', FAR.fr.v4))
        // It is shown a certificate of ours, which it does not trust.
        expect(forged.code).toBe(60)
        expect(await curl(...as('pinned.test', FAR.fr.v4))).toMatchObject({ status: 200 })
        expect(await last()).toMatchObject({
          host: FAR.fr.v4,
          inspection: 'headers',
          path: '/forged',
        })
      })

      test('an address that the name had a while ago is still its own', async () => {
        await net.change({ 'moved.test': { A: [FAR.de.v4], ttl: 1 } })
        expect(await curl('https://moved.test/1')).toMatchObject({ status: 200 })
        await net.change({ 'moved.test': { A: [FAR.fr.v4], ttl: 1 } })
        await eventually('the new address to be known', async () => {
          await curl(...as('moved.test', FAR.fr.v4))
          return (await last()).host === 'moved.test'
        })
        await curl(...as('moved.test', FAR.de.v4))
        expect(await last()).toMatchObject({ host: 'moved.test', dialed_ip: FAR.de.v4 })
      })
    })

    describe('what does not fit', () => {
      const request = (host: string, path = '/') =>
        Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)

      test('Host with another port', async () => {
        const { heard } = await net.talk(`${FAR.de.v4}:80`, [request('api.de.test:81')], {
          until: '}',
        })
        expect(heard).toMatch(/^HTTP\/1\.1 421 /)
      })

      test('Host inside TLS that is not the server name', async () => {
        const answer = await curl('-H', 'Host: api.us.test', 'https://api.de.test/')
        expect(answer.status).toBe(421)
      })

      test('plain HTTP on port 443 is read as what it is', async () => {
        await net.talk(`${FAR.us.v4}:443`, [request('api.us.test:443', '/clear')], { until: '}' })
        expect(await last()).toMatchObject({
          scheme: 'http',
          port: 443,
          path: '/clear',
          error: 'placement-outside',
        })
      })

      test.each([
        [
          'CONNECT, as to another proxy',
          'CONNECT api.de.test:443 HTTP/1.1\r\nHost: api.de.test:443\r\n\r\n',
          400,
        ],
        [
          'an absolute target',
          'GET http://api.de.test/ HTTP/1.1\r\nHost: api.de.test\r\n\r\n',
          403,
        ],
      ])('%s is refused', async (_, bytes, status) => {
        const seen = net.reached.length
        const { heard } = await net.talk(`${FAR.de.v4}:8080`, [Buffer.from(bytes)], { until: '}' })
        expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
        expect(net.reached).toHaveLength(seen)
      })

      test('TLS that comes a byte at a time', async () => {
        const script = `
        const { Duplex } = require('stream')
        const socket = require('net').connect({ port: 443, host: 'api.de.test', noDelay: true })
        const slow = new Duplex({
          read() {},
          async write(chunk, _, done) {
            for (const byte of chunk) {
              socket.write(Buffer.of(byte))
              await new Promise(setImmediate)
            }
            done()
          },
        })
        socket.on('data', (piece) => slow.push(piece))
        const tls = require('tls').connect({ socket: slow, servername: 'api.de.test' }, () =>
          tls.write('GET /split HTTP/1.1\\r\\nHost: api.de.test\\r\\n\\r\\n'))
        tls.on('data', (piece) => { console.log(String(piece)); process.exit() })`
        const { out, err } = await net.onHost(process.execPath, ['-e', script])
        expect({ out, err }).toMatchObject({ out: expect.stringMatching(/^HTTP\/1\.1 200 /) })
      })

      test('a ClientHello with ECH, in two packets: the outer name counts', async () => {
        const before = net.proxy.flows().length
        const hello = withExtension(await clientHello('api.us.test'), 0xfe0d, Buffer.alloc(32, 1))
        const cut = hello.indexOf('api.us') + 3
        const pieces = [hello.subarray(0, cut), hello.subarray(cut)]
        const { heard } = await net.talk(`${FAR.us.v4}:443`, pieces, { until: '\x16\x03\x03' })
        // A ServerHello, of ours: whom it is for was read over both, and nothing has gone there.
        expect(heard.charCodeAt(5)).toBe(2)
        expect(await net.proxy.settled(before + 1)).toMatchObject({
          host: 'api.us.test',
          port: 443,
          dialed_ip: null,
        })
      })

      test('anything that begins like something ends in time, in any pieces, and nothing of it goes abroad', async () => {
        const mutated = fc.sample(
          fc.tuple(
            fc.constantFrom(...BEGINNINGS, await clientHello('api.us.test')),
            fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
            fc.array(fc.nat(), { maxLength: 3 }),
            fc.constantFrom(22, 80, 443, 993, 5432, 7000),
          ),
          { numRuns: 120, seed: 11 },
        )
        const all = mutated.map(([beginning, changes, cuts, port]) => {
          const bytes = Buffer.from(beginning)
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b)]
          const pieces = at.map((from, i) => bytes.subarray(from, at[i + 1]).toString('hex'))
          return { port, pieces }
        })
        const before = net.reached.length
        const script = `
        const net = require('net')
        const all = ${JSON.stringify(all)}
        const serve = async ({ port, pieces }) => {
          const socket = net.connect({ port, host: '${FAR.us.v4}', noDelay: true })
          socket.on('error', () => {}).resume()
          const closed = new Promise((resolve) => socket.on('close', resolve))
          for (const piece of pieces) {
            socket.write(Buffer.from(piece, 'hex'))
            await new Promise((resolve) => setTimeout(resolve, 5))
          }
          socket.end()
          await closed
        }
        Promise.all(all.map(serve)).then(() => console.log('all ended'))`
        const { out } = await net.onHost(process.execPath, ['-e', script])
        expect(out).toBe('all ended\n')
        expect(net.reached.slice(before)).toEqual([])
        expect(await curl('https://api.de.test/after')).toMatchObject({ status: 200 })
        expect(net.proxy.said()).not.toContain('error')
      })

      test('connections that are reset, half-open, or say nothing cost nobody else anything', async () => {
        const script = `
        const net = require('net')
        setTimeout(process.exit, 2_000)
        for (let i = 0; i < 300; i++) {
          const port = [443, 80, 7000][i % 3]
          const socket = net.connect(port, '${FAR.de.v4}', () => {
            if (i % 4 === 1) socket.write(Buffer.of(0x16, 3, 1))
            if (i % 4 === 2) socket.end()
            if (i % 4 === 3) setTimeout(() => socket.resetAndDestroy(), 20)
            else socket.resetAndDestroy()
          })
          socket.on('error', () => {})
        }`
        await net.onHost(process.execPath, ['-e', script])
        expect(await curl('https://api.de.test/after')).toMatchObject({ status: 200 })
        await eventually('all to be gone', async () => {
          const { out } = await net.onGateway('curl', ['-s', 'http://127.0.0.1:3130/metrics'])
          return /^cordon_client_connections 0$/m.test(out)
        })
        expect(net.proxy.said()).not.toContain('error')
      })
    })
  },
)

/** As Node writes it. */
async function clientHello(servername: string): Promise<Buffer> {
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      this.emit('hello', chunk)
      done()
    },
  })
  const written = once(wire, 'hello') as Promise<[Buffer]>
  const socket = tls.connect({ socket: wire, servername })
  socket.on('error', () => {})
  const [hello] = await written
  socket.destroy()
  return hello
}

/** One extension more at the end, with the three lengths around it made right. */
function withExtension(hello: Buffer, type: number, data: Buffer): Buffer {
  const extension = Buffer.alloc(4 + data.length)
  extension.writeUInt16BE(type)
  extension.writeUInt16BE(data.length, 2)
  data.copy(extension, 4)
  const longer = Buffer.concat([hello, extension])
  let at = 5 + 4 + 2 + 32
  at += 1 + longer.readUInt8(at)
  at += 2 + longer.readUInt16BE(at)
  at += 1 + longer.readUInt8(at)
  longer.writeUInt16BE(longer.readUInt16BE(at) + extension.length, at)
  longer.writeUIntBE(longer.readUIntBE(6, 3) + extension.length, 6, 3)
  longer.writeUInt16BE(longer.readUInt16BE(3) + extension.length, 3)
  return longer
}

test.skipIf(missing(...FORCED_NETWORK))(
  'several processes: what a name has led to at one is its own at all',
  async () => {
    await using net = await openForcedNetwork({ way: 'redirect', config: CONFIG, workers: 2 })
    const call = (to: string, path: string) =>
      net.onHost('curl', ['-sk', '--resolve', `moved.test:443:${to}`, `https://moved.test/${path}`])
    const rows = () => net.proxy.flows().filter(({ path }) => path !== null)
    await net.change({ 'moved.test': { A: [FAR.de.v4], ttl: 1 } })
    await call(FAR.de.v4, 'old')
    expect(await net.proxy.settled(1)).toMatchObject({ host: 'moved.test' })
    await net.change({ 'moved.test': { A: [FAR.fr.v4], ttl: 1 } })
    await eventually('the new address to be known', async () => {
      const before = rows().length
      await call(FAR.fr.v4, 'new')
      return (await eventually('its row', () => rows()[before])).host === 'moved.test'
    })
    for (let i = 0; i < 8; i++) await call(FAR.de.v4, `still-${i}`)
    const still = await eventually('all rows', () => {
      const found = rows().filter(({ path }) => `${path}`.startsWith('/still'))
      return found.length === 8 ? found : null
    })
    expect(still.map(({ host }) => host)).toEqual(Array(8).fill('moved.test'))
  },
)
