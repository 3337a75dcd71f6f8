/** The resolver as the proxy uses it, against real name servers on loopback and real files. The clock is a number. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CachingResolver,
  createResolver,
  type ResolverOptions,
} from '../../src/locate/resolve.ts'
import { type Host, parseHost } from '../../src/model/authority.ts'
import type { Resolution } from '../../src/model/destination.ts'
import type { Problem } from '../../src/model/errors.ts'
import type { Resolver } from '../../src/ports.ts'
import { type DnsServer, openDnsServer } from '../support/dns-server.ts'
import { ip } from '../support/nouns.ts'
import { openSecureDnsServer } from '../support/secure-dns-server.ts'
import { issue } from '../tls/support.ts'

const LONG = 20_000
const SHORT = 50
const START = Date.UTC(2026, 0, 1)

let dns: DnsServer
let folder = ''
let hostsFile = ''
let resolvConf = ''
let time = START
const opened: CachingResolver[] = []

beforeEach(async () => {
  dns = await openDnsServer({
    records: {
      'api.example': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'], ttl: 60 },
      'www.example': { CNAME: 'edge.example', ttl: 40 },
      'edge.example': { CNAME: 'pop.example' },
      'pop.example': { A: ['192.0.2.2'] },
    },
  })
  folder = mkdtempSync(join(tmpdir(), 'cordon-dns-'))
  hostsFile = join(folder, 'hosts')
  resolvConf = join(folder, 'resolv.conf')
  time = START
})
afterEach(async () => {
  for (const resolver of opened.splice(0)) resolver.close()
  await dns[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe('without asking anybody', () => {
  test.each([
    ['192.0.2.7', ['192.0.2.7'], 'literal'],
    ['[2001:DB8::7]', ['2001:db8::7'], 'literal'],
    ['0x7f.1', ['127.0.0.1'], 'literal'],
    ['localhost', ['127.0.0.1', '::1'], 'localhost'],
    ['API.localhost.', ['127.0.0.1', '::1'], 'localhost'],
  ])('%s is its own answer', async (text, addresses, source) => {
    // What the hosts file says of localhost is not asked for either.
    writeFileSync(hostsFile, '192.0.2.66 localhost api.localhost')
    const resolver = open()
    const answer = await resolver.resolve(host(text))
    expect(shown(answer)).toEqual({ addresses, cnames: [], source })
    expect(await resolver.resolve(host(text))).toBe(answer)
    expect(dns.questions).toEqual([])
  })

  test('a name without a dot is in the hosts file or nowhere', async () => {
    writeFileSync(hostsFile, '10.1.2.3 db')
    const resolver = open()
    expect(shown(await resolver.resolve(host('db')))).toEqual({
      addresses: ['10.1.2.3'],
      cnames: [],
      source: hostsFile,
    })
    expect(await resolver.resolve(host('cache'))).toEqual({
      code: 'dns-not-found',
      detail: `\`cache\` has no dot and is not in ${hostsFile}: write the full name of the host`,
    })
    expect(await open({ hosts: false }).resolve(host('db'))).toEqual({
      code: 'dns-not-found',
      detail: '`db` has no dot and the hosts file is not used: write the full name of the host',
    })
    expect(dns.questions).toEqual([])
  })

  test('a name of a kind that is kept out of the DNS is in the hosts file or nowhere', async () => {
    writeFileSync(hostsFile, '10.1.2.3 made.invalid')
    const resolver = open()
    expect(await resolver.resolve(host('made.invalid'))).toMatchObject({ source: hostsFile })
    for (const name of ['x.invalid', 'x.y.onion']) {
      dns.records[name] = { A: ['192.0.2.66'] }
      expect(await resolver.resolve(host(name))).toEqual({
        code: 'dns-not-found',
        detail: `\`${name}\` is of a kind that no name server knows, and is not in ${hostsFile}`,
      })
    }
    expect(dns.questions).toEqual([])
  })

  test('the hosts file comes before the servers, unless it is not used', async () => {
    writeFileSync(hostsFile, '::1 api.example\n127.0.0.9 api.example')
    expect(await open().resolve(host('api.example'))).toMatchObject({
      addresses: [{ text: '127.0.0.9' }, { text: '::1' }],
      source: hostsFile,
      validUntil: START + 5000,
    })
    expect(dns.questions).toEqual([])
    expect(await open({ hosts: false }).resolve(host('api.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.1' }, { text: '2001:db8::1' }],
    })
  })
})

describe('from the servers', () => {
  test('come both families, IPv4 first, for as long as they may be used', async () => {
    expect(await open().resolve(host('API.example.'))).toMatchObject({
      addresses: [{ text: '192.0.2.1' }, { text: '2001:db8::1' }],
      cnames: [],
      source: `udp://${dns.address}`,
      validUntil: START + 60_000,
    })
    expect(dns.questions.map((asked) => asked.type).sort()).toEqual(['A', 'AAAA'])
  })

  test.each(['printer.local', 'nas.home.arpa', 'db.corp.internal'])(
    '%s is asked for like any other name, of the same servers',
    async (name) => {
      dns.records[name] = { A: ['10.1.2.3'] }
      expect(await open().resolve(host(name))).toMatchObject({
        addresses: [{ text: '10.1.2.3' }],
        source: `udp://${dns.address}`,
      })
    },
  )

  test('a name is asked for as it is given, whatever comes of it', async () => {
    writeFileSync(resolvConf, 'search example\noptions ndots:5\n')
    dns.records['api.corp.example'] = { A: ['192.0.2.66'] }
    expect(await open().resolve(host('api.corp'))).toMatchObject({ code: 'dns-not-found' })
    expect(new Set(dns.questions.map((asked) => asked.name))).toEqual(new Set(['api.corp']))
  })

  test('come the aliases that a DNAME makes, and nothing for a DNAME alone', async () => {
    dns.extraAnswers = [{ type: 'DNAME', name: 'old.example', data: 'example' }]
    dns.records['api.old.example'] = { CNAME: 'api.example' }
    dns.records['bare.old.example'] = {}
    expect(await open().resolve(host('api.old.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.1' }, { text: '2001:db8::1' }],
      cnames: ['api.example'],
    })
    expect(await open().resolve(host('bare.old.example'))).toMatchObject({ code: 'dns-no-address' })
  })

  test('come the aliases in order, the shortest life counting', async () => {
    expect(await open().resolve(host('www.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.2' }],
      cnames: ['edge.example', 'pop.example'],
      validUntil: START + 40_000,
    })
    // The SOA said that there is no AAAA, so nobody asked for the aliases.
    expect(dns.questions).toHaveLength(2)
  })

  test('come the same aliases from one that sends only the first', async () => {
    dns.followAliases = false
    expect(await open().resolve(host('www.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.2' }],
      cnames: ['edge.example', 'pop.example'],
      validUntil: START + 40_000,
    })
    expect(dns.count('edge.example')).toBe(2)
  })

  test.each([true, false])('a loop of aliases is refused, followed there: %s', async (follow) => {
    dns.followAliases = follow
    dns.records['pop.example'] = { CNAME: 'www.example' }
    expect(await open().resolve(host('www.example'))).toEqual({
      code: 'dns-failed',
      detail: `\`www.example\` could not be looked up: its aliases loop, according to udp://${dns.address}`,
    })
  })

  test.each([true, false])('20 aliases are refused, followed there: %s', async (follow) => {
    dns.followAliases = follow
    for (let i = 0; i < 20; i++) dns.records[`n${i}.example`] = { CNAME: `n${i + 1}.example` }
    dns.records['n20.example'] = { A: ['192.0.2.3'] }
    expect(await open().resolve(host('n0.example'))).toMatchObject({
      code: 'dns-failed',
      detail: expect.stringContaining('more than 8 aliases'),
    })
    expect(await open().resolve(host('n12.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.3' }],
    })
  })

  test('records for other names are nobody’s addresses', async () => {
    dns.extraAnswers = [{ type: 'A', name: 'other.example', data: '192.0.2.66' }]
    expect(await open().resolve(host('api.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.1' }, { text: '2001:db8::1' }],
    })
    expect(await open().resolve(host('other.example'))).toMatchObject({ code: 'dns-not-found' })
  })

  test.each(['A', 'AAAA'] as const)('one family is enough when %s fails', async (type) => {
    const other = type === 'A' ? '2001:db8::1' : '192.0.2.1'
    for (const fault of ['servfail', 'empty', 'nxdomain', 'drop'] as const) {
      dns.records['api.example'] = { ...dns.records['api.example'], fault: { [type]: fault } }
      // The second try is the other family's reserve on a slow machine.
      const resolver = open({ tries: fault === 'drop' ? [SHORT, 1000] : [LONG] })
      expect(await resolver.resolve(host('api.example')), fault).toMatchObject({
        addresses: [{ text: other }],
      })
    }
  })

  test('over TCP what does not fit', async () => {
    const many = Array.from({ length: 120 }, (_, i) => `192.0.2.${i}`)
    dns.records['api.example'] = { A: many }
    const answer = await open().resolve(host('api.example'))
    expect(shown(answer)).toEqual({ addresses: many, cnames: [], source: `tcp://${dns.address}` })
  })

  const failures: { name: string; records: DnsServer['records']; want: Problem }[] = [
    {
      name: 'NXDOMAIN',
      records: {},
      want: {
        code: 'dns-not-found',
        detail: '`x.example` does not exist according to udp://SERVER',
      },
    },
    {
      name: 'an alias of what does not exist',
      records: { 'x.example': { CNAME: 'gone.example' } },
      want: {
        code: 'dns-not-found',
        detail: '`x.example` does not exist according to udp://SERVER',
      },
    },
    {
      name: 'no address',
      records: { 'x.example': {} },
      want: {
        code: 'dns-no-address',
        detail: '`x.example` has no address according to udp://SERVER',
      },
    },
    {
      name: 'an empty answer',
      records: { 'x.example': { fault: 'empty' } },
      want: {
        code: 'dns-no-address',
        detail: '`x.example` has no address according to udp://SERVER',
      },
    },
    {
      name: 'NXDOMAIN for one family, nothing for the other',
      records: { 'x.example': { fault: { A: 'nxdomain' } } },
      want: {
        code: 'dns-no-address',
        detail: '`x.example` has no address according to udp://SERVER',
      },
    },
    {
      name: 'SERVFAIL',
      records: { 'x.example': { A: ['192.0.2.1'], fault: 'servfail' } },
      want: {
        code: 'dns-failed',
        detail: '`x.example` could not be looked up: SERVER answered SERVFAIL',
      },
    },
    {
      name: 'silence',
      records: { 'x.example': { A: ['192.0.2.1'], fault: 'drop' } },
      want: {
        code: 'dns-timeout',
        detail: '`x.example` could not be looked up: no answer in time from SERVER',
      },
    },
    {
      name: 'lies',
      records: { 'x.example': { A: ['192.0.2.1'], fault: 'wrong-question' } },
      want: {
        code: 'dns-timeout',
        detail: '`x.example` could not be looked up: no answer in time from SERVER',
      },
    },
  ]
  test.each(failures)('comes a problem for $name', async ({ records, want }) => {
    dns.records = records
    const resolver = open({ tries: want.code === 'dns-timeout' ? [SHORT] : [LONG] })
    const detail = want.detail.replace('SERVER', dns.address)
    expect(await resolver.resolve(host('x.example'))).toEqual({ ...want, detail })
  })

  test('is asked the next one when the first is broken or away', async () => {
    await using broken = await openDnsServer()
    broken.fault = 'refused'
    const gone = await openDnsServer()
    await gone[Symbol.asyncDispose]()
    const resolver = open({ servers: [gone.address, broken.address, dns.address] })
    expect(await resolver.resolve(host('api.example'))).toMatchObject({
      source: `udp://${dns.address}`,
    })
  })

  test('comes silence when all of it takes too long', async () => {
    dns.fault = 'drop'
    expect(await open({ tries: [LONG], total: SHORT }).resolve(host('api.example'))).toEqual({
      code: 'dns-timeout',
      detail: `\`api.example\` could not be looked up: no answer in time from ${dns.address}`,
    })
  })
})

describe('what is known', () => {
  test('is the same frozen object until it expires', async () => {
    const resolver = open()
    const first = await resolver.resolve(host('api.example'))
    expect(isDeeplyFrozen(first)).toBe(true)
    time = START + 59_999
    expect(await resolver.resolve(host('api.example'))).toBe(first)
    expect(resolver.cached(host('api.example'))).toBe(first)
    expect(dns.questions).toHaveLength(2)
    time = START + 60_000
    expect(resolver.cached(host('api.example'))).toBeNull()
    const second = await resolver.resolve(host('api.example'))
    expect(second).not.toBe(first)
    expect(second).toMatchObject({ validUntil: START + 120_000 })
    expect(dns.questions).toHaveLength(4)
  })

  test.each([
    { name: 'a missing name as long as its SOA says', fault: 'nxdomain', seconds: 30 },
    { name: 'an empty answer for 5 s', fault: 'empty', seconds: 5 },
    { name: 'a failure for 1 s', fault: 'servfail', seconds: 1 },
    { name: 'silence for 1 s', fault: 'drop', seconds: 1 },
  ] as const)('is $name', async ({ fault, seconds }) => {
    dns.fault = fault
    dns.records = { 'x.example': {} }
    const resolver = open({ tries: fault === 'drop' ? [SHORT] : [LONG] })
    const first = await resolver.resolve(host('x.example'))
    expect(Object.isFrozen(first)).toBe(true)
    time = START + seconds * 1000 - 1
    expect(await resolver.resolve(host('x.example'))).toBe(first)
    time = START + seconds * 1000
    expect(resolver.cached(host('x.example'))).toBeNull()
    expect(await resolver.resolve(host('x.example'))).not.toBe(first)
  })

  test('is found out once for all who ask at the same time', async () => {
    const resolver = open()
    const all = await Promise.all(
      Array.from({ length: 50 }, () => resolver.resolve(host('api.example'))),
    )
    expect(new Set(all).size).toBe(1)
    expect(dns.questions).toHaveLength(2)
  })

  test('makes room by leaving out what was not used for longest', async () => {
    const resolver = open({ cacheSize: 2 })
    await resolver.resolve(host('api.example'))
    await resolver.resolve(host('pop.example'))
    await resolver.resolve(host('api.example'))
    await resolver.resolve(host('edge.example'))
    const known = ['api.example', 'pop.example', 'edge.example'].map(
      (name) => resolver.cached(host(name)) !== null,
    )
    expect(known).toEqual([true, false, true])
  })

  test('is forgotten when the hosts file changes, which is looked at once a second', async () => {
    const resolver = open()
    await resolver.resolve(host('api.example'))
    writeFileSync(hostsFile, '127.0.0.9 api.example')
    time = START + 999
    expect(await resolver.resolve(host('api.example'))).toMatchObject({
      source: `udp://${dns.address}`,
    })
    time = START + 1000
    expect(await resolver.resolve(host('api.example'))).toMatchObject({ source: hostsFile })
    rmSync(hostsFile)
    time = START + 2000
    expect(await resolver.resolve(host('api.example'))).toMatchObject({
      source: `udp://${dns.address}`,
    })
  })

  test('is not what a lookup begun before the change comes to', async () => {
    const resolver = open()
    const before = resolver.resolve(host('api.example'))
    writeFileSync(hostsFile, '127.0.0.9 api.example')
    time = START + 1000
    const after = await resolver.resolve(host('api.example'))
    expect(after).toMatchObject({ source: hostsFile })
    expect(await before).toMatchObject({ source: `udp://${dns.address}` })
    expect(resolver.cached(host('api.example'))).toBe(after)
  })

  test('is forgotten when the clock is set back', async () => {
    const resolver = open()
    await resolver.resolve(host('api.example'))
    time = START - 3_600_000
    expect(resolver.cached(host('api.example'))).toBeNull()
  })
})

describe('the servers of the system', () => {
  test('are read from resolv.conf, and again when it changes', async () => {
    writeFileSync(resolvConf, '# nothing yet\n')
    // No test can listen on port 53, so what is seen here is who would have been asked.
    const resolver = open({ servers: null, tries: [SHORT] })
    expect(await resolver.resolve(host('api.example'))).toEqual({
      code: 'dns-failed',
      detail: '`api.example` could not be looked up: no name server is configured',
    })
    writeFileSync(resolvConf, 'nameserver 127.250.250.250\n')
    time = START + 1000
    expect(await resolver.resolve(host('api.example'))).toMatchObject({
      detail: expect.stringContaining('127.250.250.250'),
    })
  })

  test('may be named in no other way than by address', () => {
    expect(() => open({ servers: ['dns.example'] })).toThrow(
      'name server `dns.example`: not an IP address',
    )
  })

  test('are destinations themselves, as they change', () => {
    writeFileSync(resolvConf, 'nameserver 192.0.2.53\n')
    const resolver = open({ servers: null })
    const shown = () => resolver.endpoints().map(({ authority }) => authority.text)
    expect(shown()).toEqual(['192.0.2.53:53'])
    writeFileSync(resolvConf, 'nameserver 192.0.2.53\nnameserver 2001:db8::53\n')
    time = START + 1000
    expect(shown()).toEqual(['192.0.2.53:53', '[2001:db8::53]:53'])
  })
})

describe('encrypted servers', () => {
  const root = issue({ name: 'root', ca: true })
  const leaf = issue({ issuer: root, hosts: ['dns.example'] })
  const trust = createSecureContext({ ca: root.pem, minVersion: 'TLSv1.2' })

  test.each(['tls', 'https'] as const)('are asked over %s and nothing else', async (kind) => {
    await using server = await openSecureDnsServer({
      key: leaf.keyPem,
      cert: leaf.pem,
      records: dns.records,
    })
    const text = `${server[kind]}#dns.example`
    const resolver = open({ servers: [text], trust, clientSubnet: '203.0.113.0/24' })
    server.dns.subnet = { scope: 24 }
    expect(await resolver.resolve(host('api.example'))).toMatchObject({
      addresses: [{ text: '192.0.2.1' }, { text: '2001:db8::1' }],
      source: `${text} for 203.0.113.0/24 (scope /24)`,
    })
    expect(resolver.endpoints()).toMatchObject([
      { authority: { host: { text: 'dns.example' } }, address: { text: '127.0.0.1' } },
    ])
    server.dns.fault = 'servfail'
    expect(await resolver.resolve(host('www.example'))).toMatchObject({ code: 'dns-failed' })
    expect(new Set(server.dns.questions.map((asked) => asked.over))).toEqual(new Set([kind]))
    expect(server.connections[kind]).toBeLessThanOrEqual(2)
  })

  test.each([
    [['tls://192.0.2.53'], null, 'encrypted name servers need roots to be verified with'],
    [['tls://192.0.2.53', '192.0.2.53'], trust, 'some name servers are encrypted and some are not'],
    [['https://dns.example/q'], trust, 'name server `https://dns.example/q`: not an IP address'],
  ])('%j cannot be', (servers, roots, message) => {
    expect(() => open({ servers, trust: roots })).toThrow(message)
  })

  test('a client subnet is a prefix', () => {
    expect(() => open({ clientSubnet: '203.0.113.7/24' })).toThrow('not a prefix')
  })
})

describe('a translator of the network (NAT64)', () => {
  beforeEach(() => {
    dns.records['ipv4only.arpa'] = { AAAA: ['2a00:64::c000:aa'] }
    dns.records['six.example'] = { AAAA: ['2a00:64::a00:1'] }
    dns.records['far.example'] = { AAAA: ['2a00:65::a00:1'] }
  })

  test('is found when an IPv6 address may lead to it, and not before', async () => {
    const resolver = open({ clientSubnet: '203.0.113.0/24' })
    await resolver.resolve(host('api.example'))
    await resolver.resolve(host('pop.example'))
    expect(dns.count('ipv4only.arpa')).toBe(0)
    const answer = await resolver.resolve(host('six.example'))
    await resolver.resolve(host('far.example'))
    expect(dns.count('ipv4only.arpa')).toBe(1)
    const unwrapped = (text: string) => resolver.unwrapNat64(ip(text)).map((each) => each.text)
    expect(answer).toMatchObject({ addresses: [{ text: '2a00:64::a00:1' }] })
    expect(unwrapped('2a00:64::a00:1')).toEqual(['10.0.0.1'])
    expect(unwrapped('2a00:65::a00:1')).toEqual([])
  })

  test.each(['servfail', 'drop', 'nxdomain'] as const)('may be missing: %s', async (fault) => {
    dns.records['ipv4only.arpa'] = { fault }
    const resolver = open({ tries: fault === 'drop' ? [500] : [LONG] })
    expect(await resolver.resolve(host('six.example'))).toHaveProperty('addresses')
    expect(resolver.unwrapNat64(ip('2a00:64::a00:1'))).toEqual([])
  })
})

describe('HTTPS records', () => {
  const rdata = Buffer.concat([
    Buffer.from('0001', 'hex'),
    Buffer.from('\x03alt\x07example\x00', 'latin1'),
    Buffer.from('000100030268330003000220fb', 'hex'),
  ])
  const record = (name: string, data: Buffer) =>
    ({ type: 'UNKNOWN_65', name, data, ttl: 60 }) as unknown as DnsServer['extraAnswers'][number]

  test('are shown to who asks, and asked for by nobody else', async () => {
    dns.extraAnswers = [
      record('pop.example', rdata),
      record('other.example', Buffer.of(0)),
      record('pop.example', Buffer.of(0, 0, 0)),
    ]
    const resolver = open()
    expect(await resolver.lookupSvcb(host('www.example'))).toMatchObject({
      name: 'www.example',
      bindings: [
        { priority: 0, target: '.' },
        { priority: 1, target: 'alt.example', alpn: ['h3'], port: 8443, ech: false },
      ],
      cnames: ['edge.example', 'pop.example'],
      source: `udp://${dns.address}`,
    })
    expect(dns.questions).toEqual([{ name: 'www.example', type: 'UNKNOWN_65', over: 'udp' }])
    await resolver.resolve(host('www.example'))
    expect(dns.questions.map((asked) => asked.type)).toEqual(['UNKNOWN_65', 'A', 'AAAA'])
  })

  test('of another port have a name of their own', async () => {
    dns.extraAnswers = [record('_8443._https.api.example', rdata)]
    expect(await open().lookupSvcb(host('api.example'), 8443)).toMatchObject({
      name: '_8443._https.api.example',
      bindings: [{ target: 'alt.example' }],
    })
  })

  test.each<[string, string, object]>([
    ['nothing', 'none.example', { bindings: [] }],
    ['a malformed one among them', 'api.example', { code: 'dns-failed' }],
    ['an address', '192.0.2.1', { code: 'dns-failed' }],
    ['a name that stays here', 'db', { code: 'dns-failed' }],
    ['silence', 'mute.example', { code: 'dns-timeout' }],
  ])('may be %s', async (_, name, want) => {
    dns.records['mute.example'] = { fault: 'drop' }
    dns.extraAnswers = [
      record('api.example', rdata),
      record('api.example', Buffer.concat([rdata, Buffer.of(0)])),
    ]
    expect(await open({ tries: [300] }).lookupSvcb(host(name))).toMatchObject(want)
  })
})

describe('under load and at the end', () => {
  test('more lookups than allowed fail at once, and are not remembered as failures', async () => {
    const resolver = open({ lookups: 2 })
    const two = [resolver.resolve(host('api.example')), resolver.resolve(host('pop.example'))]
    expect(await resolver.resolve(host('www.example'))).toEqual({
      code: 'dns-failed',
      detail: '`www.example` could not be looked up: too many names are being looked up at once',
    })
    await Promise.all(two)
    expect(await resolver.resolve(host('www.example'))).toHaveProperty('addresses')
  })

  test('what another process was answered counts as an earlier answer, now and later', async () => {
    const told: [string, readonly string[]][] = []
    const here = open({ onAnswer: (...answer) => told.push(answer) })
    const name = host('api.example')
    const first = await here.resolve(name)
    const before = 'addresses' in first ? first.addresses.map(({ text }) => text) : []
    expect(told).toEqual([['api.example', before]])

    here.learn('api.example', ['192.0.2.99', 'no address', ...before])
    const earlier = (answer: Resolution | Problem | null) =>
      answer && 'addresses' in answer ? (answer.earlier ?? []).map(({ text }) => text) : null
    expect(shown(here.cached(name) as Resolution)).toEqual(shown(first))
    expect(earlier(here.cached(name))).toEqual(['192.0.2.99'])
    here.learn('never-asked.example', ['192.0.2.98'])
    expect(here.cached(host('never-asked.example'))).toBeNull()
    // What was learned is not told of as an answer.
    expect(told).toHaveLength(1)
  })

  test('closing ends what is under way, and everything after it', async () => {
    const resolver = open()
    const want = {
      code: 'dns-failed',
      detail: '`api.example` could not be looked up: the resolver is closed',
    }
    dns.mangle = () => {
      resolver.close()
      return []
    }
    expect(await resolver.resolve(host('api.example'))).toEqual(want)
    expect(await resolver.resolve(host('api.example'))).toEqual(want)
    expect(resolver.cached(host('api.example'))).toBeNull()
  })
})

function open(options: Partial<ResolverOptions> = {}): Resolver & CachingResolver {
  const resolver = createResolver({
    servers: [dns.address],
    hosts: true,
    clock: { now: () => time },
    hostsFile,
    resolvConf,
    tries: [LONG],
    total: LONG,
    ...options,
  })
  opened.push(resolver)
  return resolver
}

function host(text: string): Host {
  const parsed = parseHost(text)
  if ('fault' in parsed) throw new Error(`${text}: ${parsed.fault}`)
  return parsed.value
}

function shown(answer: Resolution | Problem): unknown {
  if (!('addresses' in answer)) return answer
  const { addresses, cnames, source } = answer
  return { addresses: addresses.map((address) => address.text), cnames, source }
}

function isDeeplyFrozen(answer: Resolution | Problem): boolean {
  if (!('addresses' in answer)) return Object.isFrozen(answer)
  return [answer, answer.addresses, answer.cnames].every(Object.isFrozen)
}
