import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type tls from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { type IpAddress, parseIp } from '../../src/model/address.ts'
import { type CertificateAuthority, createPair, parsePair } from '../../src/tls/authority-pair.ts'
import { type Contexts, type ContextsOptions, createContexts } from '../../src/tls/contexts.ts'
import { LeafBuckets } from '../../src/tls/leaf-limits.ts'
import { TicketRing } from '../../src/tls/tickets.ts'
import { missing, program } from '../support/needs.ts'
import { DAY, greet, host, issue, listen, run, shakeHands, temporaryFolder } from './support.ts'

/** For tests that are about something else. */
const AMPLE = { client: { burst: 1e6, perSecond: 1 }, all: { burst: 1e6, perSecond: 1 } }

const paths = { certificate: 'ca.pem', key: 'ca.key' }
const HOUR = DAY / 24

let authority: CertificateAuthority
beforeAll(() => {
  authority = parsePair(createPair(Date.now()), paths, Date.now())
})

/** Contexts with a clock that is moved by hand. */
function createWithClock(capacity = 4096, more: Partial<ContextsOptions> = {}) {
  let now = Date.now()
  const contexts = createContexts({
    authority,
    clock: { now: () => now },
    capacity,
    limits: AMPLE,
    ...more,
  })
  return { contexts, pass: (ms: number) => (now += ms) }
}

const client = (text = '192.0.2.1') => parseIp(text) as IpAddress

/** For a client that stays within its bounds. */
function contextFor(contexts: Contexts, name: string, tls13 = true): tls.SecureContext {
  const context = contexts.get(host(name), { client: client(), tls13 })
  if ('code' in context) throw new Error(context.detail)
  return context
}

