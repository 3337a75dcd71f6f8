/** Keys in which nothing was found, so that each is read and looked at once, not for every object that has it. */

import type { Context, Scanner } from '../scan/scanner.ts'
import { mayBeOpaque } from './llm/opaque.ts'
import { type Part, partOf } from './pair.ts'
import { type Naming, namingOf, type Role, roleOf } from './tag-roles.ts'

export interface KnownKey {
  readonly bytes: Buffer
  readonly text: string
  readonly context: Context
  /** See `llm/opaque`. */
  readonly mayBeOpaque: boolean
  readonly part: Part
  readonly role: Role
  readonly naming: Naming
}

const SLOTS = 1024
/** Longer ones do not come so often. */
const MAX_SIZE = 64

export class KnownKeys {
  /** One for each hash: the last one stays. */
  readonly #slots = new Array<KnownKey | null>(SLOTS).fill(null)

  get(bytes: Buffer, start: number, end: number): KnownKey | null {
    const known = this.#slots[hash(bytes, start, end)] as KnownKey | null
    if (known === null) return null
    const theirs = known.bytes
    if (theirs.length !== end - start) return null
    for (let i = 0; i < theirs.length; i++) if (bytes[start + i] !== theirs[i]) return null
    return known
  }

  /** @returns what is known from now on */
  add(bytes: Buffer, start: number, end: number, text: string, context: Context): KnownKey {
    const copy = Buffer.from(bytes.subarray(start, end))
    const known = {
      bytes: copy,
      text,
      context,
      mayBeOpaque: mayBeOpaque(text),
      part: partOf(text),
      role: roleOf(text),
      naming: namingOf(text),
    }
    if (end - start <= MAX_SIZE) this.#slots[hash(bytes, start, end)] = known
    return known
  }
}

const byScanner = new WeakMap<Scanner, KnownKeys>()
const namesByScanner = new WeakMap<Scanner, KnownKeys>()
const labelsByScanner = new WeakMap<Scanner, KnownKeys>()

/** What was found in a key, and what it means, depends on nothing but the scanner: they are known from one body to the next. */
export function knownKeysOf(scanner: Scanner): KnownKeys {
  return knownOf(scanner, byScanner)
}

/** Names that are looked at together with what is around them: of these only what they mean. */
export function knownNamesOf(scanner: Scanner): KnownKeys {
  return knownOf(scanner, namesByScanner)
}

/** Labels, which say less than names. */
export function knownLabelsOf(scanner: Scanner): KnownKeys {
  return knownOf(scanner, labelsByScanner)
}

function knownOf(scanner: Scanner, by: WeakMap<Scanner, KnownKeys>): KnownKeys {
  let known = by.get(scanner)
  if (!known) {
    known = new KnownKeys()
    by.set(scanner, known)
  }
  return known
}

function hash(bytes: Buffer, start: number, end: number): number {
  const size = end - start
  if (size === 0) return 0
  const first = bytes[start] as number
  const second = bytes[start + (size >> 2)] as number
  const middle = bytes[start + (size >> 1)] as number
  const last = bytes[end - 1] as number
  return (size * 31 + first * 7 + second * 37 + middle * 13 + last * 3) & (SLOTS - 1)
}
