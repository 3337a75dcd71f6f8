/**
 * How much of what only looks like an id is taken for one: of random text in a layout, the part that `valid` lets through. It decides
 * whether a layout is found by itself.
 */

import { describe, expect, test } from 'vitest'
import { IDS } from '../../../src/inspect/recognizers/ids.ts'
import type { PatternShape } from '../../../src/inspect/recognizers/recognizer.ts'
import { createRandom, fill } from './accepts.ts'

const SAMPLES = 20_000

/** Of text in a layout, in percent. */
function acceptance(shape: PatternShape, layout: string): number {
  const random = createRandom(layout.length * 31 + 7)
  const bytes = new Uint8Array(64)
  const form = layout.toUpperCase()
  let accepted = 0
  for (let i = 0; i < SAMPLES; i++) {
    const compact = fill(form, random).replace(/[ \-./_]/g, '')
    bytes.set(Buffer.from(compact, 'latin1'))
    if (shape.valid === undefined || shape.valid(bytes, compact.length)) accepted++
  }
  return (accepted * 100) / SAMPLES
}

const ALONE = IDS.flatMap(({ type, readiness, shapes }) =>
  shapes
    .filter((shape) => shape.kind === 'pattern')
    .filter((shape) => (shape.readiness ?? readiness) === 'on')
    .flatMap((shape) => shape.layouts.map((layout) => ({ type, layout, shape }))),
)

describe('what is found by itself', () => {
  // Where letters may stand, digits may.
  const bare = ALONE.map((row) => ({ ...row, layout: row.layout.replace(/[Xx]/g, '9') })).filter(
    ({ layout }) => /^9+$/.test(layout),
  )
  test.each(bare)(
    '$type $layout: at most one in a thousand of random digits',
    ({ shape, layout }) => {
      expect(acceptance(shape, layout)).toBeLessThanOrEqual(0.1)
    },
  )

  const grouped = ALONE.filter(({ layout }) => /^[9 \-./_]+$/.test(layout) && !/^9+$/.test(layout))
  test.each(grouped)(
    '$type $layout: its groups, and what random digits in them pass',
    ({ type, shape, layout }) => {
      expect(acceptance(shape, layout)).toBeLessThanOrEqual(GROUPED[type] ?? 1.1)
    },
  )
})

/** More than 1.1 % only where hardly anything else is written in just these groups. */
const GROUPED: Readonly<Record<string, number>> = {
  'us-ssn': 90,
  'us-itin': 5,
  'cz-rodne-cislo': 2,
  'sk-rodne-cislo': 2,
  'ar-cuit': 1.5,
  'in-aadhaar': 9,
  'pk-cnic': 65,
  'id-npwp': 11,
  'my-nric': 4,
  'th-id': 9,
}
