/** People: what is found, and what only looks like it. */

import { describe, expect, test } from 'vitest'
import { ADDRESS } from '../../../src/inspect/recognizers/address.ts'
import { CONTACT } from '../../../src/inspect/recognizers/contact.ts'
import { PERSON } from '../../../src/inspect/recognizers/person.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { textsIn } from '../scan/scanning.ts'

const scanner = createScanner([...CONTACT, ...PERSON, ...ADDRESS])

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
    ['e-mail in a query', 'GET /x?e=ada%40example.com&y=1', 'email ada%40example.com'],
    ['E.164', 'call +4930901820 now', 'phone +4930901820'],
    ['E.164 with blanks', '+44 20 7946 0958', 'phone +44 20 7946 0958'],
    ['E.164 with what is dialled at home', '+44 (0)20 7946 0958', 'phone +44 (0)20 7946 0958'],
    ['E.164 of North America', '+1 (415) 555-2671', 'phone +1 (415) 555-2671'],
    ['E.164 with dashes', '+91-98765-43210', 'phone +91-98765-43210'],
    ['a national number', 'phone: 415-555-2671', 'phone 415-555-2671'],
    ['a date of birth', 'born 1990-02-28 in', 'date-of-birth 1990-02-28'],
    ['a date of birth in words before', 'Date of birth: 28/02/1990', 'date-of-birth 28/02/1990'],
    ['a postcode', 'postcode SW1A 1AA', 'postcode SW1A 1AA'],
    ['with an apostrophe', "o'hara@example.com", "email o'hara@example.com"],
    ['a host in another script', 'an ada@münchen.example', 'email ada@münchen.example'],
    ['text without blanks behind', '邮箱ada@example.com。谢谢', 'email ada@example.com'],
    ['an underscore in front', 'to _ada@example.com', 'email _ada@example.com'],
    ['set in italics', '_ada@example.com_', 'email ada@example.com'],
    ['as North America writes it', 'at (415) 555-2671', 'phone (415) 555-2671'],
    ['with dashes', 'at 415-555-2671', 'phone 415-555-2671'],
    ['an area code in brackets', 'Tel. (030) 901820-12', 'phone (030) 901820-12'],
    ['a trunk prefix', 'тел. 8 (912) 420-38-38', 'phone 8 (912) 420-38-38'],
    [
      'blanks that do not break',
      'tél\u00a0: 01\u00a023\u00a045\u00a067\u00a089',
      'phone 01\u00a023\u00a045\u00a067\u00a089',
    ],
    ['a number that somebody made up', 'call +1-555-123-4567', 'phone +1-555-123-4567'],
    ['with dialling abroad', 'at 001-412-555-0123', 'phone 001-412-555-0123'],
    ['with points', 'at 412.555.0123', 'phone 412.555.0123'],
    ['an extension', 'at 412-555-0123x4321.', 'phone 412-555-0123x4321'],
    ['an extension behind E.164', '+1-412-555-0123x12', 'phone +1-412-555-0123x12'],
    ['an extension in words', 'at (412) 555-0123 ext. 12.', 'phone (412) 555-0123 ext. 12'],
    ['twelve digits with the trunk prefix', 'Handy 0151 4565 0341', 'phone 0151 4565 0341'],
    ['names in capitals', 'LAST NAME: LOVELACE, ADA', 'person-name LOVELACE, ADA'],
    [
      'a name that a sentence goes on behind',
      'full name: Ada Lovelace and',
      'person-name Ada Lovelace',
    ],
    [
      'a name and what comes next',
      'customer_name=Ada Lovelace plan=basic',
      'person-name Ada Lovelace',
    ],
    ['a name in the next line', 'First name:\n  Ada\n', 'person-name Ada'],
    ['a name in a file of settings', 'FullName = Ada Lovelace\n', 'person-name Ada Lovelace'],
    ['a name in German', 'Ansprechpartner: Jonas Weiß', 'person-name Jonas Weiß'],
    ['whom it is for', 'Attn: Ada Lovelace', 'person-name Ada Lovelace'],
    ['a street in small letters', 'ulica: ul. Polna 7', 'postal-address ul. Polna 7'],
    ['an address in a variable', 'ADDRESS=12 Main Street\nA=1', 'postal-address 12 Main Street'],
    ['coordinates', 'GPS: 48.13743, 11.57549', 'geo-coordinates 48.13743, 11.57549'],
    ['a coordinate among others', '{ lat: 48.13743, n: 1 }', 'geo-coordinates 48.13743'],
    ['a month in words', 'born on 3 May 1985.', 'date-of-birth 3 May 1985'],
    ['a month in front', 'DOB: May 3rd, 1985', 'date-of-birth May 3rd, 1985'],
    ['a month in German', 'geboren am 3. März 1985', 'date-of-birth 3. März 1985'],
    ['a month in Spanish', 'nacido el 3 de mayo de 1985', 'date-of-birth 3 de mayo de 1985'],
    ['a month in Russian', 'дата рождения: 3 мая 1985', 'date-of-birth 3 мая 1985'],
    [
      'a name in a form',
      'Full name: Ada van der Berg\nPlan: basic',
      'person-name Ada van der Berg',
    ],
    [
      'an address in a form',
      'Address: 12 Main Street, Springfield\n',
      'postal-address 12 Main Street, Springfield',
    ],
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
    ['prénom', 'Ada', 'person-name Ada'],
    ['氏名', '山田花子', 'person-name 山田花子'],
    ['birthday', '3rd of May, 1985', 'date-of-birth 3rd of May, 1985'],
    ['displayName', 'Ada Lovelace', 'person-name Ada Lovelace'],
    ['displayName', 'Settings', undefined],
    ['address', '12 Main Street', 'postal-address 12 Main Street'],
    ['address', '0x52908400098527886', undefined],
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
    ['the password of a URL', 'http://app:secret9@db.example.com/x'],
    ['a date near a word for phones', 'call on 2025-11-30'],
    ['a date in words', 'updated on 3 May 1985'],
    ['the type of a field', 'firstName: String'],
    ['what a field is for', 'Full name: The name of the user'],
    ['an address of a host', 'address: 10.0.0.1'],
    ['what an address is', 'address: An integer representation of an IPv4 IP address'],
    ['years near a word for phones', 'portable, 1989-2022'],
    ['a variable', 'FirstName = Identifier'],
    ['a state of somebody', 'Patient: Stable'],
    ['the name of a step', 'name: Run Tests'],
  ])('%s', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})
