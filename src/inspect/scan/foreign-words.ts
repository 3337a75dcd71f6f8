/**
 * Context words that have letters beyond ASCII: `телефон`, `電話`, `téléphone`. Where a script puts no blanks between words, or inflects their
 * ends, a phrase is found wherever its characters stand; one in Latin letters has to be whole. They are looked for from the first such letter
 * on, and only around candidates.
 */

import { kindOf } from './text.ts'
import { type Topic, Topics } from './topics.ts'

interface Ending {
  /** What stands before the first letter beyond ASCII, in lower case. */
  readonly before: Uint8Array
  readonly isWord: boolean
  readonly what: number[]
  topic: Topic
}

/** Nearly all have one byte that goes on. */
interface Node {
  byte: number
  next: Node | null
  /** Indexed by byte, where there are several. */
  others: (Node | null)[] | null
  readonly endings: Ending[]
}

/** @param goesOn whether letters follow: then it is a phrase only for what begins there */
export type ToldForeign = (topic: Topic, start: number, end: number, goesOn: boolean) => void

export class ForeignWords {
  readonly #root = newNode()

  /** @param phrases what each number goes by, in lower case; those in ASCII are left out */
  constructor(phrases: Iterable<readonly [phrase: string, what: number]>) {
    const endings = new Set<Ending>()
    for (const [phrase, what] of phrases) {
      if (!isForeign(phrase)) continue
      const at = phrase.search(/[^\x00-\x7f]/)
      const before = Buffer.from(phrase.slice(0, at))
      const rest = phrase.slice(at)
      for (const form of new Set([rest, rest.toUpperCase(), capitalized(rest)]))
        endings.add(this.#add(Buffer.from(form), before, /[a-z]/.test(phrase), what))
    }
    const topics = new Topics()
    for (const ending of endings) ending.topic = topics.of(ending.what)
  }

  #add(bytes: Uint8Array, before: Uint8Array, isWord: boolean, what: number): Ending {
    let node = this.#root
    for (const byte of bytes) node = nextOf(node, byte) ?? addNext(node, byte)
    const known = node.endings.find((ending) => Buffer.compare(ending.before, before) === 0)
    const ending = known ?? { before, isWord, what: [], topic: NO_TOPIC }
    if (known === undefined) node.endings.push(ending)
    if (!ending.what.includes(what)) ending.what.push(what)
    return ending
  }

  /** Tells all phrases whose first letter beyond ASCII is at `at` and that end at `limit` or before, also those that letters follow. */
  read(bytes: Uint8Array, at: number, limit: number, told: ToldForeign): void {
    let node = this.#root
    for (let i = at; i < limit; i++) {
      const next = nextOf(node, bytes[i] as number)
      if (next === null) return
      node = next
      for (let e = 0; e < node.endings.length; e++) {
        const { before, isWord, topic } = node.endings[e] as Ending
        const start = at - before.length
        if (start < 0 || (isWord && start > 0 && isLetter(bytes, start - 1))) continue
        const goesOn = isWord && i + 1 < limit && isLetter(bytes, i + 1)
        if (isSame(bytes, start, before)) told(topic, start, i + 1, goesOn)
      }
    }
  }
}

const NO_TOPIC: Topic = { what: [], bits: new Uint32Array(0) }

function newNode(): Node {
  return { byte: -1, next: null, others: null, endings: [] }
}

function nextOf(node: Node, byte: number): Node | null {
  if (node.byte === byte) return node.next
  return node.others === null ? null : (node.others[byte] as Node | null)
}

function addNext(node: Node, byte: number): Node {
  const next = newNode()
  if (node.next === null) {
    node.byte = byte
    node.next = next
  } else {
    node.others ??= new Array<Node | null>(256).fill(null)
    node.others[byte] = next
  }
  return next
}

/** Letters and digits with at least one beyond ASCII, and single blanks between them. */
export function isForeign(phrase: string): boolean {
  return (
    /^[a-z0-9\u0080-\uffff]+( [a-z0-9\u0080-\uffff]+)*$/.test(phrase) && /[^\x00-\x7f]/.test(phrase)
  )
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
