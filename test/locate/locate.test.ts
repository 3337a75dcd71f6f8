import { describe, expect, test } from 'vitest'
import type { Geoip } from '../../src/locate/geoip.ts'
import { createKnowledge } from '../../src/locate/knowledge.ts'
import { createLocator } from '../../src/locate/locate.ts'
import { unwrapNat64 } from '../../src/locate/nat64.ts'
import { NO_TABLES } from '../../src/locate/tables/prefix-tables.ts'
import { parseCidr } from '../../src/model/address.ts'
import { toCloudRegions } from '../../src/model/cloud-region.ts'
import type { Declaration } from '../../src/model/declaration.ts'
import type { Resolution } from '../../src/model/destination.ts'
import { NO_EDGES } from '../../src/model/edge-space.ts'
import { compileHostPattern } from '../../src/policy/pattern.ts'
import { authority, ip } from '../support/nouns.ts'

const SILENT: Geoip = {
  files: () => [],
  lookup: () => [{ source: 'one', asOf: '2026-06-01', country: null }],
  reload: async () => {},
}

function found(...addresses: string[]): Resolution {
  return { addresses: addresses.map(ip), cnames: [], source: 'test', validUntil: 10_000 }
}

function declare(name: string, more: Partial<Declaration> = {}): Declaration {
  const cidr = parseCidr(name)
  const host = cidr ? null : compileHostPattern(name)
  return {
    host: host && 'value' in host ? host.value : null,
    cidr,
    regions: ['DE'],
    allowed: null,
    because: null,
    expiresAt: null,
    ...more,
  }
}

const NOTHING_KNOWN = createKnowledge(toCloudRegions('2026-01-31', [], []), [])

const locator = (geoip = SILENT) =>
  createLocator({
    geoip,
    tables: () => NO_TABLES,
    edges: () => NO_EDGES,
    knowledge: () => NOTHING_KNOWN,
    isOwnListener: (address, port) => address.text === '127.0.0.1' && port === 3128,
  })

const locate = (
  to: string,
  resolution: Resolution,
  declarations: readonly Declaration[],
  now = 0,
) => locator().locate(authority(to), resolution, declarations, now)

describe('an address that is not public passes only if it was declared', () => {
  test.each<[string, string, Declaration[], string | null]>([
    ['public', '9.9.9.9', [], null],
    ['private', '10.1.2.3', [], 'address-prohibited'],
    ['private, its prefix declared', '10.1.2.3', [declare('10.0.0.0/8')], null],
    [
      'private, its prefix declared without a place',
      '10.1.2.3',
      [declare('10.0.0.0/8', { regions: null })],
      null,
    ],
    [
      'private, another prefix declared',
      '10.1.2.3',
      [declare('10.2.0.0/16')],
      'address-prohibited',
    ],
    ['private, the name declared', '10.1.2.3', [declare('api.test')], null],
    ['private, the name declared by wildcard', '10.1.2.3', [declare('*.test')], null],
    ['private, all names declared', '10.1.2.3', [declare('*')], 'address-prohibited'],
    [
      'private, the name only restricted',
      '10.1.2.3',
      [declare('api.test', { regions: null, allowed: { name: 'DE', countries: new Set(['DE']) } })],
      'address-prohibited',
    ],
    [
      'private, the declaration expired',
      '10.1.2.3',
      [declare('10.0.0.0/8', { expiresAt: 5 })],
      'address-prohibited',
    ],
    ['loopback, the name declared', '127.0.0.2', [declare('api.test')], null],
    ['mapped private', '::ffff:10.1.2.3', [], 'address-prohibited'],
    ['mapped private, the IPv4 prefix declared', '::ffff:10.1.2.3', [declare('10.0.0.0/8')], null],
    ['metadata, the name declared', '169.254.169.254', [declare('api.test')], 'address-prohibited'],
    [
      'metadata, a wide prefix declared',
      '169.254.169.254',
      [declare('169.254.0.0/16')],
      'address-prohibited',
    ],
    ['metadata, the very address declared', '169.254.169.254', [declare('169.254.169.254')], null],
    ['multicast, the name declared', '224.0.0.1', [declare('api.test')], 'address-prohibited'],
    ['unspecified, the name declared', '0.0.0.0', [declare('api.test')], 'address-prohibited'],
    [
      '6to4 of something private, the name declared',
      '2002:a01:203::1',
      [declare('api.test')],
      'address-prohibited',
    ],
  ])('%s', (_, address, declarations, code) => {
    const { fault, addresses } = locate('api.test', found(address), declarations, 10)
    expect(fault?.code ?? null).toBe(code)
    expect(addresses).toHaveLength(code ? 0 : 1)
  })

  test('one prohibited address among several refuses the name: it could be the one that is dialled', () => {
    expect(locate('api.test', found('9.9.9.9', '10.1.2.3'), []).fault?.code).toBe(
      'address-prohibited',
    )
  })

  test('the proxy itself is refused whatever is declared', () => {
    const all = [declare('127.0.0.0/8'), declare('api.test'), declare('127.0.0.1')]
    expect(locate('api.test:3128', found('127.0.0.1'), all).fault?.code).toBe('proxy-loop')
    expect(locate('api.test:3129', found('127.0.0.1'), all).fault).toBeNull()
  })
})

