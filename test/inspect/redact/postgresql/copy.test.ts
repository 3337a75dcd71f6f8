/** What COPY carries: read as its statement says that it is written, the same however it is cut. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Findings } from '../../../../src/inspect/redact/findings.ts'
import { CopyRedactor } from '../../../../src/inspect/redact/postgresql/copy.ts'
import { REDACT_LIMITS } from '../../../../src/inspect/redact/reader.ts'
import { readCopyForm } from '../../../../src/inspect/sql/copy-form.ts'
import { label, markers } from '../../../support/markers.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 100)

/** @param cuts where pieces end; each is given as a socket would */
function redact(statement: string, rows: string | Buffer, cuts: readonly number[] = []) {
  const form = readCopyForm(Buffer.from(statement), true)
  if (!form) throw new Error(`not read: ${statement}`)
  const job = { scan: markers, replace: label, limits: REDACT_LIMITS, sealed: 'read' } as const
  const redactor = new CopyRedactor({ ...job, findings: new Findings() }, form)
  const bytes = Buffer.from(rows)
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  )
  const pieces = ends.map((end, i) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end)))
  const out = pieces.flatMap((piece) => redactor.push(piece))
  const found = () => redactor.findings.map(({ type, path, count }) => `${type} ${path} ${count}`)
  const text = Buffer.concat([...out, ...redactor.end()]).toString()
  const unscannable = redactor.unscannable.map(({ reason, path }) => `${reason} ${path}`)
  return { text, found: found(), unscannable }
}

describe('text', () => {
  test.each([
    [
      'fields',
      'copy t to stdout',
      'a\tXX1234XX\tb\nXX1234XX\n\\N\t\\N\n',
      'a\t[mark]\tb\n[mark]\n\\N\t\\N\n',
    ],
    ['escapes', 'copy t to stdout', '\\x58X12\\063\\064XX\ta\\tXX1234XX\n', '[mark]\ta\\t[mark]\n'],
    [
      'names',
      'copy t (a, "secret") from stdin',
      '1234\t1234\n1234\t12\\x334\t1234\n',
      '1234\t[secret]\n1234\t[secret]\t1234\n',
    ],
    [
      'a header',
      "copy t from stdin with (delimiter '|', header true)",
      'a|secret\n1234|1234\n',
      'a|secret\n1234|[secret]\n',
    ],
    [
      'a header of one',
      'copy t from stdin (header)',
      'secret\r\n1234\r\n',
      'secret\r\n[secret]\r\n',
    ],
    [
      'lines within fields',
      'copy t (a, secret) from stdin',
      'a\\\nb\t1234\n\\.\n',
      'a\\\nb\t[secret]\n\\.\n',
    ],
    ['empty fields', 'copy t (a, secret) from stdin', '\t\n\t1234\n', '\t\n\t[secret]\n'],
  ])('%s', (_, statement, rows, want) => {
    expect(redact(statement, rows).text).toBe(want)
  })
})

describe('CSV', () => {
  test.each([
    [
      'fields',
      'copy t to stdout csv',
      'a,"XX1234XX",\nb,"XX12""34XX, XX1234XX"\n',
      'a,"[mark]",\nb,"XX12""34XX, [mark]"\n',
    ],
    [
      'names',
      'copy t (a, secret) from stdin (format csv)',
      '1234,"1234"\n1234,1234,1234\n',
      '1234,"[secret]"\n1234,[secret],1234\n',
    ],
    [
      'a header',
      "copy t from stdin with csv header delimiter as ';'",
      'a;"secret"\n1234;1234\n',
      'a;"secret"\n1234;[secret]\n',
    ],
    [
      'no other separators',
      'copy t (secret, b) from stdin csv',
      '1;2,1234\n1234,1234\n',
      '1;2,1234\n[secret],1234\n',
    ],
  ])('%s', (_, statement, rows, want) => {
    expect(redact(statement, rows).text).toBe(want)
  })
})

