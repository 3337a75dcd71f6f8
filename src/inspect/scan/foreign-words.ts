/**
 * Context words that have letters beyond ASCII: `телефон`, `電話`, `téléphone`. Where a script puts no blanks between words, or inflects their
 * ends, a phrase is found wherever its characters stand; one in Latin letters has to be whole. They are looked for from the first such letter
 * on, and only around candidates.
 */

import { kindOf } from './text.ts'
import type { Told } from './words.ts'

interface Ending {
  /** What stands before the first letter beyond ASCII, in lower case. */
  readonly before: Uint8Array
  readonly isWord: boolean
  readonly what: number[]
}

interface Node {
  readonly next: Map<number, Node>
  readonly endings: Ending[]
}

export class ForeignWords {
  readonly #root: Node = { next: new Map(), endings: [] }

  /** @param phrases what each number goes by, in lower case; those in ASCII are left out */
  constructor(phrases: Iterable<readonly [phrase: string, what: number]>) {
    for (const [phrase, what] of phrases) {
      if (!isForeign(phrase)) continue
      const at = phrase.search(/[^\x00-\x7f]/)
      const before = Buffer.from(phrase.slice(0, at))
      const rest = phrase.slice(at)
      for (const form of new Set([rest, rest.toUpperCase(), capitalized(rest)]))
        this.#add(Buffer.from(form), before, /[a-z]/.test(phrase), what)
    }
  }

  get isEmpty(): boolean {
    return this.#root.next.size === 0
  }

  #add(bytes: Uint8Array, before: Uint8Array, isWord: boolean, what: number): void {
    let node = this.#root
    for (const byte of bytes) {
      const next = node.next.get(byte) ?? { next: new Map(), endings: [] }
      node.next.set(byte, next)
      node = next
    }
    const known = node.endings.find((ending) => Buffer.compare(ending.before, before) === 0)
    if (known === undefined) node.endings.push({ before, isWord, what: [what] })
    else if (!known.what.includes(what)) known.what.push(what)
  }

  /** Tells all phrases whose first letter beyond ASCII is at `at` and that end at `limit` or before. */
  read(bytes: Uint8Array, at: number, limit: number, told: Told): void {
    let node: Node | undefined = this.#root
    for (let i = at; i < limit; i++) {
      node = node.next.get(bytes[i] as number)
      if (node === undefined) return
      for (const { before, isWord, what } of node.endings) {
        const start = at - before.length
        if (start < 0 || (isWord && !isWhole(bytes, start, i + 1, limit))) continue
        if (isSame(bytes, start, before)) told(what, start, i + 1)
      }
    }
  }
}

/** Letters and digits with at least one beyond ASCII, and single blanks between them. */
export function isForeign(phrase: string): boolean {
  return (
    /^[a-z0-9\u0080-\uffff]+( [a-z0-9\u0080-\uffff]+)*$/.test(phrase) && /[^\x00-\x7f]/.test(phrase)
  )
}

function isWhole(bytes: Uint8Array, start: number, end: number, limit: number): boolean {
  if (start > 0 && isLetter(bytes, start - 1)) return false
  return end >= limit || !isLetter(bytes, end)
}

function isLetter(bytes: Uint8Array, at: number): boolean {
  return kindOf(bytes, at) > 1
}

function isSame(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[start + i] as number
    const isBetween = byte === 0x2d || byte === 0x2e || byte === 0x5f
    const letter = byte >= 0x41 && byte <= 0x5a ? byte | 32 : isBetween ? 0x20 : byte
    if (letter !== text[i]) return false
  }
  return true
}

function capitalized(phrase: string): string {
  const [first = '', ...rest] = phrase
  return first.toUpperCase() + rest.join('')
}