describe('an address that a translator of the network turns into another (NAT64)', () => {
  const PLACES: Readonly<Record<string, string>> = { '9.9.9.9': 'DE', '2a00:64::909:909': 'FR' }
  const placed: Geoip = {
    ...SILENT,
    lookup: ({ text }) => [{ source: 'one', asOf: null, country: PLACES[text] ?? null }],
  }
  const prefixes = ['2a00:64::/96', 'fd00:64::/96'].flatMap((text) => parseCidr(text) ?? [])
  const translating = createLocator({
    geoip: placed,
    tables: () => NO_TABLES,
    edges: () => NO_EDGES,
    knowledge: () => NOTHING_KNOWN,
    isOwnListener: (address) => address.text === '9.9.9.8',
    unwrapNat64: (address) => unwrapNat64(prefixes, address),
  })
  const translated = (resolution: Resolution, declarations: readonly Declaration[] = []) =>
    translating.locate(authority('api.test'), resolution, declarations, 0)

  test.each<[string, string, Declaration[], string | null]>([
    ['public in public', '2a00:64::909:909', [], null],
    ['private in public', '2a00:64::a01:203', [], 'address-prohibited'],
    ['private in public, its prefix declared', '2a00:64::a01:203', [declare('10.0.0.0/8')], null],
    [
      'private in public, the IPv6 prefix declared',
      '2a00:64::a01:203',
      [declare('2a00:64::/96')],
      'address-prohibited',
    ],
    [
      'private in public, the name declared',
      '2a00:64::a01:203',
      [declare('api.test')],
      'address-prohibited',
    ],
    ['metadata in public', '2a00:64::a9fe:a9fe', [], 'address-prohibited'],
    ['public in private: a claim opens nothing', 'fd00:64::909:909', [], 'address-prohibited'],
    ['private in public, of no translator', '2a00:65::a01:203', [], null],
    ['the proxy itself', '2a00:64::909:908', [], 'proxy-loop'],
  ])('%s', (_, address, declarations, code) => {
    expect(translated(found(address), declarations).fault?.code ?? null).toBe(code)
  })

  test('is in both places, and only it is dialled', () => {
    const destination = translated(found('2a00:64::909:909'))
    const anew = translating.refine(destination, {
      evidence: [],
      instead: [],
      creates: null,
      onward: [],
    })
    for (const { addresses, places, regions, network, evidence } of [destination, anew]) {
      expect(addresses.map((address) => address.text)).toEqual(['2a00:64::909:909'])
      expect([regions, network]).toEqual([
        ['DE', 'FR'],
        ['DE', 'FR'],
      ])
      expect(places).toMatchObject([
        { address: { text: '2a00:64::909:909' }, regions: ['DE', 'FR'], network: ['DE', 'FR'] },
      ])
      expect(evidence.map((piece) => piece.address)).toEqual(['2a00:64::909:909', '9.9.9.9', null])
    }
    expect(translated(found('2a00:64::808:808')).regions).toEqual([])
  })

  test('beside the address it is turned into does not change where that one is', () => {
    const { places, evidence } = translated(found('9.9.9.9', '2a00:64::909:909'))
    expect(places.map(({ regions }) => regions)).toEqual([['DE'], ['DE', 'FR']])
    expect(evidence.map((piece) => piece.address)).toEqual(['9.9.9.9', '2a00:64::909:909', null])
  })

  test('is refused with both addresses named', () => {
    expect(translated(found('2a00:64::a01:203')).fault?.detail).toBe(
      '10.1.2.3 in 2a00:64::a01:203 (NAT64): 10.0.0.0/8 is private use (RFC 1918)',
    )
  })
})

