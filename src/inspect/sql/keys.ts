/**
 * Under which name a value of a statement stands: the column that it is compared with, set to or inserted into. A guess that leaves the
 * statement as it is: it is what a recogniser is told besides.
 */

import { type Lexer, Mark, Token } from './lexer.ts'

const COMPARING: ReadonlySet<string> = new Set([
  ...['=', '<>', '!=', '<', '>', '<=', '>=', '~', '~*', '!~', '!~*', '~~', '~~*', '@>', '=>'],
  ...['like', 'ilike', 'in', 'between', 'to'],
])
/** Behind these something else begins. */
const ENDING: ReadonlySet<string> = new Set([
  ...['and', 'or', 'where', 'from', 'then', 'else', 'when', 'end', 'order', 'group', 'limit'],
  ...['returning', 'select', 'on', 'having', 'using', 'values', 'set', 'union', 'with', 'insert'],
])
/** Longer ones are none. */
const MAX_KEY = 64
const MAX_OPERATOR = 4
/** Of the list of an INSERT. */
const MAX_COLUMNS = 2000

/** Where it is in an INSERT. */
const Insert = {
  none: 0,
  /** Behind INTO. */
  table: 1,
  columns: 2,
  /** Behind the list. */
  source: 3,
  values: 4,
  /** INSERT INTO … SELECT */
  select: 5,
} as const

export class Keys {
  #depth = 0
  /** Where the last name stands, without quotes. */
  #name = 0
  #nameEnd = 0
  /** The one that what follows is compared with; empty for none. */
  #left = ''
  /** What the token before was, where that is a word or an operator. */
  #before = ''
  #insert: (typeof Insert)[keyof typeof Insert] = Insert.none
  readonly #columns: string[] = []
  /** Where the commas between the values of an INSERT stand, and how many were there. */
  #rowDepth = 0
  #position = 0

  /** Takes the token that was read. @returns the name that it stands under, where it is a value; empty for none */
  feed(lexer: Lexer): string {
    const { token, mark, word } = lexer
    const before = this.#before
    this.#before = token === Token.operator ? textOf(lexer) : word
    switch (token) {
      case Token.word:
      case Token.name:
        this.#readName(lexer, word)
        return ''
      case Token.operator:
        if (COMPARING.has(this.#before)) this.#left = this.#nameIn(lexer)
        return ''
      case Token.mark:
        this.#readMark(lexer, mark)
        return ''
      case Token.text:
        // `data->>'email' = …`
        if (before.startsWith('->')) this.#setName(lexer)
        return this.#key(before)
      case Token.bits:
      case Token.number:
      case Token.parameter:
        return this.#key(before)
      case Token.end:
        return ''
      default:
        return token satisfies never
    }
  }

  #key(before: string): string {
    if (before === 'password') return before
    if (this.#left !== '') return this.#left
    const isRow =
      this.#insert === Insert.values ? this.#depth > this.#rowDepth : this.#insert === Insert.select
    return isRow ? (this.#columns[this.#position] ?? '') : ''
  }

  #setName({ token, start, end, from, to }: Lexer): void {
    this.#name = token === Token.word ? start : from
    this.#nameEnd = token === Token.word ? end : to
  }

  #nameIn({ bytes }: Lexer): string {
    if (this.#nameEnd - this.#name > MAX_KEY) return ''
    return bytes.toString('utf8', this.#name, this.#nameEnd)
  }

  #readName(lexer: Lexer, word: string): void {
    if (COMPARING.has(word)) this.#left = this.#nameIn(lexer)
    else if (ENDING.has(word)) this.#left = ''
    if (word === 'insert') this.#begin()
    else if (this.#insert !== Insert.none) this.#readInsert(word)
    if (!COMPARING.has(word) && word !== 'not') this.#setName(lexer)
  }

  #begin(): void {
    this.#insert = Insert.table
    this.#columns.length = 0
  }

  #readInsert(word: string): void {
    const isSource = this.#insert === Insert.table || this.#insert === Insert.source
    if (isSource && (word === 'values' || word === 'select')) {
      this.#insert = word === 'values' ? Insert.values : Insert.select
      this.#rowDepth = this.#depth
      this.#position = 0
    } else if (word === 'on' || word === 'returning' || word === 'from' || word === 'union') {
      if (this.#insert >= Insert.values && this.#depth === this.#rowDepth)
        this.#insert = Insert.none
    }
  }

  #readMark(lexer: Lexer, mark: number): void {
    if (mark === Mark.open && this.#insert === Insert.table) this.#insert = Insert.columns
    else if (this.#insert === Insert.columns) this.#readColumn(lexer, mark)
    if (mark === Mark.open || mark === Mark.openBracket) this.#depth++
    if (mark === Mark.close || mark === Mark.closeBracket) this.#depth--
    if (mark === Mark.semicolon) {
      this.#left = ''
      this.#insert = Insert.none
    } else if (this.#insert >= Insert.values) this.#readRow(mark)
  }

  #readColumn(lexer: Lexer, mark: number): void {
    if (mark !== Mark.comma && mark !== Mark.close) return
    if (this.#columns.length < MAX_COLUMNS) this.#columns.push(this.#nameIn(lexer))
    if (mark === Mark.close) this.#insert = Insert.source
  }

  #readRow(mark: number): void {
    const inner = this.#insert === Insert.values ? this.#rowDepth + 1 : this.#rowDepth
    const isNew = mark === Mark.open && this.#insert === Insert.values && this.#depth === inner
    if (isNew) this.#position = 0
    else if (mark === Mark.comma && this.#depth === inner) this.#position++
    else return
    this.#left = ''
  }
}

/** An operator, where it may be one that says something. */
function textOf({ bytes, start, end }: Lexer): string {
  return end - start > MAX_OPERATOR ? '' : bytes.toString('latin1', start, end)
}
