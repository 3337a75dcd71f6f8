/** The recogniser of a national id, out of what differs from one to the next. */

import type { DataClass } from '../../model/finding.ts'
import type { PatternShape, Recognizer } from './recognizer.ts'

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

/** @param words in local spelling: they are also found without accents. Latin letters only */
export function id(type: string, { basis, words, alone = [], near = [], ...more }: Id): Recognizer {
  const spelt = words.flatMap(toSpellings)
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
    words: [...new Set(spelt)],
    shapes,
    basis,
  }
}

/**
 * As the scanner reads them: without accents, as people without a keyboard for them write, and as what is left of a word where each letter
 * beyond ASCII parts it in two.
 */
function toSpellings(word: string): string[] {
  const plain = word
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9 ]/g, toAscii)
  const spelt = word.replace(/ä|ö|ü|ø|å|æ/g, (letter) => SPELT[letter] ?? '')
  const parted = word.replace(/[^a-z0-9]+/g, ' ').trim()
  return [...new Set([plain, spelt, parted])].filter(
    (form) => /^[a-z0-9 ]{2,}$/.test(form) && form.split(' ').length <= 4,
  )
}

function toAscii(letter: string): string {
  return { ø: 'o', ł: 'l', đ: 'd', ð: 'd', ı: 'i', æ: 'ae', ß: 'ss', ə: 'e' }[letter] ?? ''
}

const SPELT: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ø: 'oe',
  å: 'aa',
  æ: 'ae',
}
