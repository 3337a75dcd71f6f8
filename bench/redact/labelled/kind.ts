/** A kind of data as somebody who labels texts knows it: values as they are written, and what they are called. */

import { stdnum } from 'stdnum'
import type { Random } from '../random.ts'

export interface Kind {
  /** As published by the recognisers. */
  readonly type: string
  /** Types that say the same of the same value. */
  readonly or?: readonly string[]
  /** What people call it, in the languages of those who have one. */
  readonly words: readonly string[]
  /** Names of fields, in words: written in every style. */
  readonly keys: readonly string[]
  /** Whether it is expected to be found where nothing says what it is. */
  readonly bare: boolean
  /** Only ever under a name. */
  readonly keyed?: boolean
  /** What it stands in; `{}` is the value. */
  readonly within?: readonly string[]
  readonly make: (random: Random) => string
}

type Modules = Record<string, Record<string, { validate: (text: string) => { isValid: boolean } }>>

/** An oracle of `stdnum`. */
export function by(country: string, module: string): (text: string) => boolean {
  const found = (stdnum as unknown as Modules)[country]?.[module]
  if (found === undefined) throw new Error(`no ${country}.${module}`)
  return (text) => found.validate(text).isValid
}

/**
 * A value of a form that the oracle takes. `9` is a digit, `A` a capital, `X` either; days as `DDMMYY`, `YYMMDD`, `YYYYMMDD`; in braces what
 * stays as it is.
 */
export function until(form: string, oracle: (text: string) => boolean) {
  return (random: Random): string => {
    for (let i = 0; i < 200_000; i++) {
      const text = fill(form, random)
      if (oracle(text)) return text
    }
    throw new Error(`nothing of the form ${form}`)
  }
}

export function form(text: string) {
  return (random: Random): string => fill(text, random)
}

export function fill(text: string, random: Random): string {
  const year = 1930 + random.below(75)
  const month = String(1 + random.below(12)).padStart(2, '0')
  const day = String(1 + random.below(28)).padStart(2, '0')
  const short = String(year).slice(2)
  return text
    .split(/(\{[^}]*\}|YYYYMMDD|DDMMYYYY|DDMMYY|DDMM|YYMMDD|YY\.MM\.DD|9|A|X)/)
    .map((part) => {
      if (part.startsWith('{')) return part.slice(1, -1)
      if (part === '9') return random.digits(1)
      if (part === 'A') return random.chars(UPPER, 1)
      if (part === 'X') return random.chars(`${UPPER}0123456789`, 1)
      if (part === 'YYYYMMDD') return `${year}${month}${day}`
      if (part === 'DDMMYYYY') return `${day}${month}${year}`
      if (part === 'DDMM') return `${day}${month}`
      if (part === 'DDMMYY') return `${day}${month}${short}`
      if (part === 'YYMMDD') return `${short}${month}${day}`
      if (part === 'YY.MM.DD') return `${short}.${month}.${day}`
      return part
    })
    .join('')
}

export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
export const LOWER = UPPER.toLowerCase()
export const ALNUM = `${UPPER}${LOWER}0123456789`

/** Written in groups of such lengths. */
export function grouped(lengths: readonly number[], separator: string, text: string): string {
  let at = 0
  return lengths
    .map((length) => {
      at += length
      return text.slice(at - length, at)
    })
    .join(separator)
}

/** One of several ways to write what was made. */
export function spelt(
  make: (random: Random) => string,
  ...ways: readonly ((text: string) => string)[]
) {
  return (random: Random): string => {
    const text = make(random)
    return random.pick([(same: string) => same, ...ways])(text)
  }
}

/** Groups of such lengths with one of the separators. */
export function inGroups(lengths: readonly number[], ...separators: readonly string[]) {
  return separators.map((separator) => (text: string) => grouped(lengths, separator, text))
}
