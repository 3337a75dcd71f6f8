/**
 * What costs the scanner most for each byte: what is known to, and what is to be found by trying. An attacker chooses what is sent, so a text
 * of nothing but one unit, time and again, is the measure.
 */

import type { Recognizer, Shape } from '../../src/inspect/recognizers/recognizer.ts'
import { NOWHERE, type Scanner } from '../../src/inspect/scan/scanner.ts'
import { measure } from './measure.ts'
import { Random } from './random.ts'

/** Each was the worst at some time. */
export const WORST: Readonly<Record<string, string>> = {
  '@@@@': '@',
  'a@a@': 'a@',
  'a.a.': 'a.',
  'groups of four': '1234 5678 ',
  'groups of an account': 'BC1m ',
  'numbers with words': 'account 123456789 ',
  'numbers in many groups': 'nir 6 12 12 47 887 743 43 ',
  'VAT numbers that are none': 'vat id UAN93647965 ',
  'words with accents': 'numéro de sécurité sociale 2 60 90 50 807 397 95 ',
  'words of another script': 'マイナンバー 682543955546 ',
  'inflected words': 'граждански номер 8124916539 ',
  'names of another script': 'password пароль a ',
  'e-mails': 'ada@example.com ',
  '-----BEGIN': '-----BEGIN PRIVATE KEY-----\n',
  'sk-sk-': 'sk-',
  'eyJ-': 'eyJ-',
  'password:"': 'password:"',
  'Passphrase :': ':Passphrase ',
  'token:': 'token:',
  'token=1': 'token=1',
  'sid=': 'sid=',
  'street:': 'street:',
  'icd=': 'icd=',
}

/** Bytes of a text that a unit is tried in. */
const SIZE = 64_000
const PARTS = [' ', ', ', '-', '\n', '=', ':', ':"', '="'] as const

/** Tries what each recogniser looks for, what nearly is that, and its words and names, with what may stand between. @returns the dearest first */
export function searchWorst(
  scanner: Scanner,
  recognizers: readonly Recognizer[],
): readonly (readonly [unit: string, nsPerByte: number])[] {
  const random = new Random(21)
  const units = new Set(recognizers.flatMap((recognizer) => unitsOf(recognizer, random)))
  const costs = (size: number) => (unit: string) => [unit, cost(scanner, unit, size)] as const
  const dearest = (all: (readonly [string, number])[]) => all.sort((a, b) => b[1] - a[1])
  // The first time for the compiler, and most are told by little.
  for (const unit of units) cost(scanner, unit, SIZE / 16)
  const first = dearest([...units].map(costs(SIZE / 4))).slice(0, 100)
  return dearest(first.map(([unit]) => costs(SIZE)(unit)))
}

/** In ns of CPU time for each byte. */
function cost(scanner: Scanner, unit: string, size: number): number {
  const bytes = Buffer.alloc(size, unit)
  return (measure(() => scanner.scan(bytes, 0, size, NOWHERE, () => {}), 3) * 1e6) / size
}

function unitsOf({ words, shapes }: Recognizer, random: Random): readonly string[] {
  const said = words.slice(0, 12)
  const looks = shapes.flatMap((shape) => looksOf(shape, random))
  return [
    ...said.map((word) => `${word} `),
    ...looks.flatMap((look) => PARTS.map((part) => look + part)),
    ...looks.flatMap((look) => said.flatMap((word) => [`${word} ${look} `, `${look} ${word} `])),
  ]
}

/** What looks like it, and a little less. */
function looksOf(shape: Shape, random: Random): readonly string[] {
  switch (shape.kind) {
    case 'pattern':
      return [shape.layouts[0], random.pick(shape.layouts), shape.layouts.at(-1)].map((layout) =>
        (layout ?? '').replaceAll(/[9AaXx]/g, (char) => random.chars(CHARACTERS[char] ?? '0', 1)),
      )
    case 'prefix':
      return shape.prefixes.slice(0, 3).flatMap((prefix) => [prefix, `${prefix}a1B2c3D4e5F6`])
    case 'anchor':
      return [shape.literal, `${shape.literal}a`, `a${shape.literal}`].map((text) =>
        Buffer.from(text, 'latin1').toString(),
      )
    case 'key':
      return shape.keys.slice(0, 6)
    default:
      return shape satisfies never
  }
}

const DIGITS = '0123456789'
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LETTERS = CAPITALS + CAPITALS.toLowerCase()
const CHARACTERS: Readonly<Record<string, string>> = {
  9: DIGITS,
  A: CAPITALS,
  a: LETTERS,
  X: CAPITALS + DIGITS,
  x: LETTERS + DIGITS,
}
