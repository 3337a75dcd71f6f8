/** Other protocols than HTTP inside tunnels, however they were asked for: known ones are judged and relayed, and nothing else is. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, openTunnel } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

const SSH = 'SSH-2.0-client\r\n'
const MQTT = Buffer.from('100f00044d5154540402003c0003616263', 'hex')
const REDIS = '*1\r\n$4\r\nPING\r\n'
/** Where a server of mail speaks first. */
const MAIL = 2525

let lab: Lab
let servers: net.Server[]
let sshPort: number
let securePort: number
let echoPort: number
let agreeingPort: number
let got: string
let agreed: string | false | null

interface How {
  readonly port?: number
  readonly servername?: string
  readonly offer?: readonly string[]
}
const echo = (greeting: string) => (socket: Socket) => {
  socket.on('error', () => {})
  if (greeting !== '') socket.write(greeting)
  socket.on('data', (piece) => {
    got += piece
    socket.write(piece)
  })
}
beforeAll(async () => {
  lab = await openLab({
    config: `
timeouts: { head: 2s }
rules:
  - id: no-redis
    because: the test
    when: { protocol: redis }
    then: block
`,
  })
  servers = [
    net.createServer(echo('SSH-2.0-test\r\n')).listen(0, '0.0.0.0'),
    net.createServer(echo('220 mail.test\r\n')).listen(MAIL, '127.0.0.10'),
    net.createServer(echo('SSH-2.0-test\r\n')).listen(MAIL, '127.0.0.11'),
  ]
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const [ssh] = servers
  const { keyPem: key, pem: cert } = lab.certificate('api.de.test', 'api.us.test')
  const secure = tls.createServer({ key, cert }, echo('')).listen(0, '0.0.0.0')
  await once(secure, 'listening')
  servers.push(secure)
  const agreeing = tls.createServer({ key, cert, ALPNProtocols: ['mqtt'] }, echo(''))
  await once(agreeing.listen(0, '0.0.0.0'), 'listening')
  servers.push(agreeing)
  agreeingPort = (agreeing.address() as net.AddressInfo).port
  securePort = (secure.address() as net.AddressInfo).port
  const plain = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.pipe(socket).on('error', () => {})
  })
  await once(plain.listen(0, '0.0.0.0'), 'listening')
  servers.push(plain)
  echoPort = (plain.address() as net.AddressInfo).port
  sshPort = (ssh?.address() as net.AddressInfo | undefined)?.port ?? 0
})
afterAll(async () => {
  for (const server of servers) server.close()
  await lab[Symbol.asyncDispose]()
})

async function openSocks(host: string, port: number): Promise<Socket> {
  const socket = net.connect(lab.proxy.port, '127.0.0.1')
  const name = Buffer.from(host)
  await once(socket, 'connect')
  socket.write(Buffer.from([5, 1, 0]))
  await once(socket, 'data')
  const request = [5, 1, 0, 3, name.length, ...name, port >> 8, port & 0xff]
  socket.write(Buffer.from(request))
  const [reply] = (await once(socket, 'data')) as [Buffer]
  expect(reply[1]).toBe(0)
  return socket
}