describe('contexts', () => {
  test('are another one where TLS 1.3 is not offered', () => {
    const { contexts } = createWithClock()
    const [one, other] = [true, false].map((tls13) => contextFor(contexts, 'a.example', tls13))
    expect(other).not.toBe(one)
    expect(contextFor(contexts, 'a.example', false)).toBe(other)
    expect([contexts.minted, contexts.size]).toEqual([2, 2])
  })

  test('are made once for each host, however often they are asked for', () => {
    const { contexts } = createWithClock()
    const one = contextFor(contexts, 'one.example')
    const all = Array.from({ length: 100 }, () => contextFor(contexts, 'ONE.example.'))
    expect(all.every((context) => context === one)).toBe(true)
    expect(contextFor(contexts, 'two.example')).not.toBe(one)
    expect([contexts.minted, contexts.size]).toEqual([2, 2])
  })

  test('are one for a host however it is written, and two for a name and an address', () => {
    const { contexts } = createWithClock()
    for (const text of ['127.0.0.1', '0x7f.1', '2130706433']) contextFor(contexts, text)
    expect(contexts.minted).toBe(1)
    contextFor(contexts, '[::1]')
    contextFor(contexts, 'localhost')
    expect(contexts.minted).toBe(3)
  })

  test('make room for each other: the least recently used goes', () => {
    const { contexts } = createWithClock(2)
    const get = (name: string) => contextFor(contexts, `${name}.example`)
    const kept = get('a')
    get('b')
    get('a')
    get('c')
    expect([contexts.size, contexts.minted]).toEqual([2, 3])
    expect(get('a')).toBe(kept)
    get('b')
    expect([contexts.size, contexts.minted]).toEqual([2, 4])
  })

  test('never grow over their bound', () => {
    const { contexts } = createWithClock(10)
    for (let i = 0; i < 50; i++) {
      contextFor(contexts, `h${i}.example`)
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
    contextFor(contexts, 'a.example')
    pass(ms)
    contextFor(contexts, 'a.example')
    expect([contexts.minted, contexts.size]).toEqual([minted, 1])
  })

  test('end with the CA', () => {
    let now = Date.now()
    const ca = issue({ ca: true, notAfter: now + HOUR })
    const ending = parsePair({ certificate: ca.pem, key: ca.keyPem }, paths, now)
    const contexts = createContexts({ authority: ending, clock: { now: () => now }, limits: AMPLE })
    contextFor(contexts, 'a.example')
    now += HOUR
    expect(() => contextFor(contexts, 'a.example')).toThrow('is not valid at this time')
    expect(contexts.size).toBe(0)
  })
})

describe('new hosts', () => {
  const limits = { client: { burst: 3, perSecond: 1 }, all: { burst: 5, perSecond: 2 } }
  const LIMITED = expect.objectContaining({ code: 'leaf-rate-limited' })
  const ask = (contexts: Contexts, count: number, prefix: string, address?: string) =>
    Array.from({ length: count }, (_, i) =>
      contexts.get(host(`${prefix}${i}.example`), { client: client(address), tls13: true }),
    ).map((got) => ('code' in got ? got.code : 'made'))

  test('are limited for each client, and known ones are not', () => {
    const { contexts, pass } = createWithClock(10, { limits })
    expect(contexts.refusal(host('a3.example'), client())).toBeNull()
    expect(ask(contexts, 4, 'a')).toEqual(['made', 'made', 'made', 'leaf-rate-limited'])
    expect(contexts.refusal(host('a3.example'), client())).toEqual(LIMITED)
    expect(contexts.refusal(host('a0.example'), client())).toBeNull()
    expect(ask(contexts, 3, 'a')).toEqual(['made', 'made', 'made'])
    expect([contexts.minted, contexts.refused, contexts.size]).toEqual([3, 2, 3])
    pass(1000)
    expect(ask(contexts, 2, 'b')).toEqual(['made', 'leaf-rate-limited'])
  })

  test('are limited for all together', () => {
    const { contexts, pass } = createWithClock(10, { limits })
    ask(contexts, 3, 'a', '192.0.2.1')
    expect(ask(contexts, 3, 'b', '192.0.2.2')).toEqual(['made', 'made', 'leaf-rate-limited'])
    pass(1000)
    expect(ask(contexts, 3, 'c', '192.0.2.3')).toEqual(['made', 'made', 'leaf-rate-limited'])
  })

  test.each([
    ['one /64', '2001:db8::1', '2001:db8::ffff:2', 'leaf-rate-limited'],
    ['two of them', '2001:db8::1', '2001:db8:0:1::1', 'made'],
    ['two IPv4 addresses', '192.0.2.1', '192.0.2.2', 'made'],
  ])('count for the same client from %s', (_, one, other, want) => {
    const { contexts } = createWithClock(10, { limits })
    ask(contexts, 3, 'a', one)
    expect(ask(contexts, 1, 'b', other)).toEqual([want])
  })

  test('become no more when the clock is set back', () => {
    const { contexts, pass } = createWithClock(10, { limits })
    pass(2 * DAY)
    ask(contexts, 3, 'a')
    pass(-HOUR)
    expect(ask(contexts, 1, 'b')).toEqual(['leaf-rate-limited'])
  })

  test('are forgotten of no more clients than is bearable', () => {
    const many = { client: { burst: 1, perSecond: 0 }, all: { burst: 1e6, perSecond: 1 } }
    const buckets = new LeafBuckets(many, 0)
    const address = (i: number) => client(`10.0.${i >> 8}.${i & 255}`)
    for (let i = 0; i < 4_096; i++) expect(buckets.take(address(i), 0)).toBe(true)
    expect(buckets.take(address(0), 0)).toBe(false)
    // One more makes the quietest forgotten, and only that one.
    expect(buckets.take(client('10.1.0.0'), 0)).toBe(true)
    expect([0, 1, 4_095].map((i) => buckets.allows(address(i), 0))).toEqual([true, false, false])
  })
})

describe('handshakes', () => {
  /** Serves one host the way the proxy does: the context is asked for at each connection. */
  const serve = (contexts: Contexts, name: string, version = 'TLSv1.3') =>
    listen((socket) => greet(socket, contextFor(contexts, name, version === 'TLSv1.3')))
  const trusting = (servername: string, more: tls.ConnectionOptions = {}) => ({
    ca: authority.anchor.toString(),
    servername,
    ...more,
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('are resumed with a ticket: %s', async (version) => {
    const { contexts } = createWithClock()
    await using server = await serve(contexts, 'a.example', version)
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
      await using server = await serve(contexts, 'a.example', version)
      const options = trusting('a.example', { minVersion: version, maxVersion: version })
      const { session } = await shakeHands(server.port, options)
      contextFor(contexts, 'b.example')
      expect((await shakeHands(server.port, { ...options, session })).reused).toBe(true)
      expect(contexts.minted).toBe(3)
    },
  )

  test.each([
    ['TLSv1.3', 1],
    ['TLSv1.2', 0],
  ] as const)('are resumed as often as a client comes back: %s', async (version, tickets) => {
    const { contexts } = createWithClock()
    await using server = await serve(contexts, 'a.example', version)
    const options = trusting('a.example', { minVersion: version, maxVersion: version })
    let last = await shakeHands(server.port, options)
    for (let i = 0; i < 5; i++) {
      const session = last.session
      last = await shakeHands(server.port, { ...options, session })
      expect([last.reused, last.sessions]).toEqual([true, tickets])
      // What was not replaced can be used again.
      if (tickets === 0) last = { ...last, session }
    }
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'are not resumed on another host, whatever the client claims: %s',
    async (version) => {
      const { contexts } = createWithClock()
      await using a = await serve(contexts, 'a.example', version)
      await using b = await serve(contexts, 'b.example', version)
      const versions = { minVersion: version, maxVersion: version } as const
      const { session } = await shakeHands(a.port, trusting('a.example', versions))
      // The name of the host it is for; that of the other one, with its session; and no name at all.
      for (const [name, options] of [
        ['b.example', trusting('b.example')],
        ['a.example', { ...trusting('a.example'), checkServerIdentity: () => undefined }],
        ['none', { ca: authority.anchor.toString(), checkServerIdentity: () => undefined }],
      ] as const) {
        const made = await shakeHands(b.port, { ...options, ...versions, session })
        expect([name, made.reused]).toEqual([name, false])
        expect(made.certificate.subjectaltname).toBe('DNS:b.example')
      }
      const same = await shakeHands(a.port, trusting('a.example', { ...versions, session }))
      expect(same.reused).toBe(true)
    },
  )

  test('are not resumed under another CA, though the keys of tickets are the same', async () => {
    const tickets = new TicketRing({ clock: Date })
    const other = parsePair(createPair(Date.now()), paths, Date.now())
    await using a = await serve(createWithClock(10, { tickets }).contexts, 'a.example')
    await using b = await serve(
      createWithClock(10, { tickets, authority: other }).contexts,
      'a.example',
    )
    const { session } = await shakeHands(a.port, trusting('a.example'))
    const both = { ca: [authority, other].map(({ anchor }) => anchor.toString()) }
    const made = await shakeHands(b.port, trusting('a.example', { ...both, session }))
    expect(made.reused).toBe(false)
  })

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
    const contexts = createContexts({ authority: own, clock: Date, limits: AMPLE })
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
