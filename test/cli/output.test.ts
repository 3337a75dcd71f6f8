/** What reaches a terminal. */

import { expect, test } from 'vitest'
import { toPrintable } from '../../src/cli/output.ts'

test.each([
  ['plain', 'a `b` é 東 …', 'a `b` é 東 …'],
  ['lines and columns', 'a\tb\nc', 'a\tb\nc'],
  ['an escape sequence', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
  ['a sequence in one character', 'a\u009b2Jb', 'a\\u009b2Jb'],
  ['the beginning of the line again', 'BLOCK\rALLOW', 'BLOCK\\u000dALLOW'],
  ['another direction', 'a\u202eb', 'a\\u202eb'],
])('%s', (_, text, want) => {
  expect(toPrintable(text)).toBe(want)
})

test('JSON stays what it was', () => {
  const value = { a: '\u009b\u202e\u001b\n' }
  expect(JSON.parse(toPrintable(JSON.stringify(value, null, 2)))).toEqual(value)
})
