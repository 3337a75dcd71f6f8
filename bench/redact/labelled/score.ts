/** Recall and precision of each kind: bodies with one known value each, through the formats and the scanner. */

import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import { createRedactor } from '../../../src/inspect/redact/redactor.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { Random } from '../random.ts'
import { type Carrier, fillCarrier, isField, isNamed, neighbour } from './carriers.ts'
import { CONTACT_KINDS } from './contact.ts'
import { EUROPE_KINDS } from './ids-europe.ts'
import { WORLD_KINDS } from './ids-world.ts'
import type { Kind } from './kind.ts'
import { MONEY_KINDS } from './money.ts'
import { NETWORK_KINDS } from './network.ts'
import { SECRET_KINDS } from './secrets.ts'

export const LABELLED_KINDS: readonly Kind[] = [
  ...CONTACT_KINDS,
  ...MONEY_KINDS,
  ...NETWORK_KINDS,
  ...EUROPE_KINDS,
  ...WORLD_KINDS,
  ...SECRET_KINDS,
]

/** Kinds that are off unless asked for are asked for: what is scored is whether they are found, not the default. */
const scanner = createScanner(RECOGNIZERS, {
  types: new Set(
    RECOGNIZERS.filter(
      ({ type, readiness }) =>
        readiness !== 'off' || LABELLED_KINDS.some((kind) => kind.type === type),
    ).map(({ type }) => type),
  ),
})

export interface Score {
  readonly type: string
  /** Found as what it is, all of it and nothing more. */
  right: number
  /** Found, but as something else, or with something more. */
  otherwise: number
  /** Some of it went through. */
  missed: number
  /** What is no label was taken for one of this type. */
  wrong: number
}

export interface Miss {
  readonly type: string
  readonly value: string
  readonly body: string
  readonly found: string
}

/** Other names of fields, and other values, than those of the kinds. */
export interface Instead {
  readonly keys?: Readonly<Record<string, readonly string[]>>
  readonly values?: Readonly<Record<string, readonly string[]>>
}

export function score(
  carriers: readonly Carrier[],
  each: number,
  seed: number,
  onMiss: (miss: Miss) => void = () => {},
  instead: Instead = {},
): readonly Score[] {
  const random = new Random(seed)
  const scores = new Map<string, Score>()
  const of = (type: string): Score => {
    const known = scores.get(type) ?? { type, right: 0, otherwise: 0, missed: 0, wrong: 0 }
    scores.set(type, known)
    return known
  }
  for (const kind of LABELLED_KINDS) {
    const keys = instead.keys === undefined ? kind.keys : instead.keys[kind.type]
    if (keys === undefined) continue
    const values = instead.values?.[kind.type]
    for (const carrier of carriers) {
      if (!isExpected(kind, carrier) || (instead.keys !== undefined && !isField(carrier))) continue
      for (let i = 0; i < each; i++) {
        const value = values === undefined ? kind.make(random) : random.pick(values)
        const word = kind.words.length === 0 ? '' : random.pick(kind.words)
        const text =
          kind.within === undefined ? value : random.pick(kind.within).replace('{}', () => value)
        const { body, contentType } = fillCarrier(
          carrier,
          word,
          random.pick(keys),
          text,
          neighbour(random),
        )
        const found = find(body, contentType)
        const isOf = (type: string) => type === kind.type || kind.or?.includes(type) === true
        const own = found.filter(({ value: one }) => overlaps(one, value))
        const exact = own.find(({ type, value: one }) => isOf(type) && one === value)
        const covers = own.some(({ value: one }) => one.includes(value))
        if (exact) of(kind.type).right++
        else if (covers) of(kind.type).otherwise++
        else of(kind.type).missed++
        for (const { type } of found) if (type !== exact?.type) of(type).wrong++
        if (!exact || found.length > 1)
          onMiss({
            type: kind.type,
            value,
            body: body.toString(),
            found: found.map((one) => `${one.type}=${one.value}`).join(' | '),
          })
      }
    }
  }
  return [...scores.values()]
}

function isExpected(kind: Kind, carrier: Carrier): boolean {
  if (kind.keyed) return isField(carrier)
  if (!isNamed(carrier)) return kind.bare
  return kind.words.length > 0 || isField(carrier)
}

function find(body: Buffer, contentType: string): readonly { type: string; value: string }[] {
  const found: { type: string; value: string }[] = []
  const redactor = createRedactor({
    contentType,
    scan: scanner,
    replace: (type, value) => {
      found.push({ type, value: value.toString() })
      return value
    },
  })
  redactor.push(body)
  redactor.end()
  return found
}

function overlaps(one: string, value: string): boolean {
  return value.includes(one) || one.includes(value)
}

/** How a kind is known. */
export function familyOf({ type, bare, keyed }: Kind): string {
  if (['email', 'us-ssn'].includes(type) || (type === 'phone' && bare)) return 'email phone ssn'
  if (type === 'password' || type === 'secret-key') return 'passwords, keys'
  if (keyed) return 'by a name'
  if (!bare) return 'near a word'
  return SECRET_KINDS.some((kind) => kind.type === type) ? 'prefixed' : 'checked'
}

/** Recall by family over the rows of several scores. */
export function byFamily(rows: readonly Score[]): ReadonlyMap<string, Score> {
  const families = new Map<string, Score>()
  for (const { type, right, otherwise, missed, wrong } of rows) {
    const kind = LABELLED_KINDS.find((one) => one.type === type)
    if (kind === undefined) continue
    const family = familyOf(kind)
    const sum = families.get(family) ?? {
      type: family,
      right: 0,
      otherwise: 0,
      missed: 0,
      wrong: 0,
    }
    families.set(family, {
      type: family,
      right: sum.right + right,
      otherwise: sum.otherwise + otherwise,
      missed: sum.missed + missed,
      wrong: sum.wrong + wrong,
    })
  }
  return families
}
