import { describe, expect, test } from 'vitest'
import { type AddressEvidence, conclude } from '../../src/locate/conclude.ts'
import type { Declaration } from '../../src/model/declaration.ts'
import type { Regions } from '../../src/model/region.ts'

const host = (regions: Regions): Declaration => ({
  host: { text: 'api.test', specificity: 10_000, matches: () => true },
  cidr: null,
  regions,
  allowed: null,
  because: 'a contract',
  expiresAt: null,
})
const address = (geoip: Regions, declared: Regions | null = null): AddressEvidence => ({
  address: '192.0.2.1',
  declared: declared && { ...host(declared), host: null },
  geoip,
})

describe('a declaration outweighs GeoIP, GeoIP counts as far as it speaks', () => {
  test.each<[string, Regions | null, AddressEvidence[], Regions]>([
    ['nothing but GeoIP', null, [address(['DE'])], ['DE']],
    ['the union of files', null, [address(['DE', 'FR'])], ['DE', 'FR']],
    ['a silent file', null, [address([])], []],
    ['two addresses', null, [address(['DE']), address(['US'])], ['DE', 'US']],
    ['two addresses, one unknown', null, [address(['DE']), address([])], []],
    ['a declared prefix', null, [address(['US'], ['DE'])], ['DE']],
    ['a declared prefix where GeoIP is silent', null, [address([], ['DE'])], ['DE']],
    [
      'one address declared, the other not',
      null,
      [address(['US'], ['DE']), address(['US'])],
      ['DE', 'US'],
    ],
    ['a declared host', ['DE'], [address(['US'])], ['DE']],
    ['a declared host without an address', ['DE'], [], ['DE']],
    ['a host and a prefix that agree', ['DE', 'IE'], [address(['US'], ['IE'])], ['IE']],
    ['a host and a prefix that contradict', ['DE'], [address(['DE'], ['US'])], []],
    ['a host that is anywhere, and a prefix', ['*'], [address([], ['US'])], ['US']],
    ['no address and no declaration', null, [], []],
  ])('%s', (_, declared, addresses, expected) => {
    const conclusion = conclude(declared && host(declared), addresses)
    expect(conclusion.regions).toEqual(expected)
    expect(conclusion.why).not.toBe('')
  })

  test('the sentence names what it rests on', () => {
    expect(conclude(host(['DE']), [address(['US'])]).why).toBe(
      'api.test is declared to be DE (a contract)',
    )
    expect(conclude(null, [address(['DE'])]).why).toBe('192.0.2.1 is in DE by GeoIP')
    expect(conclude(null, [address([])]).why).toBe('GeoIP does not place 192.0.2.1')
    expect(conclude(host(['DE']), [address([], ['US'])]).why).toContain('they contradict')
  })
})
