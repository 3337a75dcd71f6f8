/** Scanners are made once for what they look for; the one that only looks is never one that is at work. */

import { expect, test } from 'vitest'
import { Scanners } from '../../../src/cli/compose/scanners.ts'
import { BUILT_IN, compileRecognition } from '../../../src/inspect/recognizers/recognition.ts'

test('one for each set of kinds, whatever their order', () => {
  const scanners = new Scanners()
  const one = scanners.get(BUILT_IN, ['email', 'iban'], 'out')
  expect(scanners.get(BUILT_IN, new Set(['iban', 'email']), 'out')).toBe(one)
  expect(scanners.get(BUILT_IN, ['email'], 'out')).not.toBe(one)
  expect(scanners.get(BUILT_IN, ['email', 'iban'], 'in')).not.toBe(one)
  expect(scanners.get(BUILT_IN, ['email', 'iban'], 'look')).not.toBe(one)
})

test('other kinds, another one', () => {
  const own = compileRecognition([{ type: 'mine', terms: ['nightjar'] }], {}, Buffer.alloc(32))
  if ('problems' in own) throw new Error(JSON.stringify(own.problems))
  const scanners = new Scanners()
  const found = (of: Parameters<Scanners['get']>[0]) => {
    const bytes = Buffer.from('nightjar')
    const types: string[] = []
    const scanner = scanners.get(of, ['mine', 'email'], 'out')
    scanner.scan(bytes, 0, bytes.length, scanner.under(''), (_start, _end, type) => {
      types.push(type)
    })
    return types
  }
  expect(found(own.recognition)).toEqual(['mine'])
  expect(found(BUILT_IN)).toEqual([])
})

test('not more of them than rules can mean', () => {
  const scanners = new Scanners()
  const kinds = [...BUILT_IN.keys()]
  const first = scanners.get(BUILT_IN, kinds.slice(0, 1), 'out')
  for (const kind of kinds.slice(1, 66)) scanners.get(BUILT_IN, [kind], 'out')
  expect(scanners.get(BUILT_IN, kinds.slice(0, 1), 'out')).not.toBe(first)
})
