/**
 * A text without what it is about: `?` for every literal and number, no comments, one blank for all that stand together, and of lists of
 * values each kind of item once, so that statements are the same that differ in nothing else.
 *
 * INVARIANT: nothing of a literal, a number or a comment is in it.
 */

import { BoundedText } from './bounded-text.ts'
import { type Lexer, Mark, Token } from './lexer.ts'
import { QUERIES } from './words.ts'

/** An item of a list that is longer, and further kinds of them, are not compared with others. */
const MAX_ITEM = 1024
const MAX_ITEMS = 16
const VALUES: ReadonlySet<string> = new Set(['default', 'false', 'null', 'true'])

/** What kind of list it is that is read. */
const List = {
  none: 0,
  /** `IN (1, 2)`, `ARRAY[1, 2]` */
  values: 1,
  /** `VALUES (1), (2)` */
  rows: 2,
} as const

export class Normaliser {
  readonly #text = new BoundedText()
  #depth = 0
  #word = ''
  #list: (typeof List)[keyof typeof List] = List.none
  /** Where the commas of the list stand. */
  #listDepth = 0
  /** What is read of an item; null where it is too long to be compared. */
  #item: string | null = ''
  readonly #items = new Set<string>()

  /** Takes the token that was read. */
  feed(lexer: Lexer): void {
    const { mark, word } = lexer
    if (mark === Mark.close || mark === Mark.closeBracket) this.#depth--
    if (this.#list === List.none || !this.#isOfList(lexer, word, mark)) this.#write(lexer, word)
    if (mark === Mark.open || mark === Mark.openBracket) {
      this.#depth++
      const isIn = mark === Mark.open ? this.#word === 'in' : this.#word === 'array'
      if (isIn && this.#list === List.none) this.#begin(List.values)
    } else if (word === 'values' && this.#list === List.none) this.#begin(List.rows)
    this.#word = word
  }

  /** @param clean takes data out of what is left */
  end(clean: (text: string) => string): string {
    this.#endItem()
    return this.#text.finish(clean)
  }

  #write(lexer: Lexer, word: string): void {
    if (lexer.isApart && !this.#text.isEmpty) this.#text.push(' ')
    this.#text.push(toText(lexer, word))
  }

  #begin(list: (typeof List)[keyof typeof List]): void {
    this.#list = list
    this.#listDepth = this.#depth
    this.#item = ''
    this.#items.clear()
  }

  /** @returns false where the list has ended before it */
  #isOfList(lexer: Lexer, word: string, mark: number): boolean {
    const isOuter = this.#depth === this.#listDepth
    const isRows = this.#list === List.rows
    if (isOuter && mark === Mark.comma) {
      this.#endItem()
      return true
    }
    const isFirst = this.#item === '' && this.#items.size === 0
    const isQuery = !isRows && isFirst && QUERIES.has(word)
    const isEnd = isRows && isOuter && mark !== Mark.open && mark !== Mark.close
    if (isQuery || isEnd || this.#depth < this.#listDepth) {
      this.#endItem()
      this.#list = List.none
      return false
    }
    this.#addToItem(lexer, word)
    return true
  }

  #addToItem(lexer: Lexer, word: string): void {
    const item = this.#item
    if (item === null) return this.#write(lexer, word)
    const isBegin = item === '' || item.endsWith('(') || item.endsWith(',')
    if (isBegin && isSign(lexer)) return
    const isValue = VALUES.has(word) || lexer.token === Token.parameter
    const gap = lexer.isApart && !isBegin ? ' ' : ''
    this.#item = item + gap + (isValue ? '?' : toText(lexer, word))
    if (this.#item.length <= MAX_ITEM) return
    this.#pushItem(this.#item)
    this.#item = null
  }

  #endItem(): void {
    const item = this.#item
    this.#item = ''
    if (item === null || item === '' || this.#items.has(item)) return
    this.#pushItem(item)
  }

  #pushItem(item: string): void {
    if (this.#items.size > 0) this.#text.push(',')
    if (this.#items.size > 0 || this.#list === List.rows) this.#text.push(' ')
    this.#text.push(item)
    if (this.#items.size < MAX_ITEMS) this.#items.add(item)
  }
}

function toText({ token, bytes, start, end }: Lexer, word: string): string {
  switch (token) {
    case Token.text:
    case Token.bits:
    case Token.number:
      return '?'
    case Token.word:
      return word === '' ? toLower(bytes.toString('utf8', start, end)) : word
    case Token.name:
    case Token.parameter:
    case Token.operator:
    case Token.mark:
      return bytes.toString('utf8', start, end)
    case Token.end:
      return ''
    default:
      return token satisfies never
  }
}

/** As the server does it at least. */
function toLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** One that belongs to the number behind it. */
function isSign({ token, bytes, start, end }: Lexer): boolean {
  if (token !== Token.operator || end !== start + 1) return false
  const sign = bytes[start]
  const next = bytes[end] ?? 0
  return (sign === 0x2d || sign === 0x2b) && next >= 0x2e && next <= 0x39
}
