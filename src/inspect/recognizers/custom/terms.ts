/** Customers' terms as one tree: all of them are looked for at once, and each place costs no more than the longest of them. */

import type { AnchorShape, Shape } from '../recognizer.ts'
import type { Compiled } from './custom.ts'
import { beginningsOf, character, fold, isWordCode, readCharacter } from './words.ts'

const MAX_TERMS = 100_000
const MAX_LENGTH = 128
const MIN_LENGTH = 3

interface Node {
  readonly next: Map<number, Node>
  isEnd: boolean
}

export function compileTerms(terms: readonly string[]): Compiled<readonly Shape[]> {
  if (terms.length === 0) return { fault: 'there are no terms' }
  if (terms.length > MAX_TERMS) return { fault: `there are more than ${MAX_TERMS} terms` }
  const root: Node = { next: new Map(), isEnd: false }
  const beginnings = new Set<string>()
  for (const term of terms) {
    const folded = foldText(term)
    if ([...folded].length < MIN_LENGTH)
      return { fault: `\`${term}\` has fewer than ${MIN_LENGTH} characters` }
    if (folded.length > MAX_LENGTH)
      return { fault: `\`${term.slice(0, 20)}…\` has more than ${MAX_LENGTH} characters` }
    for (const beginning of beginningsOf(folded)) beginnings.add(beginning)
    let node = root
    for (const each of folded) {
      const code = each.codePointAt(0) ?? 0
      const next = node.next.get(code) ?? { next: new Map(), isEnd: false }
      node.next.set(code, next)
      node = next
    }
    node.isEnd = true
  }
  const extent = walk(root)
  return {
    value: [...beginnings].map((literal) => ({
      kind: 'anchor',
      literal,
      extent,
      rest: 'A-Za-z0-9',
    })),
  }
}

/** One spelling of a text: composed, in lower case, with single blanks. */
function foldText(text: string): string {
  const plain = text.normalize('NFC').replace(/\s+/gu, ' ').trim()
  return [...plain].map((each) => String.fromCodePoint(fold(each.codePointAt(0) ?? 0))).join('')
}

/** The longest term that begins there and ends where a word does. */
function walk(root: Node): AnchorShape['extent'] {
  return (bytes, at, _floor, limit, out) => {
    out.start = at
    out.end = at
    out.reached = false
    let node = root
    let end = at
    let isWord = false
    for (;;) {
      if (end >= limit || !readCharacter(bytes, end, limit)) {
        out.reached = true
        if (node.isEnd && end >= limit) out.end = end
        return
      }
      const { code, size } = character
      if (node.isEnd && !(isWord && isWordCode(code))) out.end = end
      const next = node.next.get(code)
      if (next === undefined) return
      isWord = isWordCode(code)
      node = next
      end += size
    }
  }
}
