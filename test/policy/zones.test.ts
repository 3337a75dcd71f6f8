/** Zones are sets of countries: nested, closed, spelt exactly. */

import { describe, expect, test } from 'vitest'
import { isCountry } from '../../src/model/region.ts'
import { compileZones, toZone, type ZoneTable } from '../../src/policy/zones.ts'
import { BUILTIN } from './support.ts'

function compile(written: Record<string, readonly string[]>) {
  const problems: string[] = []
  const table = compileZones(written, BUILTIN, (path, message, hint) => {
    problems.push(`${path.join('.')}: ${message}${hint ? ` (${hint})` : ''}`)
  })
  return { table, problems }
}

const codes = (table: ZoneTable, name: string) => [...(table.get(name) ?? [])].sort().join(' ')

describe('what is built in', () => {
  const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'

  test.each([
    ['EU', EU, 27],
    ['EEA', [...EU.split(' '), 'IS', 'LI', 'NO'].sort().join(' '), 30],
    ['EFTA', 'CH IS LI NO', 4],
    ['UK', 'GB', 1],
  ])('%s', (name, members, count) => {
    expect(codes(BUILTIN, name)).toBe(members)
    expect(BUILTIN.get(name)?.size).toBe(count)
  })

  test('holds assigned codes only, and no name that is a code', () => {
    for (const [name, countries] of BUILTIN) {
      expect([...countries].filter((code) => !isCountry(code))).toEqual([])
      expect(isCountry(name)).toBe(false)
    }
  })

  test.each(['GB', 'CH', 'US', 'TR', 'GP', 'GL', 'AX', 'JE', 'IM', 'SJ'])(
    '%s is not in the EEA',
    (code) => {
      expect(BUILTIN.get('EEA')?.has(code)).toBe(false)
    },
  )
})

