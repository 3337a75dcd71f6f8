/** What is neither HTTP nor TLS: recognised, judged by address and rules, held, recorded with its bytes, and relayed as it is. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CORDON,
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { missing } from '../support/needs.ts'
import type { Flow } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

const CONFIG = `
timeouts: { head: 2s }
hold: { wait: 20s }
rules:
  - id: no-redis
    because: the test
    when: { protocol: redis, port: 5432 }
    then: block
  - id: no-flush
    because: the test
    when: { command: flushall, port: 9092 }
    then: block
  - id: ssh-anywhere
    because: the test
    when: { protocol: ssh }
    then: allow
  - id: ask-for-kafka
    because: the test
    when: { protocol: kafka, port: 9092 }
    then: hold
  - id: no-cards-in-messages
    because: the test
    when: { port: 5432 }
    redact: { out: payment-card }
  - id: no-cards-from-france
    because: the test
    when: { port: 22, zone: [FR] }
    redact: { in: payment-card }
redaction: { on_unscannable: { in: block } }
`

const text = (words: string) => Buffer.from(words, 'latin1')
const SSH = text('SSH-2.0-client\r\n')
const REDIS = text('*1\r\n$4\r\nPING\r\n')
const KAFKA = Buffer.from('0000001200120003000000010003746573740000', 'hex')
const MQTT = Buffer.from('100f00044d5154540402003c0003616263', 'hex')
/** Begins like nothing that is known. */
const STRANGE = Buffer.from('ffffffff00112233', 'hex')

