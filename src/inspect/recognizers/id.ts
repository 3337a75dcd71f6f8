/** The recogniser of a national id, out of what differs from one to the next. */

import type { DataClass } from '../../model/finding.ts'
import type { PatternShape, Recognizer } from './recognizer.ts'
import { inSpellings } from './spelling.ts'

export interface Id {
  readonly basis: string
  readonly words: readonly string[]
  /** Layouts that are found by themselves: so rare, or so well checked, that at most one in a thousand of random text has them. */
  readonly alone?: readonly string[]
  /** Layouts that are found where a word says what they are. */
  readonly near?: readonly string[]
  readonly valid?: (text: Uint8Array, length: number) => boolean
  /** Instead, where a word says what it is. */
  readonly validNear?: (text: Uint8Array, length: number) => boolean
  readonly class?: DataClass
}

/** @param words in local spelling: they are also found without accents */
export function id(type: string, { basis, words, alone = [], near = [], ...more }: Id): Recognizer {
  const valid = more.valid === undefined ? {} : { valid: more.valid }
  const shapes: PatternShape[] = []
  if (alone.length > 0) shapes.push({ kind: 'pattern', layouts: alone, ...valid })
  if (near.length > 0) {
    const other = more.validNear === undefined ? valid : { valid: more.validNear }
    shapes.push({ kind: 'pattern', layouts: near, readiness: 'context', ...other })
  }
  const readiness = alone.length > 0 ? 'on' : 'context'
  return {
    type,
    class: more.class ?? 'personal',
    readiness,
    words: inSpellings(words),
    shapes,
    basis,
  }
}
