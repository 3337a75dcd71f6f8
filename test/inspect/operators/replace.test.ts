/** What stands there instead: per operator, kind and place; valid wherever it is put. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveAgentKeys } from '../../../src/inspect/operators/keys.ts'
import {
  type Found,
  type Layer,
  type Means,
  replace,
} from '../../../src/inspect/operators/replace.ts'
import { createVault, VAULT_LIMITS } from '../../../src/inspect/operators/vault.ts'
import type { Operator } from '../../../src/model/finding.ts'

const MASTER = Buffer.alloc(32, 7)
const meansOf = (agent: string): Means => ({
  keys: deriveAgentKeys(MASTER, agent),
  vault: createVault(
    (name) => deriveAgentKeys(MASTER, name),
    VAULT_LIMITS,
    () => 0,
  ).for(agent),
  isReal: (_type, text) => luhn(text),
})
const MEANS = meansOf('ci')

function luhn(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const twice = Number(digit) * (i % 2 === 0 ? 1 : 2)
    return total + (twice > 9 ? twice - 9 : twice)
  }, 0)
  return digits.length > 1 && sum % 10 === 0
}

const found = (type: string, value: string): Found => ({
  type,
  value,
  class: type.startsWith('secret') ? 'secret' : type === 'payment-card' ? 'payment' : 'personal',
})
const mask = (keep: number): Operator => ({ kind: 'mask', keep })
const [LABEL, REMOVE, HASH, SURROGATE, TOKEN] = (
  ['label', 'remove', 'hash', 'surrogate', 'token'] as const
).map((kind): Operator => ({ kind })) as [Operator, Operator, Operator, Operator, Operator]

describe('what is put there', () => {
  const CARD = '4111 1111 1111 1111'
  const rows: readonly [string, string, string, Operator, Layer, string | RegExp][] = [
    ['a mask keeps separators', 'payment-card', CARD, mask(4), 'text', '**** **** **** 1111'],
    ['a mask may keep nothing', 'us-ssn', '078-05-1120', mask(0), 'text', '***-**-****'],
    ['a mask keeps the last four of nine', 'us-ssn', '078-05-1120', mask(4), 'text', '***-**-1120'],
    ['of a short value it keeps nothing', 'pin', '4711', mask(4), 'text', '****'],
    [
      'a mask leaves no quote, tag or escape',
      'password',
      'a"b<c&d\\e,f\ng',
      mask(1),
      'text',
      '************g',
    ],
    [
      'a mask counts letters of any script',
      'name',
      'Jürgen Größe',
      mask(3),
      'text',
      '****** **öße',
    ],
    ['a mask in a URL', 'payment-card', CARD, mask(4), 'url', '****%20****%20****%201111'],
    [
      'a mask of a number is a number',
      'payment-card',
      '4111111111111111',
      mask(4),
      'number',
      '9000000000001111',
    ],
    ['a label', 'us-ssn', '078-05-1120', LABEL, 'text', '[US_SSN]'],
    ['a label in a URL', 'iban', 'DE89370400440532013000', LABEL, 'url', '%5BIBAN%5D'],
    [
      'a label in place of a number',
      'payment-card',
      '4111111111111111',
      LABEL,
      'number',
      /^411111\d{10}$/,
    ],
    ['nothing', 'iban', 'DE89370400440532013000', REMOVE, 'text', ''],
    ['nothing, in place of a number', 'us-ssn', '219099999', REMOVE, 'number', '0'],
    ['a number with a fraction', 'amount', '-12.5e3', LABEL, 'number', '0'],
    ['a hash', 'email', 'anna@example.org', HASH, 'text', /^HASH_EMAIL_[0-9A-HJKMNP-TV-Z]{10}$/],
    [
      'a surrogate address',
      'email',
      'anna@example.org',
      SURROGATE,
      'text',
      /^user[0-9a-z]{8}@example\.invalid$/,
    ],
    ['a surrogate card', 'payment-card', CARD, SURROGATE, 'text', /^4111 11\d\d \d{4} \d{4}$/],
    ['a surrogate SSN', 'us-ssn', '078-05-1120', SURROGATE, 'text', /^9\d\d-[0-4]\d-\d{4}$/],
    [
      'a surrogate phone',
      'phone',
      '(212) 736-5000',
      SURROGATE,
      'text',
      /^\([2-7]0[1-9]\) 555-01\d\d$/,
    ],
    [
      'a surrogate phone with its country',
      'phone',
      '+1 212 736 5000',
      SURROGATE,
      'text',
      /^\+1 [2-7]0[1-9] 555 01\d\d$/,
    ],
    [
      'a surrogate phone elsewhere',
      'phone',
      '+49 30 901820',
      SURROGATE,
      'text',
      /^\+99 9\d \d{6}$/,
    ],
    [
      'a surrogate account',
      'iban',
      'DE89 3704 0044 0532 0130 00',
      SURROGATE,
      'text',
      /^DE00 \d{4} \d{4} \d{4} \d{4} \d\d$/,
    ],
    [
      'a surrogate of letters',
      'name',
      'Anna-Maria',
      SURROGATE,
      'text',
      /^[A-Z][a-z]{3}-[A-Z][a-z]{4}$/,
    ],
    [
      'a surrogate of a number',
      'de-steuer-id',
      '26954371827',
      SURROGATE,
      'number',
      /^[1-9]\d{10}$/,
    ],
    ['a token', 'email', 'anna@example.org', TOKEN, 'text', /^PII_EMAIL_[0-9A-HJKMNP-TV-Z]{6}$/],
    ['a token in place of a number', 'us-ssn', '219099999', TOKEN, 'number', /^9\d{8}$/],
    ['a secret gets no token', 'secret-aws', 'x'.repeat(20), TOKEN, 'text', '[SECRET_AWS]'],
    ['a secret gets no surrogate', 'secret-aws', 'x'.repeat(20), SURROGATE, 'text', '[SECRET_AWS]'],
    [
      'what is too long for a token gets a label',
      'name',
      'x'.repeat(2000),
      TOKEN,
      'text',
      '[NAME]',
    ],
  ]
  test.each(rows)('%s', (_name, type, value, operator, layer, want) => {
    const got = replace(found(type, value), operator, layer, MEANS)
    if (typeof want === 'string') expect(got).toBe(want)
    else expect(got).toMatch(want)
  })

  test('without a vault a token is a label', () => {
    const got = replace(found('email', 'a@b.example'), TOKEN, 'text', { ...MEANS, vault: null })
    expect(got).toBe('[EMAIL]')
  })

  test('where everything would be real, a surrogate is a label', () => {
    const means = { ...MEANS, isReal: () => true }
    expect(replace(found('at-svnr', '1237010180'), SURROGATE, 'text', means)).toBe('[AT_SVNR]')
  })
})

const values = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.stringMatching(/^[1-9]\d{3,18}$/),
  fc.stringMatching(/^\d{3}-\d\d-\d{4}$/),
  fc.emailAddress(),
)
const types = fc.constantFrom(
  'email',
  'payment-card',
  'us-ssn',
  'phone',
  'iban',
  'name',
  'secret-x',
)
const operators = fc.oneof(
  fc.nat(12).map(mask),
  fc.constantFrom(LABEL, REMOVE, HASH, SURROGATE, TOKEN),
)

describe('whatever the value', () => {
  test('a mask never leaves more than it may', () => {
    fc.assert(
      fc.property(values, fc.nat(12), (value, keep) => {
        const shown = replace(found('name', value), mask(keep), 'text', MEANS).match(
          /[\p{L}\p{N}]/gu,
        )
        expect(shown?.length ?? 0).toBeLessThanOrEqual(keep)
      }),
    )
  })

  test('it ends no string, field, tag or line', () => {
    fc.assert(
      fc.property(types, values, operators, (type, value, operator) => {
        const got = replace(found(type, value), operator, 'text', MEANS)
        expect(got).toMatch(/^[\p{L}\p{N}\p{M} \-./@+():_*[\]]*$/u)
        expect(JSON.parse(`"${got}"`)).toBe(got)
        expect(replace(found(type, value), operator, 'url', MEANS)).toMatch(/^[\w.~!*'()%-]*$/)
      }),
    )
  })

  test('a number stays a number, and an integer as long as it was', () => {
    fc.assert(
      fc.property(
        types,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        operators,
        (type, value, operator) => {
          const got = replace(found(type, JSON.stringify(value)), operator, 'number', MEANS)
          expect(typeof JSON.parse(got)).toBe('number')
        },
      ),
    )
    fc.assert(
      fc.property(
        types,
        fc.stringMatching(/^-?[1-9]\d{3,18}$/),
        operators,
        (type, value, operator) => {
          const got = replace(found(type, value), operator, 'number', MEANS)
          expect(typeof JSON.parse(got)).toBe('number')
          if (operator.kind !== 'remove') expect(got.length).toBe(value.length)
        },
      ),
    )
  })

  test('equal values stay equal, per agent', () => {
    const other = meansOf('other')
    fc.assert(
      fc.property(types, fc.stringMatching(/^[a-z]{12}$/), (type, value) => {
        for (const operator of [HASH, SURROGATE, TOKEN]) {
          const got = replace(found(type, value), operator, 'text', meansOf('ci'))
          expect(replace(found(type, value), operator, 'text', meansOf('ci'))).toBe(got)
          if (!got.startsWith('[') && /\d/.test(got) && type !== 'us-ssn' && type !== 'phone') {
            expect(replace(found(type, value), operator, 'text', other)).not.toBe(got)
          }
        }
      }),
    )
  })

  test('a surrogate is never a card', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[1-9]\d{12,18}$/), (value) => {
        expect(luhn(replace(found('payment-card', value), SURROGATE, 'text', MEANS))).toBe(false)
        expect(luhn(replace(found('other-number', value), SURROGATE, 'text', MEANS))).toBe(false)
      }),
    )
  })
})
