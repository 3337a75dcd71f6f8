import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AddressClass,
  classifyAddress,
  isOwnListener,
  type Listener,
} from '../../src/locate/address-class.ts'
import { type Cidr, type IpAddress, parseCidr, parseIp, toIp } from '../../src/model/address.ts'

const ip = (text: string): IpAddress => {
  const parsed = parseIp(text)
  if (!parsed) throw new Error(`not an address: ${text}`)
  return parsed
}
const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(`not a prefix: ${text}`)
  return parsed
}

/** Prefix, class at both of its ends, and the class of the addresses just before and just after it (null: there is none). */
const PREFIXES: readonly [string, AddressClass, AddressClass | null, AddressClass | null][] = [
  ['0.0.0.0/32', 'unspecified', null, 'reserved'],
  ['10.0.0.0/8', 'private', 'public', 'public'],
  ['100.64.0.0/10', 'shared', 'public', 'public'],
  ['127.0.0.0/8', 'loopback', 'public', 'public'],
  ['169.254.0.0/16', 'link-local', 'public', 'public'],
  ['172.16.0.0/12', 'private', 'public', 'public'],
  ['192.0.0.0/24', 'reserved', 'public', 'public'],
  ['192.0.2.0/24', 'reserved', 'public', 'public'],
  ['192.31.196.0/24', 'reserved', 'public', 'public'],
  ['192.52.193.0/24', 'reserved', 'public', 'public'],
  ['192.88.99.0/24', 'reserved', 'public', 'public'],
  ['192.168.0.0/16', 'private', 'public', 'public'],
  ['192.175.48.0/24', 'reserved', 'public', 'public'],
  ['198.18.0.0/15', 'reserved', 'public', 'public'],
  ['198.51.100.0/24', 'reserved', 'public', 'public'],
  ['203.0.113.0/24', 'reserved', 'public', 'public'],
  ['224.0.0.0/4', 'multicast', 'public', 'reserved'],
  ['240.0.0.0/4', 'reserved', 'multicast', null],
  ['255.255.255.255/32', 'reserved', 'reserved', null],
  ['::/128', 'unspecified', null, 'loopback'],
  ['::1/128', 'loopback', 'unspecified', 'reserved'],
  ['64:ff9b:1::/48', 'transition', 'reserved', 'reserved'],
  ['100::/64', 'reserved', 'reserved', 'reserved'],
  ['100:0:0:1::/64', 'reserved', 'reserved', 'reserved'],
  ['2000::/3', 'public', 'reserved', 'reserved'],
  ['2001:1::1/128', 'reserved', 'reserved', 'reserved'],
  ['2001:1::2/128', 'reserved', 'reserved', 'reserved'],
  ['2001:1::3/128', 'reserved', 'reserved', 'reserved'],
  ['2001:2::/48', 'reserved', 'reserved', 'reserved'],
  ['2001:3::/32', 'reserved', 'reserved', 'reserved'],
  ['2001:4:112::/48', 'reserved', 'reserved', 'reserved'],
  ['2001:10::/28', 'reserved', 'reserved', 'reserved'],
  ['2001:20::/28', 'reserved', 'reserved', 'reserved'],
  ['2001:30::/28', 'reserved', 'reserved', 'reserved'],
  ['2001:db8::/32', 'reserved', 'public', 'public'],
  ['2620:4f:8000::/48', 'reserved', 'public', 'public'],
  ['3fff::/20', 'reserved', 'public', 'public'],
  ['5f00::/16', 'reserved', 'reserved', 'reserved'],
  ['fc00::/7', 'private', 'reserved', 'reserved'],
  ['fe80::/10', 'link-local', 'reserved', 'site-local'],
  ['fec0::/10', 'site-local', 'link-local', 'multicast'],
  ['ff00::/8', 'multicast', 'site-local', null],
]

