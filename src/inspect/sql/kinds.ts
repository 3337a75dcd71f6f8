/**
 * What a text does: the leading word of each statement in it, also of those within others that act, and pairs of words that say more. Says
 * rather more than too little; where it is not sure, that it cannot be told.
 */

import { type Lexer, Mark } from './lexer.ts'
import { StatementHead } from './statement-head.ts'
import { CHANGES, kindsOf, MAINS, NESTED } from './words.ts'

/** Whether a statement begins with the next token. */
const Next = {
  no: 0,
  /** Or nothing more comes. */
  first: 1,
  /** It is what the one is about that was begun: EXPLAIN, PREPARE … AS. */
  lead: 2,
  /** Within another one. */
  nested: 3,
  /** The same, where it need not be one. */
  may: 4,
} as const

/** Behind these stand names, where WITH says what tables are called and how they are searched. */
const BEFORE_NAMES: ReadonlySet<string> = new Set([
  ...['with', 'recursive', 'by', 'set', 'using', 'to', 'default', 'cycle', 'first', 'as'],
])

const INTO_OTHERS: ReadonlySet<string> = new Set(['insert', 'merge', 'as'])

export class KindsReader {
  readonly #kinds = new Set<string>()
  readonly #head = new StatementHead((kind) => this.#kinds.add(kind))
  #isRefused = false
  #next: (typeof Next)[keyof typeof Next] = Next.first
  #depth = 0
  /** Depths of those that began with WITH, and whose main statement has not come. */
  readonly #waiting: number[] = []
  /** The tokens before. */
  #word = ''
  #mark = 0
  #wordBefore = ''

  /** Takes the token that was read. */
  feed(lexer: Lexer): void {
    const { word, mark } = lexer
    if (mark === Mark.semicolon) this.#endStatement()
    else if (this.#next !== Next.no) this.#begin(word, mark)
    else if (!this.#head.isOnlyExplained) this.#goOn(lexer, word, mark)
    if (mark === Mark.open || mark === Mark.openBracket) this.#depth++
    if (mark === Mark.close || mark === Mark.closeBracket) this.#leave()
    this.#wordBefore = this.#word
    this.#word = word
    this.#mark = mark
  }

  /** @returns null where it cannot be told */
  end(): ReadonlySet<string> | null {
    this.#endStatement()
    return this.#isRefused || this.#depth !== 0 ? null : this.#kinds
  }

  #endStatement(): void {
    const isOpen = this.#next !== Next.first && !this.#head.isWhole
    if (isOpen || this.#next > Next.first || this.#waiting.length > 0) this.#isRefused = true
    this.#waiting.length = 0
    this.#next = Next.first
    this.#head.reset()
  }

  #leave(): void {
    this.#depth--
    if (this.#depth < 0 || (this.#waiting.at(-1) ?? 0) > this.#depth) this.#isRefused = true
  }

  /** Where a statement begins, or may. */
  #begin(word: string, mark: number): void {
    const next = this.#next
    if (mark === Mark.open) {
      if (next === Next.first) this.#next = Next.lead
      return
    }
    this.#next = Next.no
    if (next === Next.may) {
      if (NESTED.has(word)) this.#nest(word)
    } else if (next === Next.nested) {
      if (NESTED.has(word)) this.#nest(word)
      else this.#isRefused = true
    } else this.#lead(word)
  }

  #lead(word: string): void {
    if (!this.#head.begin(word, this.#depth)) this.#isRefused = true
    this.#nest(word)
  }

  #nest(word: string): void {
    if (this.#head.isOnlyExplained) return
    for (const kind of kindsOf(word)) this.#kinds.add(kind)
    if (word === 'with') this.#waiting.push(this.#depth)
  }

  #goOn(lexer: Lexer, word: string, mark: number): void {
    if (this.#waiting.at(-1) === this.#depth && this.#isMain(word, mark)) return
    if (word !== '') this.#readWord(word)
    if (mark === Mark.open && this.#opensNested()) this.#next = Next.may
    switch (this.#head.read(lexer, word, mark, this.#depth)) {
      case 'refused':
        this.#isRefused = true
        break
      case 'lead':
        this.#next = Next.lead
        break
      case 'nested':
        this.#next = Next.nested
        break
      case 'begins':
        this.#lead(word)
        break
      case null:
    }
  }

  /** The main statement of one that began with WITH. */
  #isMain(word: string, mark: number): boolean {
    if (mark === Mark.open && this.#mark === Mark.close) {
      this.#waiting.pop()
      this.#next = Next.nested
      return true
    }
    if (!MAINS.has(word) || BEFORE_NAMES.has(this.#word)) return false
    if (this.#mark === Mark.comma || this.#mark === Mark.point) return false
    this.#waiting.pop()
    this.#nest(word)
    return true
  }

  #readWord(word: string): void {
    if (word === 'into') this.#readInto()
    else if (CHANGES.has(word) && this.#isAction()) this.#nest(word)
    // The body of a function, of which more statements may follow.
    else if (word === 'atomic' && this.#word === 'begin') this.#next = Next.may
  }

  /** SELECT … INTO makes a table. */
  #readInto(): void {
    if (INTO_OTHERS.has(this.#word) || this.#mark === Mark.point) return
    if (this.#head.lead === 'import') return
    for (const kind of ['select into', 'create', 'create table']) this.#kinds.add(kind)
  }

  /** Of a rule, of INSERT where there is such a row, or of MERGE. */
  #isAction(): boolean {
    const before = this.#word
    if (before === 'do') return true
    if (before === 'also' || before === 'instead') return this.#wordBefore === 'do'
    return before === 'then' && this.#kinds.has('merge')
  }

  /** `AS (`, `AS MATERIALIZED (`, `DO ALSO (` */
  #opensNested(): boolean {
    const before = this.#word
    return ['as', 'materialized', 'do', 'also', 'instead'].includes(before)
  }
}
