/** Tables in texts: what the heads of columns and the first cells of rows say; the same however the text is cut. */

import { describe, expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { findIn, findInPieces, textsIn } from './scanning.ts'

const scanner = createScanner(RECOGNIZERS)

const every = (size: number, text: string) =>
  Array.from({ length: Math.floor(text.length / size) }, (_, i) => (i + 1) * size)

// biome-ignore format: a table
const FOUND: readonly (readonly [string, string, ...string[]])[] = [
  ['Markdown', 'See:\n\n| # | Routing no. | State |\n|---|:--|---|\n| 1 | 021000021 | open |\n| 2 | n/a | closed |\n| 3 | 121000358 | |\n', 'us-aba-routing 021000021', 'us-aba-routing 121000358'],
  ['without bars at the edges', 'Last name | Plan\n--- | ---\nLovelace | basic\nHopper | pro', 'person-name Lovelace', 'person-name Hopper'],
  ['psql', ' id | date_of_birth | n\n----+---------------+---\n  1 | 1990-02-28    | 3\n(1 row)\n', 'date-of-birth 1990-02-28'],
  ['mysql', '+----+----------+\n| id | password |\n+----+----------+\n|  1 | Zebra42x |\n+----+----------+\n', 'password Zebra42x'],
  ['a field and its value in each row', '| Field | Value |\n| --- | --- |\n| **Surname** | Lovelace |\n| Plan | Basic |\n', 'person-name Lovelace'],
  ['what is found anywhere', '| a | b |\n|--|--|\n| ada@example.com | x |\nand 4111111111111111', 'email ada@example.com', 'payment-card 4111111111111111'],
  ['two tables', 'Surname | n\n--|--\nWirth | 1\n\nPlan | Surname\n--|--\nBasic | Hopper\n', 'person-name Wirth', 'person-name Hopper'],
]

test.each(FOUND)('found: %s', (_, text, ...want) => {
  expect(textsIn(scanner, text)).toEqual(want)
  const whole = findIn(scanner, text)
  for (let size = 1; size < text.length; size++)
    expect(findInPieces(scanner, text, every(size, text)).found, `of ${size}`).toEqual(whole)
})

describe('not found', () => {
  test.each([
    ['behind the table', 'Surname | n\n--|--\nWirth1 | 1\n\nLovelace'],
    [
      'of another column',
      '| Routing | number of the ticket |\n|---------|---------------------------------------|\n| none | 021000021 |\n',
    ],
    ['without a line of dashes', 'Surname | n\nLovelace | 1\n'],
    ['a choice', 'Surname | Name\nor Lovelace'],
    ['a type', 'type Password = string |\n--\nZebra42x | undefined'],
  ])('%s', (_, text) => {
    expect(textsIn(scanner, text)).toEqual([])
  })
})

test('a cell that never ends is no cell', () => {
  const text = `Surname | n\n--|--\n${'Lovelace '.repeat(400)}`
  expect(textsIn(scanner, text)).toEqual([])
  expect(findInPieces(scanner, text, every(7, text)).found).toEqual([])
})
