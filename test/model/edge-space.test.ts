import { describe, expect, test } from 'vitest'
import { parseCidr } from '../../src/model/address.ts'
import { NO_EDGES, toEdgeSpace } from '../../src/model/edge-space.ts'
import { ip } from '../support/nouns.ts'

function block(name: string, ...prefixes: string[]) {
  const cidrs = prefixes.map((text) => {
    const cidr = parseCidr(text)
    if (!cidr) throw new Error(`not a prefix: ${text}`)
    return cidr
  })
  return { name, asOf: '2026-08-22', prefixes: cidrs }
}

describe('space that is served from many places', () => {
  const space = toEdgeSpace([
    block('one', '203.0.113.0/24', '192.0.2.64/26', '2001:db8:8000::/33'),
    block('two', '198.51.100.7/32', '192.0.2.128/25', '2001:db8:1::/48', '255.255.255.0/24'),
  ])

  test.each([
    ['the first address of a block', '192.0.2.64', 'one', '192.0.2.64/26'],
    ['its last', '192.0.2.127', 'one', '192.0.2.64/26'],
    ['the block right behind it', '192.0.2.128', 'two', '192.0.2.128/25'],
    ['a single address', '198.51.100.7', 'two', '198.51.100.7/32'],
    ['the last block', '203.0.113.200', 'one', '203.0.113.0/24'],
    ['the last address of all', '255.255.255.255', 'two', '255.255.255.0/24'],
    ['IPv6', '2001:db8:1:ffff::1', 'two', '2001:db8:1::/48'],
    ['IPv6, not at a byte', '2001:db8:ffff::', 'one', '2001:db8:8000::/33'],
  ])('%s', (_, address, name, prefix) => {
    expect(space.find(ip(address))).toEqual({ name, asOf: '2026-08-22', prefix })
  })

  test.each([
    ['before all', '0.0.0.0'],
    ['right before a block', '192.0.2.63'],
    ['right behind one', '203.0.114.0'],
    ['beside a single address', '198.51.100.8'],
    ['IPv6 between', '2001:db8:2::1'],
    ['IPv6 with the bytes of a block', 'cb00:7100::1'],
    ['IPv6 before all', '::1'],
  ])('not %s', (_, address) => {
    expect(space.find(ip(address))).toBeNull()
  })

  test('nothing is known of none', () => {
    expect(toEdgeSpace([]).find(ip('192.0.2.1'))).toBeNull()
    expect(NO_EDGES.find(ip('192.0.2.1'))).toBeNull()
  })
})