test('from where a quote stands within a field nothing is read, and that is said', () => {
  const { text, unscannable } = redact(
    'copy t from stdin csv',
    'XX1234XX,aXX1234XX"b, XX1234XX"\nXX1234XX',
  )
  expect(text).toBe('[mark],a[mark]"b, XX1234XX"\nXX1234XX')
  expect(unscannable).toEqual(['malformed column 2'])
})

test('where it stood', () => {
  const rows = 'XX1234XX\tXX1234XX\tXX1234XX\n'
  expect(redact('copy t (col_1, u12345) from stdin', rows).found).toEqual([
    'mark col_1 1',
    'mark column 2 1',
    'mark column 3 1',
  ])
})

describe('the form', () => {
  const formOf = (text: string) => readCopyForm(Buffer.from(text), true)
  const usual = { isCsv: false, delimiter: 9, hasHeader: false, names: [] }
  const csv = { ...usual, isCsv: true, delimiter: 0x2c }

  test.each([
    ['copy t from stdin', usual],
    ['begin; copy a.b (c, "D""e") to stdout; commit', { ...usual, names: ['c', 'D""e'] }],
    ['copy (select a, b from c) to stdout with csv', { ...csv, names: ['a', 'b'] }],
    [
      'copy (select t.a, lower(b), c::text, d as "E", f g from t) to stdout',
      { ...usual, names: ['a', '', 'c', 'E', 'g'] },
    ],
    ['copy (select *, a from t) to stdout', usual],
    ['copy (with b as (select 1) select a from b) to stdout', usual],
    ['copy (select 1) to stdout', usual],
    [
      "copy t to stdout with (format 'csv', force_quote (a, b), header match)",
      { ...csv, hasHeader: true },
    ],
    ['copy t from stdin (format "csv", header off)', csv],
    [
      "copy t from stdin (delimiter E'\\x7c', null '', quote '\"', encoding 'UTF8')",
      { ...usual, delimiter: 0x7c },
    ],
    ["copy t from stdin using delimiters ':' with null as 'x'", { ...usual, delimiter: 0x3a }],
    ['copy t to stdout csv header force quote a', { ...csv, hasHeader: true }],
    ['copy t from stdin (format csv) where header = 1', csv],
    ['copy t from stdin (format csv) where (header = 1)', csv],
  ])('%s', (text, want) => {
    expect(formOf(text)).toEqual(want)
  })

  test.each([
    'select 1',
    'copy t from stdin; copy u from stdin',
    'copy t from stdin (format binary)',
    'copy binary t from stdin',
    'copy t from stdin with binary',
    'copy t from stdin (format something)',
    "copy t from stdin (format U&'csv')",
    "copy t from stdin csv quote ''''",
    "copy t from stdin (format csv, escape '\\')",
    "copy t from stdin (encoding 'sjis')",
    "copy t from stdin (delimiter 'ab')",
    "copy t from stdin '",
  ])('not read: %s', (text) => {
    expect(formOf(text)).toBe(null)
  })
})

test('cut anywhere the same comes out, without a mark', () => {
  const piece = fc.constantFrom(
    ...[
      'XX1234XX',
      'XX',
      '1234',
      '\\',
      '\\x58',
      '\\1',
      '\\t',
      '\\N',
      '"',
      '""',
      ',',
      '\t',
      '\n',
      '\r\n',
      'a',
    ],
  )
  const rows = fc.array(piece, { maxLength: 20 }).map((all) => all.join(''))
  const statement = fc.constantFrom(
    ...['copy t from stdin', 'copy t (a, b) to stdout', 'copy t from stdin (header)'],
    ...['copy t (b) to stdout csv', 'copy t to stdout (format csv, header)'],
  )
  const cuts = fc.array(fc.nat(), { maxLength: 6 })
  fc.assert(
    fc.property(statement, rows, cuts, (text, each, where) => {
      const whole = redact(text, each)
      expect(redact(text, each, where)).toEqual(whole)
      if (whole.unscannable.length === 0) expect(whole.text).not.toContain('XX1234XX')
    }),
    { numRuns: RUNS },
  )
})
