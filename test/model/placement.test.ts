import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Placement, place } from '../../src/model/placement.ts'
import {
  ANYWHERE,
  intersectRegions,
  isCountry,
  toRegions,
  UNKNOWN,
  unionRegions,
} from '../../src/model/region.ts'

const zone = { name: 'z', countries: new Set(['DE', 'FR']) }

describe('a set of countries lies to a zone', () => {
  test.each<[readonly string[], Placement]>([
    [['DE'], 'inside'],
    [['DE', 'FR'], 'inside'],
    [['US'], 'outside'],
    [['CN', 'US'], 'outside'],
    [['DE', 'US'], 'straddling'],
    [ANYWHERE, 'straddling'],
    [UNKNOWN, 'unknown'],
  ])('%j: %s', (regions, expected) => {
    expect(place(regions, zone)).toBe(expected)
  })

  test('more possible countries never make it safer', () => {
    const countries = fc.subarray(['DE', 'FR', 'US', 'CN'], { minLength: 1 })
    const danger: Readonly<Record<Placement, number>> = {
      inside: 0,
      straddling: 1,
      outside: 2,
      unknown: 3,
    }
    fc.assert(
      fc.property(countries, countries, (a, b) => {
        const both = place(unionRegions(toRegions(a), toRegions(b)), zone)
        if (both === 'inside') {
          expect(danger[place(toRegions(a), zone)] + danger[place(toRegions(b), zone)]).toBe(0)
        }
      }),
    )
  })
})

describe('sets of countries', () => {
  test.each([
    [['DE'], ['FR'], ['DE', 'FR']],
    [['DE'], [], []],
    [[], [], []],
    [['*'], ['DE'], ['*']],
  ])('%j or %j is %j', (a, b, expected) => {
    expect(unionRegions(a, b)).toEqual(expected)
  })

  test.each([
    [['DE', 'FR'], ['FR', 'IT'], ['FR']],
    [['DE'], ['FR'], null],
    [['*'], ['DE'], ['DE']],
    [['DE'], ['*'], ['DE']],
  ])('%j and %j is %j', (a, b, expected) => {
    expect(intersectRegions(a, b)).toEqual(expected)
  })

  test('are sorted, without doubles', () => {
    expect(toRegions(['US', 'DE', 'US'])).toEqual(['DE', 'US'])
  })

  test.each(['DE', 'GB', 'HK', 'MO', 'TW', 'XK', 'PS', 'GG', 'JE', 'IM', 'GP', 'AX'])(
    '%s is a country code',
    (code) => {
      expect(isCountry(code)).toBe(true)
    },
  )

  test.each(['', 'de', 'UK', 'EU', 'XX', 'ZZ', 'AN', 'DEU', '*', ' DE'])('%j is none', (code) => {
    expect(isCountry(code)).toBe(false)
  })
})
