/** The table misses nothing: what it has to look for is compared with a plain search for literals and runs. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Recognizer, Shape } from '../../../src/inspect/recognizers/recognizer.ts'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { type Automaton, compileAutomaton, SHIFT } from '../../../src/inspect/scan/automaton.ts'
import { compileLayouts, groupKey, MAX_RUN, patternsOf } from '../../../src/inspect/scan/layouts.ts'
import { compileLiterals, type Literal } from '../../../src/inspect/scan/literals.ts'
import { ALONE, standsAlone } from '../../../src/inspect/scan/surroundings.ts'
import { KINDS } from '../../../src/inspect/scan/text.ts'

const ALL_ON = () => true
const CUSTOM: Recognizer = {
  type: 'terms',
  class: 'personal',
  readiness: 'on',
  words: [],
  shapes: ['ß', 'é!', '::', ':/', '/', '-', '--a', 'fal', '+-', 'x-', 'Pa'].map(toAnchor),
  basis: 'a test',
}

function toAnchor(text: string): Shape {
  const literal = Buffer.from(text).toString('latin1')
  return { kind: 'anchor', literal, extent: () => {} }
}

const recognizers = [...RECOGNIZERS, CUSTOM]
const roots = compileLayouts(patternsOf(recognizers, ALL_ON))
const literals = compileLiterals(recognizers, ALL_ON)
const automaton = compileAutomaton(roots, literals, true)

/** `run START LENGTH` and `RECOGNIZER TEXT START`. */
function lookedFor(
  { table, classes, firstStop, stops }: Automaton,
  bytes: Uint8Array,
): ReadonlySet<string> {
  const found = new Set<string>()
  let state = 0
  for (let at = 0; at <= bytes.length; at++) {
    const symbol = classes[bytes[at] ?? 256] ?? 0
    state = table[(state << SHIFT) | symbol] ?? 0
    for (const { attempt, ends } of stops[state - firstStop] ?? []) {
      if (attempt !== null) found.add(`run ${at - attempt.back - attempt.length} ${attempt.length}`)
      for (const { depth, literals } of ends)
        for (const literal of literals) found.add(nameOf(literal, at + 1 - depth))
    }
  }
  return found
}

function nameOf({ recognizer, bytes }: Literal, start: number): string {
  return `${recognizer} ${Buffer.from(bytes).toString('latin1')} ${start}`
}

function isWord(byte: number | undefined): boolean {
  return byte !== undefined && KINDS[byte] !== 0
}

function literalsIn(bytes: Buffer): readonly string[] {
  return literals.flatMap((literal) => {
    const starts: string[] = []
    const text = Buffer.from(literal.bytes)
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
      const beginsRun = !isWord(text[0]) || !isWord(bytes[at - 1])
      const next = bytes[at + text.length]
      const goesOn = literal.next === null || (next !== undefined && literal.next[next] === 1)
      if (beginsRun && goesOn) starts.push(nameOf(literal, at))
    }
    return starts
  })
}

function runsIn(bytes: Buffer): readonly string[] {
  return [...bytes.toString('latin1').matchAll(/[A-Za-z0-9]+/g)].flatMap(({ 0: run, index }) => {
    const kinds = [...Buffer.from(run)].reduce((sum, byte) => sum | (KINDS[byte] ?? 0), 0)
    const node = run.length > MAX_RUN ? undefined : roots[groupKey(run.length, kinds)]
    const end = index + run.length
    const isAlone = standsAlone(bytes, index, end, kinds, bytes.length, false) === ALONE
    return node !== undefined && node.candidates.length > 0 && isAlone
      ? [`run ${index} ${run.length}`]
      : []
  })
}

const TEXT = fc
  .array(
    fc.oneof(
      fc.constantFrom(...literals.map(({ bytes }) => Buffer.from(bytes).toString('latin1'))),
      fc.constantFrom(...' -./_:;,@+~(=<"#%&', '0', '12', 'x', 'AB', '\n', '\xc3\x9f'),
      fc.stringMatching(/^[A-Za-z0-9]{1,20}$/),
      fc.stringMatching(/^[0-9]{1,19}$/),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))

describe('the table', () => {
  test('has literals and runs looked at wherever there may be one', () => {
    fc.assert(
      fc.property(TEXT, (bytes) => {
        const found = lookedFor(automaton, bytes)
        for (const each of [...literalsIn(bytes), ...runsIn(bytes)]) expect(found).toContain(each)
      }),
      { numRuns: 4000 },
    )
  })

  test('of very many literals knows shorter beginnings, and no fewer literals', () => {
    const many: Recognizer = {
      ...CUSTOM,
      shapes: Array.from({ length: 20_000 }, (_, i) => toAnchor(`q${(i * 7919).toString(36)}zz`)),
    }
    const compiled = compileLiterals([many], ALL_ON)
    const small = compileAutomaton([], compiled, false)
    expect(small.firstStop + small.stops.length).toBeLessThan(0x1_0000)
    for (const literal of compiled.filter((_, index) => index % 97 === 0))
      expect(lookedFor(small, literal.bytes)).toContain(nameOf(literal, 0))
  })

  test('has nothing to look for in prose, and in what cannot be found', () => {
    for (const text of ['the quick brown fox jumps over it', '@@@@ ,,,, \\\\\\', 'a.b.c.d.'])
      expect([...lookedFor(compileAutomaton(roots, [], false), Buffer.from(text))]).toEqual([])
  })
})