test.each(PREFIXES)(
  '%s is %s from its first address to its last',
  (prefix, kind, before, after) => {
    const { first, last } = bounds(cidr(prefix))
    expect(classifyAddress(first).class).toBe(kind)
    expect(classifyAddress(last).class).toBe(kind)
    expect(classOfNeighbour(first, -1n)).toBe(before)
    expect(classOfNeighbour(last, 1n)).toBe(after)
  },
)

describe('metadata services', () => {
  test.each([
    ['169.254.169.254', 'AWS', 'link-local'],
    ['169.254.170.2', 'AWS ECS', 'link-local'],
    ['169.254.170.23', 'AWS EKS', 'link-local'],
    ['fd00:ec2::254', 'AWS', 'private'],
    ['fd00:ec2::23', 'AWS EKS', 'private'],
    ['168.63.129.16', 'Azure', 'public'],
    ['169.254.169.252', 'Google', 'link-local'],
    ['fd20:ce::254', 'Google', 'private'],
    ['192.0.0.192', 'Oracle', 'reserved'],
    ['fd00:c1::a9fe:a9fe', 'Oracle', 'private'],
    ['100.100.100.200', 'Alibaba', 'shared'],
    ['fd00:100::100:200', 'Alibaba', 'private'],
    ['169.254.0.23', 'Tencent', 'link-local'],
    ['100.96.0.96', 'Volcano Engine', 'shared'],
    ['100.80.80.80', 'UCloud', 'shared'],
    ['fd00:a9fe:a9fe::1', 'Akamai', 'private'],
    ['169.254.42.42', 'Scaleway', 'link-local'],
    ['fd00:42::42', 'Scaleway', 'private'],
    ['fe80::a9fe:a9fe', 'OpenStack', 'link-local'],
  ])('%s is the one of %s; the next address is %s', (text, cloud, neighbour) => {
    expect(classifyAddress(ip(text))).toMatchObject({
      class: 'metadata',
      detail: expect.stringContaining(cloud),
    })
    expect(classOfNeighbour(ip(text), 1n)).toBe(neighbour)
  })
})

describe('IPv4 inside IPv6', () => {
  /** Written address, its class, the IPv4 address in it, and the address to place. */
  test.each([
    // The connection ends at the IPv4 address: as good as that, and no better.
    ['::ffff:8.8.8.8', 'public', '8.8.8.8', '8.8.8.8'],
    ['::ffff:127.0.0.1', 'loopback', '127.0.0.1', '127.0.0.1'],
    ['::ffff:0.0.0.0', 'unspecified', '0.0.0.0', '0.0.0.0'],
    ['::ffff:169.254.169.254', 'metadata', '169.254.169.254', '169.254.169.254'],
    ['64:ff9b::8.8.8.8', 'public', '8.8.8.8', '8.8.8.8'],
    ['64:ff9b::10.0.0.1', 'private', '10.0.0.1', '10.0.0.1'],
    ['64:ff9b::168.63.129.16', 'metadata', '168.63.129.16', '168.63.129.16'],
    // Nobody can say where the connection ends: never public, and worse if the IPv4 address is.
    ['::8.8.8.8', 'transition', '8.8.8.8', '::808:808'],
    ['::127.0.0.1', 'loopback', '127.0.0.1', '::7f00:1'],
    ['::ffff:0:8.8.8.8', 'transition', '8.8.8.8', '::ffff:0:808:808'],
    ['::ffff:0:192.168.1.1', 'private', '192.168.1.1', '::ffff:0:c0a8:101'],
    ['2002:808:808::1', 'transition', '8.8.8.8', '2002:808:808::1'],
    ['2002:a9fe:a9fe::', 'metadata', '169.254.169.254', '2002:a9fe:a9fe::'],
    ['2001:0:5ef5:79fd::f7f7:f7f7', 'transition', '8.8.8.8', '2001:0:5ef5:79fd::f7f7:f7f7'],
    ['2001::80ff:fffe', 'loopback', '127.0.0.1', '2001::80ff:fffe'],
    ['2a00:1::5efe:8.8.8.8', 'transition', '8.8.8.8', '2a00:1::5efe:808:808'],
    ['2a00:1::200:5efe:8.8.8.8', 'transition', '8.8.8.8', '2a00:1::200:5efe:808:808'],
    ['2a00:1::5efe:10.0.0.1', 'private', '10.0.0.1', '2a00:1::5efe:a00:1'],
    ['fe80::5efe:8.8.8.8', 'link-local', '8.8.8.8', 'fe80::5efe:808:808'],
    ['fd00::200:5efe:169.254.169.254', 'metadata', '169.254.169.254', 'fd00::200:5efe:a9fe:a9fe'],
  ] as const)('%s is %s around %s', (text, kind, embedded, endpoint) => {
    const classified = classifyAddress(ip(text))
    expect(classified.class).toBe(kind)
    expect(classified.embedded?.text).toBe(embedded)
    expect(classified.endpoint.text).toBe(endpoint)
  })

  test.each([
    ['64:ff9b:1::8.8.8.8', 'the site decides where the IPv4 address sits'],
    ['64:ff9b::1:808:808', 'longer than the well-known prefix allows'],
    ['2a00:1::1:5efe:808:808', 'not an ISATAP interface identifier'],
    ['::1', 'loopback, not IPv4-compatible'],
  ])('%s carries none: %s', (text) => {
    expect(classifyAddress(ip(text)).embedded).toBeNull()
  })

  test('the sentence names the form, the IPv4 address and what that is', () => {
    expect(classifyAddress(ip('2002:7f00:1::')).detail).toBe(
      '2002::/16 is 6to4 (RFC 3056) around 127.0.0.1: 127.0.0.0/8 is loopback (RFC 1122)',
    )
    expect(classifyAddress(ip('10.1.2.3')).detail).toBe('10.0.0.0/8 is private use (RFC 1918)')
  })
})