describe('zones of an operator', () => {
  test.each([
    ['countries', { a: ['DE', 'FR'] }, 'DE FR'],
    ['the same country twice', { a: ['DE', 'DE'] }, 'DE'],
    ['a built-in zone and a country', { a: ['EFTA', 'DE'] }, 'CH DE IS LI NO'],
    ['a zone defined before', { b: ['DE'], a: ['b', 'FR'] }, 'DE FR'],
    ['a zone defined later', { a: ['b', 'FR'], b: ['DE'] }, 'DE FR'],
    ['four deep', { a: ['b'], b: ['c'], c: ['d'], d: ['UK', 'UK'] }, 'GB'],
    ['two ways to one zone', { a: ['b', 'c'], b: ['d'], c: ['d'], d: ['SE'] }, 'SE'],
    ['zones that overlap', { a: ['EU', 'EEA', 'DE'] }, codes(BUILTIN, 'EEA')],
    ['XK, which is not in ISO 3166', { a: ['XK'] }, 'XK'],
    ['a name every object has', { constructor: ['US'], a: ['constructor'] }, 'US'],
    ['another such name', { toString: ['US'], a: ['toString'] }, 'US'],
  ])('%s', (_, written, expected) => {
    const { table, problems } = compile(written as Record<string, readonly string[]>)
    expect(problems).toEqual([])
    expect(codes(table, 'a')).toBe(expected)
  })

  const ISO = 'use ISO 3166-1 codes such as DE, or a zone such as EEA'
  test.each<[string, Record<string, readonly string[]>, string[]]>([
    ['a zone of itself', { a: ['a'] }, ['a.0: zone `a` contains itself']],
    [
      'two zones of each other, said once',
      { a: ['DE', 'b'], b: ['a'] },
      ['b.0: zone `a` contains itself'],
    ],
    [
      'a circle of three, and a zone that leads into it',
      { x: ['a'], a: ['b'], b: ['c'], c: ['a', 'DE'] },
      ['c.0: zone `a` contains itself'],
    ],
    [
      'every unknown member, not only the first',
      { a: ['DE', 'Atlantis', 'FR', 'Mu'] },
      [
        `a.1: \`Atlantis\` is neither a zone nor a country code (${ISO})`,
        `a.3: \`Mu\` is neither a zone nor a country code (did you mean \`MU\`?)`,
      ],
    ],
    [
      'a country in lower case',
      { a: ['de'] },
      ['a.0: `de` is neither a zone nor a country code (did you mean `DE`?)'],
    ],
    [
      'a built-in zone in lower case',
      { a: ['eea'] },
      ['a.0: `eea` is neither a zone nor a country code (did you mean `EEA`?)'],
    ],
    [
      'a zone of the operator in another case',
      { a: ['Europe'], europe: ['CH'] },
      ['a.0: `Europe` is neither a zone nor a country code (did you mean `europe`?)'],
    ],
    ['nothing at all', { a: [''] }, [`a.0: \`\` is neither a zone nor a country code (${ISO})`]],
    ['anywhere', { a: ['*'] }, [`a.0: \`*\` is neither a zone nor a country code (${ISO})`]],
    [
      'a property of every object',
      { a: ['valueOf', '__proto__'] },
      [
        `a.0: \`valueOf\` is neither a zone nor a country code (${ISO})`,
        `a.1: \`__proto__\` is neither a zone nor a country code (${ISO})`,
      ],
    ],
    [
      'the code the EU uses for Greece',
      { a: ['EL'] },
      [`a.0: \`EL\` is neither a zone nor a country code (${ISO})`],
    ],
    ...['EEA', 'eea', 'Uk', 'DE', 'de', 'xk'].map(
      (name): [string, Record<string, readonly string[]>, string[]] => [
        `a name that is taken: ${name}`,
        { [name]: ['US'] },
        [`${name}: \`${name}\` is built in and cannot be redefined (choose another name)`],
      ],
    ),
  ])('%s is refused', (_, written, expected) => {
    expect(compile(written).problems).toEqual(expected)
  })

  test('a name that is taken changes nothing', () => {
    const { table } = compile({ EU: ['US'], a: ['EU'] })
    expect(codes(table, 'a')).toBe(codes(BUILTIN, 'EU'))
  })

  test('many ways to one zone are walked once', () => {
    const levels = Array.from({ length: 60 }, (_, i) => [
      `level${i}`,
      Array.from({ length: 50 }, () => (i === 59 ? 'DE' : `level${i + 1}`)),
    ])
    const { table, problems } = compile(Object.fromEntries(levels))
    expect(problems).toEqual([])
    expect(codes(table, 'level0')).toBe('DE')
  })

  test('a chain as long as it may be is followed, a longer one refused', () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, i) => [`z${i}`, [i + 1 < length ? `z${i + 1}` : 'DE']]),
      )
    expect(codes(compile(chain(1_000)).table, 'z0')).toBe('DE')
    expect(compile(chain(100_000)).problems).toEqual([': there are more than 1000 zones'])
  })
})

describe('one zone out of several names', () => {
  const problems: string[] = []
  const report = (path: readonly (string | number)[], message: string) => {
    problems.push(`${path.join('.')}: ${message}`)
  }

  test('is the union, under the names as written', () => {
    const zone = toZone(['EFTA', 'GB', 'CH'], BUILTIN, report)
    expect(zone.name).toBe('EFTA, GB, CH')
    expect([...zone.countries].sort()).toEqual(['CH', 'GB', 'IS', 'LI', 'NO'])
  })

  test('has a name that stays short', () => {
    const names = 'AT BE BG CY CZ DE DK EE ES FI'.split(' ')
    expect(toZone(names, BUILTIN, report).name).toBe('AT, BE, BG, CY, CZ, DE, DK, EE and 2 more')
  })

  test('needs at least one', () => {
    problems.length = 0
    expect(toZone([], BUILTIN, report).countries.size).toBe(0)
    expect(problems).toEqual([': no zone is named'])
  })
})