describe.each([
  ['connect', (host: string, port: number) => openTunnel(lab.proxy, `${host}:${port}`)],
  ['socks5', openSocks],
] as const)('%s', (mode, open) => {
  let before = 0
  const last = () => lab.proxy.settled(before + 1)
  const note = () => {
    got = ''
    before = lab.proxy.flows().length
  }

  test('SSH passes by name, and is recorded with its bytes', async () => {
    note()
    const socket = await open('api.de.test', sshPort)
    expect(await converse(socket, SSH, { until: /client/ })).toBe(`SSH-2.0-test\r\n${SSH}`)
    socket.destroy()
    expect(await last()).toMatchObject({
      mode,
      scheme: 'tcp',
      protocol: 'ssh',
      host: 'api.de.test',
      dialed_ip: '127.0.0.10',
      inspection: 'none',
      outcome: 'forwarded',
      bytes_out: SSH.length,
      bytes_in: SSH.length + 'SSH-2.0-test\r\n'.length,
    })
  })

  test('a client that says all at once, and goodbye, is answered', async () => {
    note()
    const socket = await open('api.de.test', echoPort)
    const bytes = MQTT.toString('latin1')
    expect(await converse(socket, MQTT, { end: true })).toBe(bytes)
    expect(await last()).toMatchObject({ protocol: 'mqtt', outcome: 'forwarded', bytes_in: 17 })
  })

  test.each([
    ['abroad', 'api.us.test', SSH, 'placement-outside'],
    ['by a rule', 'api.de.test', REDIS, 'rule-no-redis'],
    ['as nothing that is known', 'api.de.test', '\xff\xff\xff\xff\x00', 'request-not-http'],
    ['as HTTP that is none', 'api.de.test', 'GET\t/\tHTTP/1.1\r\n\r\n', 'request-malformed'],
  ])('%s it is refused, and nothing goes out', async (_, host, bytes, error) => {
    note()
    const socket = await open(host, sshPort)
    await converse(socket, bytes)
    expect(await last()).toMatchObject({ error, outcome: 'blocked', dialed_ip: null })
    expect(got).toBe('')
  })

  describe('inside TLS', () => {
    const call = async (host: string, bytes: Buffer, how: How = {}) => {
      note()
      const { port = securePort, servername = host, offer } = how
      const socket = await open(host, port)
      const ca = readFileSync(lab.proxy.ca)
      const alpn = offer ? { ALPNProtocols: [...offer] } : {}
      const secured = tls.connect({ socket, servername, ca, ...alpn }).on('error', () => {})
      await new Promise((resolve) => secured.on('secureConnect', resolve).on('close', resolve))
      agreed = secured.alpnProtocol
      if (secured.destroyed) return ''
      const heard = await converse(secured, bytes, { until: /MQTT/ })
      secured.destroy()
      return heard
    }

    test('goes on inside TLS, to a server that has proved its name', async () => {
      expect(await call('api.de.test', MQTT)).toBe(MQTT.toString('latin1'))
      expect(await last()).toMatchObject({
        mode,
        scheme: 'tcp',
        protocol: 'mqtt',
        host: 'api.de.test',
        outcome: 'forwarded',
        bytes_out: MQTT.length,
        bytes_in: MQTT.length,
      })
    })

    test('under a name of its own by ALPN, which the server has to agree to', async () => {
      const how = { port: agreeingPort, offer: ['mqtt', 'another'] }
      expect(await call('api.de.test', MQTT, how)).toBe(MQTT.toString('latin1'))
      expect(agreed).toBe('mqtt')
      expect(await last()).toMatchObject({ protocol: 'mqtt', outcome: 'forwarded' })
    })

    test.each([
      ['the server agrees to nothing', 'api.de.test', MQTT, { offer: ['mqtt'] }, 'tls-no-protocol'],
      [
        'to another',
        'api.de.test',
        MQTT,
        { port: () => agreeingPort, offer: ['redis'] },
        'tls-no-protocol',
      ],
      ['abroad', 'api.us.test', MQTT, { offer: ['mqtt'] }, 'placement-outside'],
      ['by a rule', 'api.de.test', Buffer.from(REDIS), { offer: ['redis'] }, 'rule-no-redis'],
      [
        'the names disagree',
        'api.de.test',
        MQTT,
        { servername: 'api.us.test', offer: ['mqtt'] },
        'names-disagree',
      ],
      [
        'the names disagree, without ALPN',
        'api.de.test',
        MQTT,
        { servername: 'api.us.test' },
        'names-disagree',
      ],
    ] as const)('under such a name it is refused: %s', async (_, host, bytes, how, error) => {
      const port = 'port' in how ? how.port() : securePort
      expect(await call(host, bytes, { ...how, port })).toBe('')
      expect(await last()).toMatchObject({ error })
      expect(got).toBe('')
    })

    test.each([
      ['abroad', 'api.us.test', MQTT, 'placement-outside'],
      ['by a rule', 'api.de.test', Buffer.from(REDIS), 'rule-no-redis'],
      ['where the server cannot prove it', 'stranger.test', MQTT, 'tls-name-mismatch'],
    ])('%s it is refused, and nothing goes out', async (_, host, bytes, error) => {
      lab.dns.records['stranger.test'] = { A: ['127.0.0.10'] }
      expect(await call(host, bytes)).toBe('')
      expect(await last()).toMatchObject({ error })
      expect(got).toBe('')
    })
  })

  test('a client that waits for a mail server hears its greeting, and nothing else', async () => {
    note()
    const socket = await open('api.de.test', MAIL)
    expect(await converse(socket, '', { until: /\n/ })).toBe('220 mail.test\r\n')
    socket.destroy()
    expect(await last()).toMatchObject({ protocol: 'smtp', outcome: 'forwarded', bytes_out: 0 })
    note()
    const other = await open('api.fr.test', MAIL)
    expect(await converse(other, '')).toBe('')
    expect(await last()).toMatchObject({ protocol: 'smtp', error: 'protocol-unexpected' })
  })
})