describe('every address', () => {
  const METADATA = ['168.63.129.16/32']
  const FORBIDDEN_4 = [...prefixesOf(4), '0.0.0.0/8', ...METADATA]
  const FORBIDDEN_6 = [...prefixesOf(6).filter((p) => p !== '2000::/3'), '2001::/23', '2002::/16']
  const forbidden = new BlockList()
  for (const p of FORBIDDEN_4) forbidden.addSubnet(cidr(p).base.text, cidr(p).bits, 'ipv4')
  for (const p of FORBIDDEN_6) forbidden.addSubnet(cidr(p).base.text, cidr(p).bits, 'ipv6')

  /** The same question answered by other means: Node's block list and hexadecimal digits. */
  function shouldBePublic(address: IpAddress): boolean {
    if (address.version === 4) return !forbidden.check(address.text, 'ipv4')
    const hex = Buffer.from(address.bytes).toString('hex')
    if (/^(0{20}ffff|0064ff9b0{16})/.test(hex)) return shouldBePublic(toIp(address.bytes.slice(12)))
    const isatap = /^0[02]005efe/.test(hex.slice(16))
    return /^[23]/.test(hex) && !isatap && !forbidden.check(address.text, 'ipv6')
  }

  const anyAddress = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  const insideAnyPrefix = fc
    .tuple(
      fc.constantFrom(...FORBIDDEN_4, ...FORBIDDEN_6),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    .map(([prefix, noise]) => fillHostBits(cidr(prefix), noise))
  const nearAnyEdge = fc
    .tuple(
      fc.constantFrom(...FORBIDDEN_4, ...FORBIDDEN_6, '2000::/3'),
      fc.boolean(),
      fc.integer({ min: -3, max: 3 }),
    )
    .map(([prefix, atEnd, step]) => {
      const { first, last } = bounds(cidr(prefix))
      return neighbour(atEnd ? last : first, BigInt(step)) ?? first
    })
  const aroundIpv4 = fc
    .tuple(
      fc.constantFrom(
        '::ffff:0:0',
        '64:ff9b::',
        '::',
        '::ffff:0:0:0',
        '2a00::5efe:0:0',
        '2a00::200:5efe:0:0',
      ),
      fc.oneof(nearAnyEdge, insideAnyPrefix).filter(({ version }) => version === 4),
    )
    .map(([form, v4]) => toIp(Uint8Array.from([...ip(form).bytes.slice(0, 12), ...v4.bytes])))

  test('inside a special prefix is not public', () => {
    fc.assert(
      fc.property(insideAnyPrefix, (address) => classifyAddress(address).class !== 'public'),
    )
  })

  test('is public exactly where the registries leave it so', () => {
    const addresses = fc.oneof(anyAddress.map(toIp), insideAnyPrefix, nearAnyEdge, aroundIpv4)
    fc.assert(
      fc.property(addresses, (address) => {
        expect([address.text, classifyAddress(address).class === 'public']).toEqual([
          address.text,
          shouldBePublic(address),
        ])
      }),
      { numRuns: 3000 },
    )
  })

  test('that carries a forbidden IPv4 address is forbidden in every form', () => {
    fc.assert(
      fc.property(aroundIpv4, (address) => {
        const { class: kind, embedded } = classifyAddress(address)
        return kind !== 'public' || (embedded !== null && shouldBePublic(embedded))
      }),
    )
  })
})

describe('own listeners', () => {
  const interfaces = ['127.0.0.1', '::1', '192.168.7.5', '2001:db8::5'].map(ip)
  const at = (address: string, port: number): Listener => ({ address: ip(address), port })

  test.each<[string, number, Listener, boolean, string]>([
    ['127.0.0.1', 3128, at('127.0.0.1', 3128), true, 'the very address'],
    ['127.0.0.1', 3129, at('127.0.0.1', 3128), false, 'another port'],
    ['127.0.0.2', 3128, at('127.0.0.1', 3128), false, 'another loopback address'],
    ['0.0.0.0', 3128, at('127.0.0.1', 3128), true, 'dialled as this host'],
    ['::', 3128, at('::1', 3128), true, 'dialled as this host'],
    ['127.0.0.9', 3128, at('0.0.0.0', 3128), true, 'all of loopback is taken'],
    ['192.168.7.5', 3128, at('0.0.0.0', 3128), true, 'an address of an interface'],
    ['192.168.7.5', 3128, at('::', 3128), true, 'taken in both families'],
    ['2001:db8::5', 3128, at('::', 3128), true, 'an address of an interface'],
    ['192.168.7.6', 3128, at('0.0.0.0', 3128), false, 'another host'],
    ['192.168.7.5', 3128, at('127.0.0.1', 3128), false, 'not listening there'],
  ])('%s port %i: %o is %s (%s)', (to, port, listener, own) => {
    expect(isOwnListener(ip(to), port, [listener], interfaces)).toBe(own)
  })
})

function prefixesOf(version: 4 | 6): string[] {
  return PREFIXES.map(([prefix]) => prefix).filter((p) => cidr(p).base.version === version)
}

function bounds({ base, bits }: Cidr): { first: IpAddress; last: IpAddress } {
  return { first: base, last: fillHostBits({ base, bits }, new Uint8Array(16).fill(0xff)) }
}

function fillHostBits({ base, bits }: Cidr, noise: Uint8Array): IpAddress {
  return toIp(
    base.bytes.map((byte, i) => {
      const kept = Math.min(8, Math.max(0, bits - i * 8))
      return byte | ((noise[i] ?? 0) & (0xff >> kept))
    }),
  )
}

function neighbour(address: IpAddress, step: bigint): IpAddress | null {
  const digits = address.bytes.length * 2
  const value = BigInt(`0x${Buffer.from(address.bytes).toString('hex')}`) + step
  if (value < 0n || value >> BigInt(digits * 4) !== 0n) return null
  return toIp(Buffer.from(value.toString(16).padStart(digits, '0'), 'hex'))
}

function classOfNeighbour(address: IpAddress, step: bigint): AddressClass | null {
  const next = neighbour(address, step)
  return next && classifyAddress(next).class
}
