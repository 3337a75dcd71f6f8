/** The pass: what it finds does not depend on pieces, what it holds back is bounded, what overlaps is made disjoint. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Recognizer } from '../../../src/inspect/recognizers/recognizer.ts'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { MAX_HELD } from '../../../src/inspect/scan/scanner.ts'
import { findIn, findInPieces, textsIn } from './scanning.ts'

const scanner = createScanner(RECOGNIZERS)

describe('context', () => {
  test.each([
    ['a word before', 'the routing number is 021000021 today', ['us-aba-routing 021000021']],
    ['a word behind', '021000021 is the routing number', ['us-aba-routing 021000021']],
    ['no word', 'ticket 021000021 was closed', []],
    ['a word of the next field', 'id=021000021, routing=x', []],
    ['a word of the field before', '{"routing":"x"},{"id":021000021}', []],
    ['a key in JSON', '{"bankRoutingNumber": "021000021"}', ['us-aba-routing 021000021']],
    ['a word of another script', '電話: 030 901820', ['phone 030 901820']],
    ['a word that goes on', 'мой Телефонный номер 030 901820', ['phone 030 901820']],
    ['a word of another script behind', '030-9018-2000 は電話番号です', ['phone 030-9018-2000']],
    ['an abbreviation', 'C.F. RSSMRA85T10A562S', ['it-codice-fiscale RSSMRA85T10A562S']],
    ['a word at the end of the text', '021000021 is my RTN', ['us-aba-routing 021000021']],
    ['a word of the next sentence', 'ticket 021000021. The routing', []],
    ['the number of what is said', 'routing number #021000021', ['us-aba-routing 021000021']],
    ['the number of something else', 'routing changed in ticket #021000021', []],
    [
      'what was said of another one',
      'routing 021000021, ok? Ticket 121000358',
      ['us-aba-routing 021000021'],
    ],
    ['what is said last', 'routing, build 021000021', []],
    ['too far away', `routing ${'.'.repeat(60)} 021000021`, []],
  ])('%s', (_, text, want) => {
    expect(textsIn(scanner, text)).toEqual(want)
  })

  test('the name a text stands under', () => {
    expect(textsIn(scanner, '021000021', 'aba_routing')).toEqual(['us-aba-routing 021000021'])
    expect(textsIn(scanner, '021000021', 'orderNumber')).toEqual([])
    expect(textsIn(scanner, ' Ada Lovelace ', 'customerFirstName')).toEqual([
      'person-name Ada Lovelace',
    ])
    expect(textsIn(scanner, 'Ada Lovelace', 'first_name_required')).toEqual([])
    expect(textsIn(scanner, '737', 'CVV')).toEqual(['card-security-code 737'])
    expect(textsIn(scanner, '090 1234 5678', '携帯電話')).toEqual(['phone 090 1234 5678'])
    expect(textsIn(scanner, 'Лавлейс', 'Фамилия')).toEqual(['person-name Лавлейс'])
  })

  test('a bare number under a name for something else wants a word', () => {
    expect(textsIn(scanner, '4111111111111111')).toEqual(['payment-card 4111111111111111'])
    expect(textsIn(scanner, '4111111111111111', 'contentHash')).toEqual([])
    expect(textsIn(scanner, '4111-1111-1111-1111', 'contentHash')).toEqual([
      'payment-card 4111-1111-1111-1111',
    ])
  })
})

describe('what stands alone', () => {
  test.each([
    ['a decimal', '0.4111111111111111'],
    ['before a decimal point', '4111111111111111.5'],
    ['a piece of a UUID', '00000000-4111111111111111-0000'],
    ['more digits', '94111111111111111'],
    ['a piece of hex', 'a4111111111111111'],
    ['a column of numbers', '1234 4111 1111 1111 1111 1234'],
    ['an exponent', '4111111111111111e10'],
  ])('%s is no card', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })

  test.each([
    ['the end of a sentence', 'It is 4111111111111111.'],
    ['a label with a dash', 'visa-4111111111111111'],
    ['letters of another script', '卡号4111111111111111。'],
    ['an escaped line end', 'a\\n4111111111111111\\n'],
    ['an escaped character', 'a\\u00204111111111111111'],
    ['a list', '1,4111111111111111,2'],
  ])('%s: a card', (_, text) => {
    expect(textsIn(scanner, text)).toEqual(['payment-card 4111111111111111'])
  })
})

test.each([
  ['blanks that do not break', '4111\u00a01111\u00a01111\u00a01111'],
  ['thin blanks', '4111\u202f1111\u202f1111\u202f1111'],
  ['dashes that do not break', '4111\u20111111\u20111111\u20111111'],
])('between groups: %s', (_, text) => {
  expect(textsIn(scanner, `card ${text}.`)).toEqual([`payment-card ${text}`])
})

const PIECES = [
  'ada@example.com',
  'john.4111111111111111@example.org',
  '4111 1111 1111 1111',
  '4111111111111111',
  'DE89 3704 0044 0532 0130 00',
  'GB29NWBK60161331926819',
  '+49 30 901820',
  'routing ',
  '021000021',
  ' ',
  '\n',
  '{"',
  '":"',
  '","',
  'cvv: 123',
  'pin=4711',
  '\\n',
  '\\u0020',
  '&',
  ',',
  '-',
  '.',
  '@',
  '+',
  ';',
  '%B4111111111111111^DOE/JOHN^2512101?',
  ';4111111111111111=2512101?',
  'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  'IBAN',
  'ß',
  '0',
  'x',
  '1990-01-02',
  ' | ',
  '\n--|--\n',
  '\nrouting | n\n--|--\n',
  'born ',
  'is ',
  '電話 ',
  '\u00a0',
  '\u2011',
  '\u2009',
  '\u2014',
]
const TEXT = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 })), { maxLength: 14 })
  .map((parts) => parts.join(''))

describe('pieces', () => {
  test('INVARIANT: the same text gives the same spans however it is cut', () => {
    fc.assert(
      fc.property(
        TEXT,
        fc.array(fc.nat(400), { maxLength: 20 }),
        fc.constantFrom(null, 'note', 'cvv', 'firstName', 'routing'),
        (text, cuts, name) => {
          const length = Buffer.byteLength(text)
          const inside = cuts.filter((cut) => cut < length)
          expect(findInPieces(scanner, text, inside, name).found).toEqual(
            findIn(scanner, text, name),
          )
        },
      ),
      { numRuns: 6000 },
    )
  })

  test('byte by byte', () => {
    fc.assert(
      fc.property(TEXT, (text) => {
        const cuts = Array.from({ length: Buffer.byteLength(text) }, (_, index) => index)
        expect(findInPieces(scanner, text, cuts).found).toEqual(findIn(scanner, text))
      }),
      { numRuns: 500 },
    )
  })

  test('a name that is the value before it, and leads to a secret, wherever it is cut', () => {
    const text = 'fornavn=Wachtwoord 1fE0f75AB314f6C67\\\\u0041%'
    const whole = findIn(scanner, text)
    expect(whole.at(-1)?.end).toBe(36)
    for (let cut = 1; cut < text.length; cut++)
      expect(findInPieces(scanner, text, [cut]).found).toEqual(whole)
  })

  test('what stands before a plus counts, wherever it is cut', () => {
    const text = ')+504 5550 5288 x'
    for (let cut = 1; cut < text.length; cut++)
      expect(findInPieces(scanner, text, [cut]).found).toEqual(findIn(scanner, text))
  })

  test('what a word was about counts in the next piece as well, wherever it is cut', () => {
    const text = 'phone 030 901820 10 01 .  9.97.00.13.00 and more'
    const whole = findIn(scanner, text)
    for (let cut = 1; cut < text.length; cut++)
      expect(findInPieces(scanner, text, [cut]).found).toEqual(whole)
  })

  test('of prose, nothing is held but the last word', () => {
    const text = 'The quick brown fox jumps over the lazy dog and then it sleeps '
    expect(findInPieces(scanner, text, [10, 25, 40]).mostHeld).toBeLessThanOrEqual(10)
  })
})

const ENDLESS: Recognizer = {
  type: 'block',
  class: 'secret',
  readiness: 'on',
  words: [],
  shapes: [
    {
      kind: 'anchor',
      literal: '<<<',
      rest: 'a-z',
      extent: (bytes, at, _floor, limit, out) => {
        let end = at + 3
        while (end < limit && bytes[end] === 0x61) end++
        out.start = at
        out.end = end
        out.reached = end === limit
      },
    },
    { kind: 'prefix', prefixes: ['tok-'], alphabet: 'a-z', min: 4, max: 100_000 },
    { kind: 'key', keys: ['blob'], loose: 'word' },
  ],
  basis: 'a test',
}

describe('without an end', () => {
  const endless = createScanner([ENDLESS])
  test.each([
    ['an anchor', `x <<<${'a'.repeat(9000)} y`, null],
    ['a prefix', `x tok-${'a'.repeat(9000)} y`, null],
    ['a value', `x blob=${'a'.repeat(9000)} y`, null],
    ['a whole text', 'a '.repeat(9000), 'blob'],
  ])('%s is one find, and little is held', (_, text, name) => {
    const whole = findIn(endless, text, name)
    expect(whole).toHaveLength(1)
    expect((whole[0]?.end ?? 0) - (whole[0]?.start ?? 0)).toBeGreaterThanOrEqual(9000)
    for (const step of [1000, 4096, 4097, 8192]) {
      const cuts = Array.from(
        { length: Math.floor(text.length / step) },
        (_, index) => (index + 1) * step,
      )
      const { found, mostHeld } = findInPieces(
        endless,
        text,
        cuts.filter((cut) => cut < text.length),
        name,
      )
      expect(found).toEqual(whole)
      expect(mostHeld).toBeLessThanOrEqual(MAX_HELD)
    }
  })
})
