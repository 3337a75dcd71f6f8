/** How evidence is weighed: what outweighs what, what widens, what contradicts, and what is never guessed over. */

import { describe, expect, test } from 'vitest'
import { conclude } from '../../src/locate/conclude.ts'
import type { Evidence } from '../../src/model/evidence.ts'
import type { Regions } from '../../src/model/region.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'

function piece(
  kind: Evidence['kind'],
  claim: Regions,
  address: string | null = null,
  strength: Evidence['strength'] = kind === 'geoip' ? 'weak' : 'strong',
): Evidence {
  const detail = `${kind} says ${claim.join(', ') || 'nothing'}`
  return { kind, source: kind, asOf: '2026-01-31', claim, strength, address, detail }
}

const declared = (claim: Regions, address: string | null = null) =>
  piece('declaration', claim, address)
const breadth = (...claim: string[]) => piece('request-breadth', claim)
const asked = (...claim: string[]) => piece('request-region', claim)
const catalogue = (...claim: string[]) => piece('catalogue', claim)
const leaving = piece('catalogue', ['*'], null, 'weak')
const hinted = (...claim: string[]) => piece('request-region', claim, null, 'weak')
const host = (...claim: string[]) => piece('host', claim)
const table = (claim: Regions, address = A) => piece('table', claim, address)
const oldTable = (claim: Regions) => piece('table', claim, A, 'weak')
const edge = (address: string | null = A) => piece('edge', [], address)
const geofeed = (claim: Regions, address = A) => piece('geofeed', claim, address)
const geoip = (claim: Regions, address = A) => piece('geoip', claim, address)

describe('where data is processed', () => {
  test.each<[string, Evidence[], Regions, string[]?]>([
    ['nothing at all', [], []],
    ['one country file', [geoip(['DE'])], ['DE']],
    ['two country files: both', [geoip(['DE']), geoip(['FR'])], ['DE', 'FR']],
    ['two country files that agree', [geoip(['DE']), geoip(['DE'])], ['DE']],
    ['a silent country file', [geoip(['DE']), geoip([])], []],
    ['the first of three silent', [geoip([]), geoip(['DE']), geoip(['DE'])], []],
    ['a single country file, silent', [geoip([])], []],
    ['two addresses: both', [geoip(['DE']), geoip(['US'], B)], ['DE', 'US'], [A, B]],
    ['two addresses, one unknown', [geoip(['DE']), geoip([], B)], [], [A, B]],

    ['a declared prefix outweighs country files', [declared(['DE'], A), geoip(['US'])], ['DE']],
    ['a declared prefix outweighs a table', [declared(['DE'], A), table(['US'])], ['DE']],
    ['a declared prefix outweighs an edge', [declared(['DE'], A), edge()], ['DE']],
    ['a declared prefix outweighs the catalogue', [declared(['DE'], A), catalogue('*')], ['DE']],
    ['a declared host outweighs everything', [declared(['DE']), table(['US']), host('US')], ['DE']],
    ['a declared host, no address', [declared(['DE'])], ['DE'], []],
    ['host and prefix agree', [declared(['DE', 'IE']), declared(['IE'], A)], ['IE']],
    ['host and prefix contradict', [declared(['DE']), declared(['US'], A)], []],
    ['a host declared to be anywhere', [declared(['*']), declared(['US'], A)], ['US']],
    ['declared unknown', [declared([]), geoip(['DE'])], []],
    [
      'an entry that says no place',
      [piece('declaration', [], null, 'none'), geoip(['DE'])],
      ['DE'],
    ],

    ['a table outweighs country files', [table(['DE']), geoip(['US'])], ['DE']],
    ['a table without a region: country files do not fill in', [table([]), geoip(['US'])], []],
    ['an old table and country files that agree', [oldTable(['DE']), geoip(['DE'])], ['DE']],
    ['an old table and country files: both', [oldTable(['DE']), geoip(['US'])], ['DE', 'US']],
    ['an old table where country files are silent', [oldTable(['DE']), geoip([])], ['DE']],
    ['an edge removes country files', [edge(), geoip(['US'])], []],
    ['an edge removes a geofeed', [edge(), geofeed(['DE']), geoip(['US'])], []],
    ['a host that leads over an edge', [edge(null), geoip(['US'])], []],
    ['a host that leads over an edge to a listed region', [edge(null), table(['DE'])], ['DE']],
    ['a geofeed outweighs country files', [geofeed(['DE']), geoip(['US'])], ['DE']],
    ['a geofeed that says nothing', [geofeed([]), geoip(['US'])], ['US']],
    ['an old geofeed', [piece('geofeed', ['DE'], A, 'weak'), geoip(['US'])], ['US']],

    ['the catalogue, over country files', [catalogue('DE', 'FR'), geoip(['US'])], ['DE', 'FR']],
    ['the catalogue, at an edge', [catalogue('DE'), edge(), geoip(['US'])], ['DE']],
    ['the catalogue says anywhere', [catalogue('*'), table(['DE'])], ['*']],
    ['the catalogue says nobody can know', [catalogue(), table(['DE'])], []],
    ['a host pattern, over country files', [host('DE'), geoip(['US'])], ['DE']],
    ['a host pattern with an unknown region', [host(), table(['DE']), geoip(['DE'])], []],
    ['a vendor that promises no place outweighs a name', [catalogue('*'), host('DE')], ['*']],
    ['and a signature', [catalogue('*'), asked('DE')], ['*']],
    ['a host pattern and the catalogue agree', [catalogue('DE', 'FR'), host('DE')], ['DE']],
    [
      'a name without a region, of which its vendor says the place',
      [catalogue('DE'), host()],
      ['DE'],
    ],
    ['a host pattern and the catalogue contradict', [catalogue('US'), host('DE')], []],
    ['a host pattern and the table agree', [host('DE'), table(['DE'])], ['DE']],
    ['a host pattern and the table contradict', [host('DE'), table(['US'])], []],
    ['a host pattern and an old table contradict', [host('DE'), oldTable(['US'])], ['DE']],
    [
      'a host pattern without strength',
      [piece('host', ['DE'], null, 'none'), geoip(['US'])],
      ['US'],
    ],
    ['one of two addresses contradicts', [host('DE'), table(['DE']), table(['US'], B)], [], [A, B]],

    ['a request names a region of a global host', [host('*'), asked('DE')], ['DE']],
    ['a vendor that leaves it to the request', [leaving, asked('DE')], ['DE']],
    ['which says nothing', [leaving, geoip(['DE'])], ['*']],
    ['a request hints at a region of a global host', [host('*'), hinted('DE')], ['*']],
    ['and of a host nobody knows', [hinted('DE'), geoip(['US'])], ['US']],
    ['a hint, where the vendor leaves it to the request', [leaving, hinted('DE')], ['DE']],
    ['a request contradicts the host', [host('DE'), asked('US')], []],
    ['a request contradicts the table', [asked('DE'), table(['US'])], []],
    ['a request asks for more', [host('DE'), breadth('*')], ['*']],
    ['a request asks for more of a table', [table(['DE']), breadth('IE')], ['DE', 'IE']],
    [
      'a request widens the operator’s declaration',
      [declared(['DE']), breadth('US')],
      ['DE', 'US'],
    ],
    ['a request makes it fetch who knows where', [host('DE'), breadth()], []],
    ['a request cannot make a contradiction good', [host('DE'), table(['US']), breadth('*')], []],
  ])('%s', (_, pieces, expected, addresses = [A]) => {
    const conclusion = conclude(pieces, addresses)
    expect(conclusion.regions).toEqual(expected)
    expect(conclusion.why).not.toBe('')
    // The order in which sources are asked decides nothing.
    expect(conclude([...pieces].reverse(), addresses).regions).toEqual(expected)
  })
})

