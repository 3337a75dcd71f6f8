/** Texts are known again by their shape only where they have the same statements and the same text without values. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStatement } from '../../../src/inspect/sql/read-statement.ts'
import { toShape } from '../../../src/proxy/postgresql/shapes.ts'
import { RUNS } from '../http1/support.ts'

test.each([
  ['SELECT * FROM t WHERE a = 1', 'SELECT * FROM t WHERE a = 22', true],
  ["INSERT INTO t VALUES ('a', 1)", "INSERT INTO t VALUES ('b; drop', 2)", true],
  ["SELECT 'it''s'", "SELECT 'he''s'", true],
  ['SELECT a1 FROM t2', 'SELECT a1 FROM t3', false],
  ['SELECT 1.5', 'SELECT 1.6', false],
  ['SELECT $1', 'SELECT $2', false],
  ['SELECT "a 1"', 'SELECT "a 2"', false],
  ["SELECT E'\\\\1'", "SELECT E'\\\\2'", false],
  ["SELECT '1' -- '", "SELECT '2' -- '", false],
  ["SELECT '1' /* ' */", "SELECT '2' /* ' */", false],
  ['SELECT $$1$$', 'SELECT $$2$$', false],
])('%s, and %s', (one, other, want) => {
  expect(toShape(one) === toShape(other)).toBe(want)
})

test('texts of one shape are read alike', () => {
  const word = fc.constantFrom(
    ...[
      'SELECT',
      'drop',
      'table',
      'FROM',
      't',
      'a1',
      '1',
      '22',
      '3.5',
      '$1',
      '$$',
      '--',
      '/*',
      '*/',
    ],
    ...[
      "'",
      "''",
      "'x'",
      "'22'",
      'E',
      '"',
      '\\',
      '\n',
      ';',
      '(',
      ')',
      ',',
      '=',
      '-',
      '/',
      '*',
      '.',
    ],
  )
  const text = fc
    .array(fc.tuple(word, fc.constantFrom('', ' ')), { maxLength: 14 })
    .map((words) => words.flat().join(''))
  const read = (each: string) => {
    const { kinds, normalised } = readStatement(Buffer.from(each), true, (names) => names)
    return { kinds: kinds && [...kinds].sort(), normalised }
  }
  const property = fc.property(
    text,
    fc.nat(99),
    fc.constantFrom('y', '5', ' ; drop'),
    (sql, n, s) => {
      // Another one, which has the same shape where the shape does not look at what was changed.
      const other = sql.replace(/(?<=^|\W)\d+(?=$|\W)/g, `${n}`).replace(/'[^']*'/g, `'${s}'`)
      fc.pre(toShape(other) === toShape(sql))
      expect(read(other)).toEqual(read(sql))
    },
  )
  fc.assert(property, { numRuns: 2 * RUNS, maxSkipsPerRun: 1_000 })
})
