/** What holds for all recognisers: names, words, and the table in docs/redaction.md. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { toTable } from './kinds-table.ts'

test('types are published once each, in kebab-case', () => {
  const types = RECOGNIZERS.map(({ type }) => type)
  expect(types.filter((type) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(type))).toEqual([])
  expect(types.filter((type, index) => types.indexOf(type) !== index)).toEqual([])
})

test('what needs context has words, or a name', () => {
  const mute = RECOGNIZERS.filter(
    ({ readiness, words, shapes }) =>
      readiness === 'context' && words.length === 0 && !shapes.some(({ kind }) => kind === 'key'),
  )
  expect(mute.map(({ type }) => type)).toEqual([])
})

test('docs/redaction.md has the table of all kinds', () => {
  const path = join(import.meta.dirname, '../../../docs/redaction.md')
  const [, table = ''] = readFileSync(path, 'utf8').split('<!-- kinds -->\n')
  expect(
    table.split('\n<!-- end of kinds -->')[0],
    'run `node test/inspect/recognizers/kinds-table.ts`',
  ).toBe(toTable())
})