describe('the most specific declaration speaks', () => {
  test.each<[string, Declaration[], string[]]>([
    [
      'a name before a wildcard',
      [declare('*.test', { regions: ['US'] }), declare('api.test')],
      ['DE'],
    ],
    [
      'a longer wildcard before a shorter',
      [
        declare('*.test', { regions: ['US'] }),
        declare('*.api.test'),
        declare('*', { regions: ['CN'] }),
      ],
      ['US'],
    ],
    [
      'a longer prefix before a shorter',
      [declare('9.0.0.0/8', { regions: ['US'] }), declare('9.9.9.0/24')],
      ['DE'],
    ],
    [
      'one that names a place before one that does not',
      [declare('9.9.9.9', { regions: null }), declare('9.0.0.0/8')],
      ['DE'],
    ],
    [
      'one that has not expired',
      [declare('api.test', { regions: ['US'], expiresAt: 5 }), declare('*.test')],
      ['DE'],
    ],
  ])('%s, in any order', (_, declarations, expected) => {
    for (const order of [declarations, declarations.toReversed()]) {
      expect(locate('api.test', found('9.9.9.9'), order, 10).regions).toEqual(expected)
    }
  })

  test('of several addresses each has its own allowed zone, and one without has the usual', () => {
    const zone = { name: 'US', countries: new Set(['US']) }
    const declarations = [declare('9.9.9.9', { regions: null, allowed: zone })]
    for (const order of [
      ['9.9.9.9', '8.8.8.8'],
      ['8.8.8.8', '9.9.9.9'],
    ]) {
      const { allowed } = locate('api.test', found(...order), declarations)
      expect(new Set(allowed)).toEqual(new Set([zone, null]))
    }
    expect(locate('api.test', found('8.8.8.8'), declarations).allowed).toEqual([])
  })

  test('also about the zone that is allowed', () => {
    const allowed = (name: string) => ({
      regions: null,
      allowed: { name, countries: new Set([name]) },
    })
    const declarations = [
      declare('*.test', allowed('US')),
      declare('api.test', allowed('DE')),
      declare('9.9.9.9', allowed('FR')),
    ]
    expect(
      locate('api.test', found('9.9.9.9'), declarations).allowed.map((zone) => zone?.name),
    ).toEqual(['DE'])
  })
})

describe('a destination', () => {
  test('keeps what everybody said as evidence', () => {
    const declarations = [declare('api.test', { because: 'a contract' })]
    const resolution = { ...found('9.9.9.9'), cnames: ['edge.test'], source: 'udp://192.0.2.53' }
    expect(locate('api.test', resolution, declarations).evidence).toEqual([
      {
        kind: 'declaration',
        source: 'destinations: api.test',
        asOf: null,
        claim: ['DE'],
        strength: 'strong',
        address: null,
        detail: 'api.test is declared to be DE (a contract)',
        discarded: null,
      },
      {
        kind: 'geoip',
        source: 'one',
        asOf: '2026-06-01',
        claim: [],
        strength: 'none',
        address: '9.9.9.9',
        detail: '9.9.9.9 is not in the file',
        discarded: null,
      },
      {
        kind: 'dns',
        source: 'udp://192.0.2.53',
        asOf: null,
        claim: [],
        strength: 'none',
        address: null,
        detail: 'edge.test -> 9.9.9.9',
        discarded: null,
      },
    ])
  })

  test('an alias grants nothing: declarations are about the name that was asked for', () => {
    const resolution = { ...found('9.9.9.9'), cnames: ['declared.test'] }
    expect(locate('evil.example', resolution, [declare('declared.test')]).regions).toEqual([])
  })

  test('is looked at again when its answer, a declaration, or five minutes have passed', () => {
    expect(locate('api.test', found('9.9.9.9'), []).validUntil).toBe(10_000)
    expect(
      locate('api.test', found('9.9.9.9'), [declare('other.test', { expiresAt: 7 })]).validUntil,
    ).toBe(7)
    const forever = { ...found('9.9.9.9'), validUntil: Number.POSITIVE_INFINITY }
    expect(locate('api.test', forever, []).validUntil).toBe(300_000)
  })

  test('is the same object while nothing changed, and another one when something did', () => {
    const one = locator()
    const resolution = found('9.9.9.9')
    const declarations = [declare('api.test')]
    const first = one.locate(authority('api.test'), resolution, declarations, 0)
    expect(one.locate(authority('api.test'), resolution, declarations, 1)).toBe(first)
    expect(one.locate(authority('api.test:8443'), resolution, declarations, 1)).not.toBe(first)
    expect(one.locate(authority('api.test'), resolution, [...declarations], 1)).not.toBe(first)
    expect(one.locate(authority('api.test'), found('9.9.9.9'), declarations, 1)).not.toBe(first)
  })
})