describe('where the address is', () => {
  test.each<[string, Evidence[], Regions]>([
    ['a table', [table(['DE']), catalogue('*')], ['DE']],
    ['an edge under a catalogue entry', [edge(), catalogue('DE')], []],
    ['country files under a host pattern', [geoip(['US']), host('DE')], ['US']],
    ['a declared host says nothing about the way', [declared(['DE']), geoip(['US'])], ['US']],
    ['a declared prefix does', [declared(['DE'], A), geoip(['US'])], ['DE']],
  ])('%s', (_, pieces, expected) => {
    expect(conclude(pieces, [A]).network).toEqual(expected)
  })

  test('each address has its own', () => {
    const { places } = conclude([table(['DE']), table(['US'], B)], [A, B])
    expect(places).toEqual([
      { address: A, regions: ['DE'], network: ['DE'] },
      { address: B, regions: ['US'], network: ['US'] },
    ])
  })
})

describe('what did not count is named, with the reason', () => {
  test.each<[string, Evidence[], Evidence['kind'], string]>([
    ['country files at an edge', [edge(), geoip(['US'])], 'geoip', 'many places'],
    ['country files under a table', [table(['DE']), geoip(['US'])], 'geoip', 'knows better'],
    [
      'country files under the catalogue',
      [catalogue('DE'), geoip(['US'])],
      'geoip',
      'owner processes',
    ],
    ['a table under a declaration', [declared(['DE']), table(['US'])], 'table', 'declaration'],
    [
      'the catalogue under a declaration',
      [declared(['DE']), catalogue('US')],
      'catalogue',
      'declaration',
    ],
  ])('%s', (_, pieces, kind, why) => {
    const { discarded } = conclude(pieces, [A])
    expect([...discarded].map(([{ kind }]) => kind)).toEqual([kind])
    expect([...discarded.values()][0]).toContain(why)
  })

  test('what counted is not', () => {
    expect(conclude([host('DE'), table(['DE'])], [A]).discarded.size).toBe(0)
    expect(conclude([geoip(['DE']), geoip(['FR'])], [A]).discarded.size).toBe(0)
  })
})

test('the sentence names what it rests on, and what contradicts', () => {
  expect(conclude([declared(['DE']), geoip(['US'])], [A]).why).toBe('declaration says DE')
  expect(conclude([geoip(['DE'])], [A]).why).toBe('192.0.2.1 is in DE by GeoIP')
  expect(conclude([geoip([])], [A]).why).toBe('GeoIP does not place 192.0.2.1')
  expect(conclude([host('DE'), table(['US'])], [A]).why).toBe(
    'host says DE, but table says US: they contradict',
  )
  expect(conclude([host('DE'), breadth('*')], [A]).why).toBe('host says DE; request-breadth says *')
})
