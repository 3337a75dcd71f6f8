/** What we take for an IBAN or a BIC, `ibantools` takes for one, and the other way round: of all countries, with every check. */

import { getCountrySpecifications, isValidBIC, isValidIBAN } from 'ibantools'
import { describe, expect, test } from 'vitest'
import { isBic } from '../../../src/inspect/recognizers/bank-codes.ts'
import { IBAN_LAYOUTS, isIban } from '../../../src/inspect/recognizers/iban.ts'
import { createRandom, fill } from './accepts.ts'

const bytes = new Uint8Array(64)

function compact(text: string): Uint8Array {
  bytes.fill(0x39)
  bytes.set(Buffer.from(text, 'latin1'))
  return bytes
}

/** Where `ibantools` looks at check digits of the account as well, which we leave to those who open one. */
const INNER = new Set('BA BE CZ EE ES FI FR HR HU IT MC ME MK NO PL PT RS SI SK SM'.split(' '))

const COUNTRIES = Object.entries(getCountrySpecifications()).flatMap(
  ([country, { chars, bban_regexp: form }]) =>
    chars !== null && form !== null ? [{ country, chars, form }] : [],
)

/** `[0-9]{8}[A-Z0-9]{2}` as a form to fill in. */
function toForm(form: string): string {
  return [...form.matchAll(/\[([^\]]+)\](?:\{(\d+)\})?/g)]
    .map(([, set, count = '1']) =>
      (set === '0-9' ? '9' : set === 'A-Z' ? 'A' : 'X').repeat(Number(count)),
    )
    .join('')
}

describe('IBAN', () => {
  test.each(COUNTRIES)('$country', ({ country, chars, form }) => {
    const random = createRandom(country.charCodeAt(0) * 31 + country.charCodeAt(1))
    let taken = 0
    for (let i = 0; i < 20; i++) {
      const account = fill(toForm(form), random)
      for (let check = 0; check < 100; check++) {
        const text = `${country}${String(check).padStart(2, '0')}${account}`
        const isOne = isValidIBAN(text)
        if (isOne) taken++
        // ISO 7064 gives 02 to 98.
        if (check < 2 || check > 98) continue
        if (isOne || !INNER.has(country)) expect(isIban(compact(text), chars), text).toBe(isOne)
      }
    }
    if (!INNER.has(country)) expect(taken).toBeGreaterThan(0)
    expect(IBAN_LAYOUTS).toContain(`AA99${'X'.repeat(chars - 4)}`)
  })

  test('digits are wanted where a country has digits', () => {
    expect(isIban(compact('DE89370400440532013000'), 22)).toBe(true)
    const random = createRandom(5)
    for (let i = 0; i < 5000; i++) {
      const text = `DE${fill('99XXXXXXXXXXXXXXXXXX', random)}`
      if (isIban(compact(text), 22)) expect(text).toMatch(/^DE\d{20}$/)
    }
  })
})

test('BIC: countries', () => {
  const random = createRandom(7)
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  for (const one of letters)
    for (const other of letters) {
      const text = `${fill('AAAA', random)}${one}${other}2A`
      // Kosovo has no code of ISO 3166, but one that banks use.
      if (`${one}${other}` !== 'XK') expect(isBic(compact(text)), text).toBe(isValidBIC(text))
    }
})
