/** The automaton in halves notes what it notes step by step, and is in the same state behind. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { type Automaton, compileAutomaton, SHIFT } from '../../../src/inspect/scan/automaton.ts'
import { BLOCK, Lanes } from '../../../src/inspect/scan/lanes.ts'
import { compileLayouts, patternsOf } from '../../../src/inspect/scan/layouts.ts'
import { compileLiterals } from '../../../src/inspect/scan/literals.ts'

const ALL_ON = () => true
const automaton = compileAutomaton(
  compileLayouts(patternsOf(RECOGNIZERS, ALL_ON)),
  compileLiterals(RECOGNIZERS, ALL_ON),
  true,
)

interface Steps {
  readonly noted: readonly number[]
  readonly state: number
}

/** Positions and states by turns, over blocks that end at `cuts`. */
function inHalves(bytes: Uint8Array, cuts: readonly number[]): Steps {
  const lanes = new Lanes(automaton)
  const noted: number[] = []
  let from = 0
  for (const end of [...cuts, bytes.length]) {
    const count = lanes.step(bytes, from, end)
    for (const note of lanes.noted.subarray(0, count))
      noted.push(from + (note >>> 16), note & 0xffff)
    from = end
  }
  return { noted, state: lanes.state }
}

function stepByStep({ table, classes, firstStop }: Automaton, bytes: Uint8Array): Steps {
  const noted: number[] = []
  let state = 0
  for (const [at, byte] of bytes.entries()) {
    state = table[(state << SHIFT) | (classes[byte] as number)] as number
    if (state >= firstStop) noted.push(at, state)
  }
  return { noted, state }
}

const TEXT = fc
  .array(
    fc.oneof(
      fc.constantFrom('4111 1111 ', 'sk-ant-', '-----BEGIN ', 'a', ' ', '=', '\\u00', '1234567890'),
      fc.stringMatching(/^[A-Za-z0-9]{1,90}$/),
      fc.string({ maxLength: 8 }),
    ),
    { minLength: 12, maxLength: 60 },
  )
  .map((parts) => Buffer.from(parts.join('')).subarray(0, BLOCK))

describe('halves', () => {
  test('INVARIANT: note the same as one step after another', () => {
    fc.assert(
      fc.property(TEXT, fc.array(fc.nat(BLOCK), { maxLength: 2 }), (bytes, at) => {
        const cuts = at.filter((cut) => cut < bytes.length).sort((a, b) => a - b)
        expect(inHalves(bytes, cuts)).toEqual(stepByStep(automaton, bytes))
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['a run that goes over the middle', 'a'.repeat(BLOCK)],
    ['groups that never end', '1234 '.repeat(400)],
    ['the middle of a number', `${'x '.repeat(98)}12345678${' x'.repeat(98)}`],
    ['a beginning in the middle', `${'x'.repeat(197)}sk-ant-api${'x'.repeat(193)}`],
  ])('%s', (_, text) => {
    const bytes = Buffer.from(text)
    expect(inHalves(bytes, [])).toEqual(stepByStep(automaton, bytes))
  })
})
