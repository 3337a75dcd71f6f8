/** Thousands of numbers that `libphonenumber-js` takes for right, of all countries that have a sample there, as it writes them. */

import {
  type CountryCode,
  getCountries,
  getExampleNumber,
  isPossiblePhoneNumber,
  isValidPhoneNumber,
  parsePhoneNumber,
} from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { describe, expect, test } from 'vitest'
import { CONTACT } from '../../../src/inspect/recognizers/contact.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'
import { createRandom } from './accepts.ts'

const scanner = createScanner(CONTACT)
const NUMBERS = 12

/** The first digits of the sample, so that a random rest is often a number. */
function numbersOf(country: CountryCode): readonly ReturnType<typeof parsePhoneNumber>[] {
  const example = getExampleNumber(country, examples)
  if (example === undefined) return []
  const random = createRandom(country.charCodeAt(0) * 31 + country.charCodeAt(1))
  const national = String(example.nationalNumber)
  const found = [example]
  for (let i = 0; i < 400 && found.length < NUMBERS; i++) {
    const kept = Math.min(3, Math.max(1, national.length - 4))
    const rest = Array.from({ length: national.length - kept }, () => random(10)).join('')
    const text = `+${example.countryCallingCode}${national.slice(0, kept)}${rest}`
    // The plan of North America has no exchange below 200, which the library does not look at everywhere.
    if (/^\+1\d{3}[01]/.test(text)) continue
    if (isValidPhoneNumber(text)) found.push(parsePhoneNumber(text))
  }
  return found
}

describe('found by itself', () => {
  test.each(getCountries())('%s', (country) => {
    for (const phone of numbersOf(country)) {
      for (const text of [phone.format('E.164'), phone.format('INTERNATIONAL')])
        expect(textsIn(scanner, `at ${text}, please`)).toEqual([`phone ${text}`])
    }
  })
})

test('found near a word, as written within a country: nearly all', () => {
  let found = 0
  let all = 0
  for (const country of getCountries())
    for (const phone of numbersOf(country)) {
      const text = phone.format('NATIONAL')
      if (text.replaceAll(/\D/g, '').length < 7) continue
      all++
      if (textsIn(scanner, `phone: ${text}.`)[0] === `phone ${text}`) found++
    }
  expect(all).toBeGreaterThan(2000)
  expect(found / all).toBeGreaterThan(0.97)
})

test('what is no number of any country is not taken for one', () => {
  const random = createRandom(3)
  for (let i = 0; i < 5000; i++) {
    const digits = Array.from({ length: 5 + random(11) }, () => random(10)).join('')
    const text = `+${digits}`
    const isFound = textsIn(scanner, `at ${text}, please`).length > 0
    // We know lengths by calling code, not by country; what it finds possible we take.
    if (isPossiblePhoneNumber(text)) continue
    if (isFound) expect(isLoose(text), text).toBe(true)
  }
})

/** Codes whose lengths are not told apart: three digits, 6 to 12 behind. */
function isLoose(text: string): boolean {
  return /^\+(?:2[1-69]|3[578]|42|5[09]|6[789]|8[0578]|9[679])/.test(text) || text.length < 17
}
