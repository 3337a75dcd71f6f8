/** People: what is found, and what only looks like it. */

import { describe, expect, test } from 'vitest'
import { CONTACT } from '../../../src/inspect/recognizers/contact.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'

const scanner = createScanner(CONTACT)

describe('found', () => {
  test.each([
    [
      'e-mail',
      'write to ada.lovelace+x@mail.example.co.uk, please',
      'email ada.lovelace+x@mail.example.co.uk',
    ],
    ['e-mail at the end of a sentence', 'It is ada@example.com.', 'email ada@example.com'],
    ['e-mail in brackets', 'Ada <ada@example.com>', 'email ada@example.com'],
    ['e-mail in a link', 'mailto:ada@example.com?subject=x', 'email ada@example.com'],
    ['E.164', 'call +4930901820 now', 'phone +4930901820'],
    ['E.164 with blanks', '+44 20 7946 0958', 'phone +44 20 7946 0958'],
    ['E.164 with what is dialled at home', '+44 (0)20 7946 0958', 'phone +44 (0)20 7946 0958'],
    ['E.164 of North America', '+1 (415) 555-2671', 'phone +1 (415) 555-2671'],
    ['E.164 with dashes', '+91-98765-43210', 'phone +91-98765-43210'],
    ['a national number', 'phone: 415-555-2671', 'phone 415-555-2671'],
    ['a date of birth', 'born 1990-02-28 in', 'date-of-birth 1990-02-28'],
    ['a date of birth in words before', 'Date of birth: 28/02/1990', 'date-of-birth 28/02/1990'],
    ['a postcode', 'postcode SW1A 1AA', 'postcode SW1A 1AA'],
  ])('%s', (_, text, want) => {
    expect(textsIn(scanner, text)).toEqual([want])
  })

  test.each([
    ['firstName', 'Ada', 'person-name Ada'],
    ['customer_last_name', 'Lovelace', 'person-name Lovelace'],
    ['billing_address', '12 St James Square', 'postal-address 12 St James Square'],
    ['dateOfBirth', '1815-12-10', undefined],
    ['dob', '1915-12-10', 'date-of-birth 1915-12-10'],
    ['mobilePhone', '4155552671', 'phone 4155552671'],
    ['zip_code', '94103', 'postcode 94103'],
    ['latitude', '51.50735', 'geo-coordinates 51.50735'],
  ])('under %s', (name, text, want) => {
    expect(textsIn(scanner, text, name)).toEqual(want === undefined ? [] : [want])
  })
})

describe('not found', () => {
  test.each([
    ['a scope of packages', 'import x from "@scope/name"'],
    ['a version of a package', 'pkg@1.2.3'],
    ['where code is fetched', 'git@github.com:a/b.git'],
    ['no top-level domain', 'root@localhost'],
    ['a sum', 'x=a+49309018201'],
    ['a base64 text', 'abc+4930901820/xyz'],
    ['a code that is no country', '+21012'],
    ['a diff', '+1234'],
    ['a date', 'updated 1990-02-28'],
    ['a number of a ticket', 'ticket 4155552671'],
  ])('%s', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})
