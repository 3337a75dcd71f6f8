import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type tls from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, createPair, parsePair } from '../../src/tls/authority-pair.ts'
import { type Contexts, createContexts } from '../../src/tls/contexts.ts'
import { missing, program } from '../support/needs.ts'
import { DAY, greet, host, issue, listen, run, shakeHands, temporaryFolder } from './support.ts'

const paths = { certificate: 'ca.pem', key: 'ca.key' }
const HOUR = DAY / 24

let authority: CertificateAuthority
beforeAll(() => {
  authority = parsePair(createPair(Date.now()), paths, Date.now())
})

/** Contexts with a clock that is moved by hand. */
function createWithClock(capacity = 4096) {
  let now = Date.now()
  const contexts = createContexts({ authority, clock: { now: () => now }, capacity })
  return { contexts, pass: (ms: number) => (now += ms) }
}

describe('contexts', () => {
  test('are made once for each host, however often they are asked for', () => {
    const { contexts } = createWithClock()
    const one = contexts.get(host('one.example'))
    const all = Array.from({ length: 100 }, () => contexts.get(host('ONE.example.')))
    expect(all.every((context) => context === one)).toBe(true)
    expect(contexts.get(host('two.example'))).not.toBe(one)
    expect([contexts.minted, contexts.size]).toEqual([2, 2])
  })

  test('are one for a host however it is written, and two for a name and an address', () => {
    const { contexts } = createWithClock()
    for (const text of ['127.0.0.1', '0x7f.1', '2130706433']) contexts.get(host(text))
    expect(contexts.minted).toBe(1)
    contexts.get(host('[::1]'))
    contexts.get(host('localhost'))
    expect(contexts.minted).toBe(3)
  })

  test('make room for each other: the least recently used goes', () => {
    const { contexts } = createWithClock(2)
    const [a, b, c] = ['a', 'b', 'c'].map((name) => host(`${name}.example`))
    if (!a || !b || !c) throw new Error('three hosts')
    const kept = contexts.get(a)
    contexts.get(b)
    contexts.get(a)
    contexts.get(c)
    expect([contexts.size, contexts.minted]).toEqual([2, 3])
    expect(contexts.get(a)).toBe(kept)
    contexts.get(b)
    expect([contexts.size, contexts.minted]).toEqual([2, 4])
  })

  test('never grow over their bound', () => {
    const { contexts } = createWithClock(10)
    for (let i = 0; i < 50; i++) {
      contexts.get(host(`h${i}.example`))
      expect(contexts.size).toBeLessThanOrEqual(10)
    }
    expect(contexts.minted).toBe(50)
  })

  test.each([
    ['just under a day later is kept', 24 * HOUR - 1, 1],
    ['a day later is replaced', 24 * HOUR, 2],
    ['after the clock was set back by less than a day is kept', -23 * HOUR, 1],
    ['after the clock was set back by a day is replaced', -24 * HOUR, 2],
  ])('what was made %s', (_, ms, minted) => {
    const { contexts, pass } = createWithClock()
    // So that setting the clock back does not lead to before the CA.
    pass(2 * DAY)
    contexts.get(host('a.example'))
    pass(ms)
    contexts.get(host('a.example'))
    expect([contexts.minted, contexts.size]).toEqual([minted, 1])
  })

  test('end with the CA', () => {
    let now = Date.now()
    const ca = issue({ ca: true, notAfter: now + HOUR })
    const ending = parsePair({ certificate: ca.pem, key: ca.keyPem }, paths, now)
    const contexts = createContexts({ authority: ending, clock: { now: () => now } })
    contexts.get(host('a.example'))
    now += HOUR
    expect(() => contexts.get(host('a.example'))).toThrow('is not valid at this time')
    expect(contexts.size).toBe(0)
  })
})

describe('handshakes', () => {
  /** Serves one host the way the proxy does: the context is asked for at each connection. */
  const serve = (contexts: Contexts, name: string) =>
    listen((socket) => greet(socket, contexts.get(host(name))))
  const trusting = (servername: string, more: tls.ConnectionOptions = {}) => ({
    ca: authority.anchor.toString(),
    servername,
    ...more,
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('are resumed with a ticket: %s', async (version) => {
    const { contexts } = createWithClock()
    await using server = await serve(contexts, 'a.example')
    const options = trusting('a.example', { minVersion: version, maxVersion: version })
    const first = await shakeHands(server.port, options)
    expect([first.reused, first.protocol]).toEqual([false, version])
    const again = await shakeHands(server.port, { ...options, session: first.session })
    expect([again.reused, again.protocol]).toEqual([true, version])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'are resumed with a ticket from a context that is gone: %s',
    async (version) => {
      const { contexts } = createWithClock(1)
      await using server = await serve(contexts, 'a.example')
      const options = trusting('a.example', { minVersion: version, maxVersion: version })
      const { session } = await shakeHands(server.port, options)
      contexts.get(host('b.example'))
      expect((await shakeHands(server.port, { ...options, session })).reused).toBe(true)
      expect(contexts.minted).toBe(3)
    },
  )

  test('are not resumed with a ticket of another process', async () => {
    await using server = await serve(createWithClock().contexts, 'a.example')
    await using other = await serve(createWithClock().contexts, 'a.example')
    const { session } = await shakeHands(server.port, trusting('a.example'))
    const second = await shakeHands(other.port, trusting('a.example', { session }))
    expect(second.reused).toBe(false)
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)('are refused below TLS 1.2: %s', async (version) => {
    await using server = await serve(createWithClock().contexts, 'a.example')
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    await expect(shakeHands(server.port, trusting('a.example', old))).rejects.toMatchObject({
      code: expect.stringContaining('PROTOCOL_VERSION'),
    })
  })

  test('send the intermediates of the operator, but not the root', async () => {
    const root = issue({ ca: true, name: 'root' })
    const middle = issue({ ca: true, name: 'middle', issuer: root })
    const signing = issue({ ca: true, name: 'signing', issuer: middle })
    const text = { certificate: signing.pem + middle.pem + root.pem, key: signing.keyPem }
    const own = parsePair(text, paths, Date.now())
    const contexts = createContexts({ authority: own, clock: Date })
    await using server = await serve(contexts, 'a.example')
    await expect(
      shakeHands(server.port, { ca: root.pem, servername: 'a.example' }),
    ).resolves.toMatchObject({ certificate: { subjectaltname: 'DNS:a.example' } })
    expect(own.chain.map(({ subject }) => subject)).toEqual(['CN=signing', 'CN=middle'])
  })

  test.skipIf(missing(program('openssl', 'version')))(
    'are verified by `openssl s_client` (skipped where it is not installed)',
    async () => {
      const { contexts } = createWithClock()
      await using folder = await temporaryFolder()
      const ca = join(folder.path, 'ca.pem')
      await writeFile(ca, authority.anchor.toString())
      await using server = await serve(contexts, 'a_b.example')
      const { status, output } = await run(
        'openssl',
        's_client',
        ...['-connect', `127.0.0.1:${server.port}`, '-servername', 'a_b.example'],
        ...['-verify_hostname', 'a_b.example', '-CAfile', ca, '-x509_strict'],
        ...['-verify_return_error', '-showcerts'],
      )
      expect(status).toBe(0)
      expect(output).toContain('Verify return code: 0 (ok)')
      expect(output).toContain('Verified peername: a_b.example')
      expect(output.match(/BEGIN CERTIFICATE/g)).toHaveLength(1)
    },
  )
})
