/** NAT64 prefixes: the examples of RFC 6052 section 2.4, what `ipv4only.arpa` reveals, and what a liar can make of it. */

import { describe, expect, test } from 'vitest'
import type { FamilyResult } from '../../src/locate/dns-answer.ts'
import { readPrefixes, unwrapNat64 } from '../../src/locate/nat64.ts'
import { createNat64 } from '../../src/locate/nat64-discovery.ts'
import { type Cidr, parseCidr } from '../../src/model/address.ts'
import { ip } from '../support/nouns.ts'

describe('the IPv4 address in an address', () => {
  test.each([
    ['2001:db8::/32', '2001:db8:c000:221::', ['192.0.2.33']],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::', ['192.0.2.33']],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::', ['192.0.2.33']],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::', ['192.0.2.33']],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::', ['192.0.2.33']],
    ['2001:db8:122:344::/96', '2001:db8:122:344::192.0.2.33', ['192.0.2.33']],
    // A translator that does not look at byte 8, or at what follows, would still deliver it.
    ['2001:db8:122:344::/64', '2001:db8:122:344:ffc0:2:2100:1', ['192.0.2.33']],
    ['2001:db8::/32', '2001:db9:c000:221::', []],
    ['2001:db8::/32', '192.0.2.33', []],
    // No translator uses this length.
    ['2001:db8::/80', '2001:db8::c000:221', []],
  ])('under %s, %s: %j', (prefix, address, want) => {
    expect(unwrapNat64([cidr(prefix)], ip(address)).map((each) => each.text)).toEqual(want)
  })

  test('is what every prefix makes of it, each once', () => {
    const prefixes = ['2001:db8::/32', '2001:db8::/96', '2001:db8::/64'].map(cidr)
    const found = unwrapNat64(prefixes, ip('2001:db8::a00:1'))
    expect(found.map((each) => each.text)).toEqual(['0.0.0.0', '10.0.0.1', '0.0.0.10'])
  })
})

describe('ipv4only.arpa reveals', () => {
  test.each([
    [['64:ff9b::192.0.0.170', '64:ff9b::192.0.0.171'], ['64:ff9b::/96']],
    [['2001:db8:c000:aa::'], ['2001:db8::/32']],
    [['2001:db8:1c0:0:aa::'], ['2001:db8:100::/40']],
    [['2001:db8:122:c000:0:aa00::'], ['2001:db8:122::/48']],
    [['2001:db8:122:3c0:0:ab::'], ['2001:db8:122:300::/56']],
    [['2001:db8:122:344:c0:0:aa00:0'], ['2001:db8:122:344::/64']],
    [['2001:db8:122:344::c000:ab'], ['2001:db8:122:344::/96']],
    // At two places: both count, because both might be meant.
    [['2001:db8:c000:aa::c000:aa'], ['2001:db8::/32', '2001:db8:c000:aa::/96']],
    [
      ['2001:db8:1::c000:aa', '2001:db8:2::c000:aa'],
      ['2001:db8:1::/96', '2001:db8:2::/96'],
    ],
    // Byte 8 has to be zero, and the address one of the two.
    [['2001:db8:122:344:100::c000:aa'], []],
    [['2001:db8::c000:ac', '2001:db8::1', '192.0.0.170'], []],
    [[], []],
  ])('%j: %j', (addresses, want) => {
    expect(readPrefixes(addresses.map(ip)).map(shown)).toEqual(want)
  })

  test('16 prefixes at most', () => {
    const many = Array.from({ length: 100 }, (_, i) => ip(`2001:db8:${i}::c000:aa`))
    expect(readPrefixes(many)).toHaveLength(16)
  })
})

describe('what is known', () => {
  const FOUND: FamilyResult = {
    addresses: [ip('2001:db8:64::c000:aa')],
    cnames: [],
    source: 'test',
    ttl: 60,
  }
  const absent = (code: 'dns-not-found' | 'dns-timeout' | 'dns-failed'): FamilyResult => ({
    problem: { code, detail: '' },
    ttl: 1,
  })
  const WRAPPED = ip('2001:db8:64::a00:1')

  function open(...results: FamilyResult[]) {
    const state = { time: 1_000_000, asked: [] as string[] }
    const lookUp = async (name: string) => {
      state.asked.push(name)
      return results.shift() ?? absent('dns-failed')
    }
    const nat64 = createNat64(lookUp, { now: () => state.time })
    const known = () => nat64.unwrap(WRAPPED).map((each) => each.text)
    return { nat64, state, known }
  }

  test('is asked for once, by all who need it at the same time, and again when it has expired', async () => {
    const { nat64, state, known } = open(FOUND, FOUND)
    expect(known()).toEqual([])
    await Promise.all([nat64.discover(), nat64.discover()])
    await nat64.discover()
    expect([known(), state.asked]).toEqual([['10.0.0.1'], ['ipv4only.arpa']])
    state.time += 59_999
    await nat64.discover()
    expect(state.asked).toHaveLength(1)
    state.time += 1
    await nat64.discover()
    expect(state.asked).toHaveLength(2)
  })

  test.each([
    ['silence', 'dns-timeout'],
    ['a failure', 'dns-failed'],
  ] as const)('outlives %s, after which it is asked for again in 5 s', async (_, code) => {
    const { nat64, state, known } = open(FOUND, absent(code), absent(code))
    await nat64.discover()
    state.time += 60_000
    await nat64.discover()
    expect(known()).toEqual(['10.0.0.1'])
    state.time += 4_999
    await nat64.discover()
    expect(state.asked).toHaveLength(2)
    state.time += 1
    await nat64.discover()
    expect(state.asked).toHaveLength(3)
  })

  test('ends when a server says that there is no translator', async () => {
    const { nat64, state, known } = open(FOUND, absent('dns-not-found'))
    await nat64.discover()
    state.time += 60_000
    await nat64.discover()
    expect(known()).toEqual([])
  })

  test.each(['other servers are asked', 'the clock is set back'])(
    'is asked for again when %s, and kept until then',
    async (change) => {
      const { nat64, state, known } = open(FOUND, FOUND)
      await nat64.discover()
      if (change === 'the clock is set back') state.time -= 3_600_000
      else nat64.expire()
      expect(known()).toEqual(['10.0.0.1'])
      await nat64.discover()
      expect(state.asked).toHaveLength(2)
    },
  )
})

function cidr(text: string): Cidr {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(text)
  return parsed
}

function shown({ base, bits }: Cidr): string {
  return `${base.text}/${bits}`
}