describe('a name that is left to the proxy behind us', () => {
  const LEFT: Resolution = {
    addresses: [],
    cnames: [],
    source: 'upstream_proxy: proxy.test:3128',
    validUntil: Number.POSITIVE_INFINITY,
    delegated: true,
  }

  test('is where its declaration says, whatever prefixes are declared, and marked', () => {
    const found = locate('api.test', LEFT, [declare('api.test'), declare('0.0.0.0/0')])
    expect(found).toMatchObject({ delegated: true, addresses: [], regions: ['DE'], network: [] })
    expect(found.fault).toBeNull()
    expect(found.evidence.map(({ kind, strength }) => `${kind} ${strength}`)).toEqual([
      'declaration strong',
      'delegated none',
    ])
  })

  test('is unknown where nobody has spoken of the name', () => {
    const found = locate('api.test', LEFT, [declare('0.0.0.0/0')])
    expect(found).toMatchObject({ regions: [], fault: null })
    expect(found.why).toContain('the upstream proxy')
    const named = { kind: 'request-breadth', source: 'request', asOf: null } as const
    const piece = {
      ...named,
      claim: ['US'],
      strength: 'strong',
      address: null,
      detail: 'x',
    } as const
    const findings = { evidence: [piece], creates: null, onward: [], instead: [] }
    expect(locator().refine(found, findings)).toMatchObject({ regions: [], delegated: true })
  })

  test('is looked at again when a declaration ends, and after five minutes', () => {
    const entry = declare('api.test', { expiresAt: 5_000 })
    expect(locate('api.test', LEFT, [entry]).validUntil).toBe(5_000)
    expect(locate('api.test', LEFT, [], 1_000).validUntil).toBe(301_000)
  })

  test.each<[string, Declaration[], string | null]>([
    ['api.test', [], null],
    ['internal.test', [], null],
    ['my-internal', [], null],
    ['wiki.internal', [], 'address-prohibited'],
    ['internal', [], 'address-prohibited'],
    ['a.b.local', [], 'address-prohibited'],
    ['nas.lan', [], 'address-prohibited'],
    ['router.home.arpa', [], 'address-prohibited'],
    ['wiki.internal', [declare('wiki.internal')], null],
    ['wiki.internal', [declare('*.internal')], null],
    ['wiki.internal', [declare('*')], 'address-prohibited'],
    ['wiki.internal', [declare('10.0.0.0/8')], 'address-prohibited'],
    ['wiki.internal', [declare('wiki.internal', { regions: null })], 'address-prohibited'],
    ['metadata.google.internal', [declare('*.internal')], 'address-prohibited'],
    ['metadata.google.internal', [declare('metadata.google.internal')], 'address-prohibited'],
    ['metadata.goog', [declare('metadata.goog')], 'address-prohibited'],
  ])('%s, %#', (name, declarations, want) => {
    const { fault, regions, delegated } = locate(name, LEFT, declarations)
    expect(fault?.code ?? null).toBe(want)
    expect(delegated).toBe(want === null)
    if (want) expect(regions).toEqual([])
  })
})
