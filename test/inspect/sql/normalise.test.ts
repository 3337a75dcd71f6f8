/** Statements without what they are about. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readStatement } from '../../../src/inspect/sql/read-statement.ts'

const normalised = (text: string, clean = (name: string) => name) =>
  readStatement(Buffer.from(text), true, clean).normalised

describe('what is left', () => {
  test.each([
    [
      'every kind of literal',
      `select 'a', E'b\\'', N'c', U&'d', b'1', X'f', $$e$$, $f$ g $f$, 'h'\n'i'`,
      'select ?, ?, ?, ?, ?, ?, ?, ?, ?',
    ],
    ['U& that says how', `select U&'a!0061' uescape '!'`, 'select ? uescape ?'],
    [
      'numbers',
      'select 1, -2, 3.4e-5, .6, 0xff, 1_000, 7::int',
      'select ?, -?, ?, ?, ?, ?, ?::int',
    ],
    ['parameters', 'select $1, $2::int', 'select $1, $2::int'],
    ['blanks and comments', 'SELECT\t a /* b */ ,c--d\n FROM "E" ', 'select a ,c from "E"'],
    ['names', 'select "A""b", Ünï, a1 from U&"c"', 'select "A""b", Ünï, a1 from U&"c"'],
    [
      'lists',
      'select 1 where a in (1, -2,\n$3, null) and b in (select 1, 2)',
      'select ? where a in (?) and b in (select ?, ?)',
    ],
    [
      'lists of more than values',
      'select 1 where a in (b, 1, c(2), c(3), 4)',
      'select ? where a in (b, ?, c(?))',
    ],
    ['arrays', "select array[1, 2], array['a','b']", 'select array[?], array[?]'],
    [
      'rows',
      "insert into a (b, c) values (1, 'd'), (-2,default),($1, $2) returning b",
      'insert into a (b, c) values (?,?) returning b',
    ],
    [
      'rows of more than values',
      'insert into a values (1, now()), (2, now()), (3, (select d))',
      'insert into a values (?,now()), (?,(select d))',
    ],
    [
      'rows within',
      'select * from (values (1), (2)) a, b where c in (3)',
      'select * from (values (?)) a, b where c in (?)',
    ],
    ['several statements', 'select 1; ;select 2', 'select ?; ;select ?'],
    ['nothing', '-- a', ''],
  ])('%s', (_, text, want) => {
    expect(normalised(text)).toBe(want)
  })

  test('what is found in names is taken out', () => {
    const clean = (text: string) => text.replaceAll('ann@example.org', '[EMAIL]')
    expect(normalised('select "ann@example.org"', clean)).toBe('select "[EMAIL]"')
  })

  test('long ones are cut, and stay apart', () => {
    const long = (last: string) => normalised(`select ${'some_column, '.repeat(2000)}${last}`) ?? ''
    expect(Buffer.byteLength(long('a'))).toBeLessThanOrEqual(1900)
    expect(long('a')).toMatch(/^select some_column.* … [0-9a-f]{8}$/)
    expect(long('a')).toBe(long('a'))
    expect(long('a')).not.toBe(long('b'))
    expect(Buffer.byteLength(normalised(`select "${'ä'.repeat(3000)}"`) ?? '')).toBeLessThanOrEqual(
      2048,
    )
  })

  test('what would be cut in two is taken out before', () => {
    const clean = (text: string) => text.replaceAll('ann@example.org', '')
    for (let size = 1850; size < 1910; size++) {
      expect(normalised(`select "${'x'.repeat(size)} ann@example.org"`, clean)).not.toContain('ann')
    }
  })

  test('nothing where a backslash decides what is a literal', () => {
    expect(normalised("select '\\', $$';select'\\'$$, '' --'")).toBe(null)
    // Only one of the two is a text that a server takes.
    expect(normalised("select 'a' like 'b' escape '\\'")).toBe('select ? like ? escape ?')
  })
})

test('no value is in it, whatever it is', () => {
  const value = fc.string({
    unit: fc.constantFrom("'", '\\', '$', '-', '/', '*', '\n', ' ', 'Q', 'ß'),
  })
  const literal = fc.oneof(
    value.map((text) => `'${text.replaceAll("'", "''").replaceAll('\\', '')}'`),
    value.map((text) => `E'${text.replace(/['\\]/g, '\\$&')}'`),
    value.map((text) => `$z$${text}$z$`),
    value.map((text) => `/*${text.replace(/[*/]/g, '')}*/1`),
    value.map((text) => `1 --${text.replaceAll('\n', '')}\n`),
  )
  const statement = fc.array(literal, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(statement, (literals) => {
      const text = normalised(`select ${literals.join(' , ')}`)
      expect(text).toBe(`select ${literals.map(() => '?').join(' , ')}`)
    }),
  )
})
