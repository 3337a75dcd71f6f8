/** What is asked about one address, and what is not asked any more once somebody who knows better has spoken. */

import { describe, expect, test } from 'vitest'
import { type AddressSources, sayAddress } from '../../src/locate/address-evidence.ts'
import { conclude } from '../../src/locate/conclude.ts'
import type { Geoip } from '../../src/locate/geoip.ts'
import { compileTables } from '../../src/locate/tables/compile.ts'
import { decode } from '../../src/locate/tables/layout.ts'
import { createPrefixTables, NO_TABLES } from '../../src/locate/tables/prefix-tables.ts'
import { parseCidr } from '../../src/model/address.ts'
import { toEdgeSpace } from '../../src/model/edge-space.ts'
import { inputs, ip, open, REGIONS } from './tables/support.ts'

/** All the world is in the US. */
const GEOIP: Geoip = {
  files: () => [],
  lookup: () => [{ source: 'one', asOf: '2026-06-01', country: 'US' }],
  reload: async () => {},
}

const cidr = (text: string) => {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(`not a prefix: ${text}`)
  return parsed
}

const EDGES = toEdgeSpace([
  { name: 'Wide', asOf: '2026-08-22', prefixes: [cidr('198.51.0.0/16'), cidr('2001:db8::/32')] },
])

const NOW = Date.parse('2026-11-20T12:00:00Z')

const sources = (tables = NO_TABLES): AddressSources => ({
  geoip: GEOIP,
  tables: () => tables,
  edges: () => EDGES,
})

const place = (from: AddressSources, address: string) =>
  conclude(sayAddress(from, ip(address), address, NOW), [address]).regions

describe('without tables', () => {
  test('what is served from many places is no country', () => {
    expect(place(sources(), '198.51.100.1')).toEqual([])
    expect(place(sources(), '2001:db8::1')).toEqual([])
  })

  test('the rest is left to country files', () => {
    expect(place(sources(), '203.0.113.1')).toEqual(['US'])
  })

  test('the piece says who, since when and why', () => {
    const [edge] = sayAddress(sources(), ip('198.51.100.1'), '198.51.100.1', NOW)
    expect(edge).toEqual({
      kind: 'edge',
      source: 'edges: Wide',
      asOf: '2026-08-22',
      claim: [],
      strength: 'strong',
      address: '198.51.100.1',
      detail: '198.51.0.0/16 serves Wide, from many places at once',
    })
  })
})

describe('with tables', () => {
  const tables = open({ aws: ['198.51.100.0/24 eu-central-1', '198.51.101.0/24 edge'] })

  test.each([
    ['a region outranks it', '198.51.100.1', ['DE']],
    ['an edge is an edge', '198.51.101.1', []],
    ['what lies around is unknown', '198.51.102.1', []],
    ['where no table speaks it counts', '198.51.200.1', []],
    ['elsewhere country files count', '203.0.113.1', ['US']],
  ])('%s', (_, address, regions) => {
    expect(place(sources(tables), address)).toEqual(regions)
  })
})

describe('a table that was not seen to be current for 400 days is not believed alone', () => {
  const opened = (asOf: string | null, fetchedAt: string) => {
    const [input] = inputs({ aws: ['198.51.100.0/24 eu-central-1'] })
    if (!input) throw new Error('there is no table')
    const origin = { ...input.origin, asOf, fetchedAt }
    const decoded = decode(compileTables([{ ...input, origin }]))
    if ('fault' in decoded) throw new Error(decoded.fault)
    return createPrefixTables(decoded, REGIONS)
  }

  test.each([
    ['new', '2026-11-19', '2026-11-20T00:00:00.000Z', ['DE']],
    [
      'not changed for two years, asked for yesterday',
      '2024-11-19',
      '2026-11-19T00:00:00.000Z',
      ['DE'],
    ],
    ['without a date of its own', null, '2026-11-19T00:00:00.000Z', ['DE']],
    ['399 days', '2025-10-01', '2025-10-17T12:00:00.000Z', ['DE']],
    ['401 days', '2025-10-01', '2025-10-15T12:00:00.000Z', ['DE', 'US']],
  ])('%s', (_, asOf, fetchedAt, regions) => {
    expect(place(sources(opened(asOf, fetchedAt)), '198.51.100.1')).toEqual(regions)
  })
})
