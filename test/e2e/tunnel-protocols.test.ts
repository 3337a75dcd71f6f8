/** Other protocols than HTTP inside tunnels, however they were asked for: known ones are judged and relayed, and nothing else is. */

import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, openTunnel } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

const SSH = 'SSH-2.0-client\r\n'
const REDIS = '*1\r\n$4\r\nPING\r\n'
/** Where a server of mail speaks first. */
const MAIL = 2525

let lab: Lab
let servers: net.Server[]
let sshPort: number
let got: string
const echo = (greeting: string) => (socket: Socket) => {
  socket.on('error', () => {})
  socket.write(greeting)
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
  const last = () => lab.proxy.settled(lab.proxy.flows().length)

  test('SSH passes by name, and is recorded with its bytes', async () => {
    got = ''
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

  test.each([
    ['abroad', 'api.us.test', SSH, 'placement-outside'],
    ['by a rule', 'api.de.test', REDIS, 'rule-no-redis'],
    ['as nothing that is known', 'api.de.test', '\xff\xff\xff\xff\x00', 'request-not-http'],
    ['as HTTP that is none', 'api.de.test', 'GET\t/\tHTTP/1.1\r\n\r\n', 'request-malformed'],
  ])('%s it is refused, and nothing goes out', async (_, host, bytes, error) => {
    got = ''
    const socket = await open(host, sshPort)
    await converse(socket, bytes)
    expect(await last()).toMatchObject({ error, outcome: 'blocked', dialed_ip: null })
    expect(got).toBe('')
  })

  test('a client that waits for a mail server hears its greeting, and nothing else', async () => {
    got = ''
    const socket = await open('api.de.test', MAIL)
    expect(await converse(socket, '', { until: /\n/ })).toBe('220 mail.test\r\n')
    socket.destroy()
    expect(await last()).toMatchObject({ protocol: 'smtp', outcome: 'forwarded', bytes_out: 0 })
    const other = await open('api.fr.test', MAIL)
    expect(await converse(other, '')).toBe('')
    expect(await last()).toMatchObject({ protocol: 'smtp', error: 'protocol-unexpected' })
  })
})