describe.skipIf(missing(...FORCED_NETWORK))('other protocols', () => {
  let net: ForcedNetwork
  beforeAll(async () => {
    net = await openForcedNetwork({ way: 'redirect', config: CONFIG })
  })
  afterAll(() => net?.[Symbol.asyncDispose]())

  /** Flows to that place that have ended, newest last. */
  async function ended(port: number, count: number, address: string = FAR.de.v4): Promise<Flow> {
    return await eventually(`${count} flows to ${address}:${port}`, () => {
      const all = net.proxy.flows().filter((flow) => flow.port === port && flow.host === address)
      const isDone = all.length >= count && all.every(({ outcome }) => outcome !== 'open')
      return isDone ? all.at(-1) : null
    })
  }
  const reachedAt = (service: string) => net.reached.filter((each) => each.service === service)

  test('nobody knows which: bytes pass both ways, and are counted', async () => {
    const { heard } = await net.talk(`${FAR.de.v4}:7000`, [STRANGE], {
      until: STRANGE.toString('latin1'),
    })
    expect(heard).toBe(STRANGE.toString('latin1'))
    expect(await ended(7000, 1)).toMatchObject({
      mode: 'redirect',
      scheme: 'tcp',
      protocol: 'unknown',
      inspection: 'none',
      method: null,
      path: null,
      placement: 'inside',
      outcome: 'forwarded',
      dialed_ip: FAR.de.v4,
      bytes_out: 8,
      bytes_in: 8,
    })
  })

  test('outside: the connection ends, and nothing arrives', async () => {
    const { heard } = await net.talk(`${FAR.us.v4}:7000`, [STRANGE])
    expect(heard).toBe('')
    expect(await ended(7000, 1, FAR.us.v4)).toMatchObject({
      outcome: 'blocked',
      error: 'placement-outside',
      dialed_ip: null,
    })
    expect(net.reached.filter(({ to }) => to === FAR.us.v4)).toEqual([])
  })

  test('a rule by protocol lets pass what the placement would not', async () => {
    const { heard } = await net.talk(`${FAR.us.v4}:22`, [SSH], { until: 'client' })
    expect(heard).toBe('SSH-2.0-test\r\nSSH-2.0-client\r\n')
    expect(await ended(22, 1, FAR.us.v4)).toMatchObject({
      protocol: 'ssh',
      rule: 'ssh-anywhere',
      outcome: 'forwarded',
    })
  })

  test.each([
    ['whose server greets like something else', 7001, 'protocol-unexpected', 'blocked'],
    ['whose server says nothing', 7000, 'connect-stalled', 'failed'],
  ] as const)('SSH %s: nothing of the client goes out', async (_, port, error, outcome) => {
    const [echo, greeter] = [reachedAt('echo').length, reachedAt('greeter').length]
    const { heard } = await net.talk(`${FAR.fr.v4}:${port}`, [SSH])
    expect(heard).toBe('')
    expect(await ended(port, 1, FAR.fr.v4)).toMatchObject({
      protocol: 'ssh',
      error,
      outcome,
      bytes_out: 0,
    })
    expect(reachedAt('echo')).toHaveLength(echo)
    expect(reachedAt('greeter')).toHaveLength(greeter)
  })

  test('a rule blocks a protocol, also where it may be spoken unseen', async () => {
    expect((await net.talk(`${FAR.fr.v4}:5432`, [REDIS])).heard).toBe('')
    expect(await ended(5432, 1, FAR.fr.v4)).toMatchObject({ protocol: 'redis', rule: 'no-redis' })
  })

  test('what a rule takes out cannot be taken out of what nobody reads', async () => {
    expect((await net.talk(`${FAR.de.v4}:5432`, [MQTT])).heard).toBe('')
    expect(await ended(5432, 1)).toMatchObject({
      protocol: 'mqtt',
      outcome: 'blocked',
      error: 'body-unscannable',
    })
  })

  test('nor out of what comes back', async () => {
    expect((await net.talk(`${FAR.fr.v4}:22`, [SSH])).heard).toBe('')
    expect(await ended(22, 1, FAR.fr.v4)).toMatchObject({
      protocol: 'ssh',
      outcome: 'blocked',
      error: 'answer-unscannable',
      dialed_ip: null,
    })
  })

  test('a call waits for a person, in silence, and goes on when they say yes', async () => {
    const talk = net.talk(`${FAR.de.v4}:9092`, [KAFKA], { until: 'test' })
    const hold = await eventually('a hold', () =>
      net.proxy.query<{ id: number; method: string }>('SELECT id, method FROM holds').at(0),
    )
    expect(hold.method).toBe('CONNECT (kafka)')
    expect(reachedAt('kafka')).toEqual([])
    const [program = '', ...args] = CORDON
    const { code, err } = await net.onGateway(program, [...args, 'approve', String(hold.id)], {
      cwd: net.dir,
      env: { CORDON_TOKEN: net.proxy.adminToken ?? '' },
    })
    expect({ code, err }).toMatchObject({ code: 0 })
    expect((await talk).heard).toBe(KAFKA.toString('latin1'))
    const flow = await eventually('the flow', () =>
      net.proxy.flows().find(({ protocol, outcome }) => protocol === 'kafka' && outcome !== 'open'),
    )
    expect(flow).toMatchObject({ outcome: 'forwarded', approver: 'admin', hold_id: hold.id })
  })

  test('commands of Redis are judged and recorded one by one', async () => {
    const flush = text('*1\r\n$8\r\nFLUSHALL\r\n')
    // What is there says again what it hears: not what is refused.
    const { heard } = await net.talk(`${FAR.fr.v4}:9092`, [REDIS, flush, REDIS], {
      until: 'CORDON:',
    })
    expect(heard).toMatch(/^\*1\r\n\$4\r\nPING\r\n/)
    expect(heard).not.toContain('FLUSHALL\r\n')
    expect(reachedAt('kafka').some(({ what }) => what.includes('FLUSHALL'))).toBe(false)
    const said = await eventually('the statements', () => {
      const rows = net.proxy.query<Flow>('SELECT * FROM statements ORDER BY id')
      return rows.length > 1 && rows.every(({ outcome }) => outcome !== 'open') ? rows : null
    })
    expect(said).toMatchObject([
      { statement: 'PING', host: FAR.fr.v4, port: 9092, outcome: 'forwarded' },
      { statement: 'FLUSHALL', outcome: 'blocked', rule: 'no-flush' },
    ])
  })

  describe('the server speaks first', () => {
    test.each([
      ['SMTP', 25, 'smtp', '220 mail.test ESMTP\r\n'],
      ['IMAP', 143, 'imap', '* OK ready\r\n'],
      ['MySQL', 3306, 'mysql', '8.0.36'],
      ['something else', 7001, 'unknown', 'hello\r\n'],
    ] as const)('%s', async (_, port, protocol, greeting) => {
      // Only then does the client say anything.
      const { heard } = await net.talk(`${FAR.de.v4}:${port}`, [], { until: greeting })
      expect(heard).toContain(greeting)
      expect(await ended(port, 1)).toMatchObject({ protocol, outcome: 'forwarded', bytes_out: 0 })
    })

    test('within TLS, where a port is for that', async () => {
      const talk = (port: number, host: string, word: string) => `
        const socket = require('tls').connect({ host: '${host}', port: ${port}, servername: '${host}' })
        socket.on('data', (piece) => {
          process.stdout.write(piece)
          if (String(piece).startsWith('* OK')) socket.write('${word}\\r\\n')
          else socket.end()
        })
        socket.on('error', () => {})`
      const { out } = await net.onHost(process.execPath, ['-e', talk(993, 'api.de.test', 'a NOOP')])
      expect(out).toBe('* OK ready\r\na NOOP\r\n')
      const flow = (port: number, host: string) =>
        eventually(`a flow to ${host}:${port}`, () =>
          net.proxy
            .flows()
            .find((each) => each.port === port && each.host === host && each.outcome !== 'open'),
        )
      expect(await flow(993, 'api.de.test')).toMatchObject({
        protocol: 'imap',
        inspection: 'none',
        outcome: 'forwarded',
        bytes_out: 'a NOOP\r\n'.length,
      })
      // Another place, and another protocol than the port is for.
      for (const [port, host, error] of [
        [993, 'api.us.test', 'placement-outside'],
        [995, 'api.de.test', 'protocol-unexpected'],
      ] as const) {
        expect((await net.onHost(process.execPath, ['-e', talk(port, host, 'x')])).out).toBe('')
        expect(await flow(port, host)).toMatchObject({ error, outcome: 'blocked' })
      }
    })

    test('a client of HTTP that takes its time there is looked into', async () => {
      const script = `
        const tls = require('tls').connect({ host: 'api.de.test', port: 465, servername: 'api.de.test' })
        tls.on('secureConnect', () => setTimeout(() => tls.write('GET / HTTP/1.1\\r\\nHost: api.de.test:465\\r\\n\\r\\n'), 600))
        tls.on('data', (piece) => { process.stdout.write(piece); tls.destroy() })`
      const { out } = await net.onHost(process.execPath, ['-e', script])
      // Who is there speaks no HTTP.
      expect(out).toMatch(/^HTTP\/1\.1 502 /)
      const flows = net.proxy.flows().filter(({ port }) => port === 465)
      expect(flows).toMatchObject([
        { protocol: 'smtp', outcome: 'cancelled', bytes_out: 0 },
        { method: 'GET', path: '/', error: 'connect-malformed' },
      ])
    })

    test('not what its port is for: the connection ends', async () => {
      expect((await net.talk(`${FAR.de.v4}:2525`, [])).heard).toBe('')
      expect(await ended(2525, 1)).toMatchObject({
        protocol: 'smtp',
        error: 'protocol-unexpected',
        outcome: 'blocked',
        bytes_in: 0,
      })
    })

    test('neither does: it ends after a while', async () => {
      expect((await net.talk(`${FAR.fr.v4}:7000`, [])).heard).toBe('')
      expect(await ended(7000, 2, FAR.fr.v4)).toMatchObject({
        protocol: 'unknown',
        error: 'connect-stalled',
      })
    })

    test('what is refused while the client is silent is only refused: it may still say something else', async () => {
      const script = (host: string) => `
        const socket = require('net').connect(8080, '${FAR.us.v4}')
        setTimeout(() => socket.write('GET / HTTP/1.1\\r\\nHost: ${host}:8080\\r\\n\\r\\n'), 1000)
        socket.on('data', (piece) => { process.stdout.write(piece); socket.destroy() })`
      const { out } = await net.onHost(process.execPath, ['-e', script('api.us.test')])
      expect(out).toMatch(/^HTTP\/1\.1 403 /)
      expect(out).toContain('"host":"api.us.test"')
    })

    test('a client that only took its time is looked into all the same', async () => {
      const before = reachedAt('https').length
      const script = `
        const socket = require('net').connect(8443, '${FAR.de.v4}')
        setTimeout(() => {
          const tls = require('tls').connect({ socket, servername: 'api.de.test' }, () => {
            tls.write('GET /late HTTP/1.1\\r\\nHost: api.de.test:8443\\r\\nConnection: close\\r\\n\\r\\n')
            console.log(tls.getPeerCertificate().issuer.O ?? tls.getPeerCertificate().issuer.CN)
          })
          tls.on('data', () => {})
        }, 1000)`
      const { out, err } = await net.onHost(process.execPath, ['-e', script])
      expect({ out, err }).toMatchObject({ out: expect.stringMatching(/cordon/i) })
      expect(reachedAt('https').slice(before)).toMatchObject([{ what: 'GET /late' }])
      const late = net.proxy.flows().filter(({ port }) => port === 8443)
      expect(late).toMatchObject([
        { host: FAR.de.v4, protocol: 'unknown', outcome: 'cancelled', bytes_out: 0 },
        { host: 'api.de.test', path: '/late', inspection: 'headers' },
      ])
    })
  })
})
