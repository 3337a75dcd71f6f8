/** How single statements of PostgreSQL begin: what CREATE makes, where COPY reads, where the statement is that EXPLAIN or PREPARE is about. */

import { Form, type Lexer, Mark, Token } from './lexer.ts'
import { ADJECTIVES, isLead, NOUNS, QUERIES, SECONDS } from './words.ts'

/** What is read next. */
const Part = {
  rest: 0,
  /** A second word that says more. */
  second: 1,
  /** What CREATE, ALTER and DROP are about. */
  noun: 2,
  foreign: 3,
  /** CREATE TABLE … AS */
  tableAs: 4,
  viewAs: 5,
  /** PREPARE … AS */
  prepare: 6,
  prepareAs: 7,
  /** PREPARE TRANSACTION, or a statement of that name. */
  transaction: 8,
  /** DECLARE … FOR */
  declare: 9,
  explain: 10,
  explainFirst: 11,
  explainOptions: 12,
  copy: 13,
  /** COPY … FROM, COPY … TO */
  copyWhere: 14,
  copyPlace: 15,
} as const

type Part = (typeof Part)[keyof typeof Part]

/** Where a statement may end. */
const WHOLE: ReadonlySet<Part> = new Set([
  ...[Part.rest, Part.second, Part.foreign, Part.tableAs, Part.viewAs, Part.transaction],
])

const FIRST: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['alter', Part.noun],
  ['copy', Part.copy],
  ['create', Part.noun],
  ['declare', Part.declare],
  ['drop', Part.noun],
  ['explain', Part.explain],
  ['prepare', Part.prepare],
])

const ANALYZE: ReadonlySet<string> = new Set(['analyze', 'analyse'])

/** What follows: the statement that it is about, one within it, one that begins with this word; or it is none that is known. */
export type Follows = 'lead' | 'nested' | 'begins' | 'refused' | null

export class StatementHead {
  readonly #add: (kind: string) => void
  #part: Part = Part.rest
  #base = 0
  #isSchema = false
  #isDone = false
  lead = ''
  /** It is shown how it would be done, and not done. */
  isOnlyExplained = false

  constructor(add: (kind: string) => void) {
    this.#add = add
  }

  /** Whether a statement may end here. */
  get isWhole(): boolean {
    return this.isOnlyExplained || WHOLE.has(this.#part)
  }

  reset(): void {
    this.#part = Part.rest
    this.lead = ''
    this.#isSchema = this.#isDone = this.isOnlyExplained = false
  }

  /** @returns whether it begins a statement */
  begin(word: string, depth: number): boolean {
    this.lead = word
    this.#base = depth
    this.#part = FIRST.get(word) ?? (SECONDS.has(word) ? Part.second : Part.rest)
    return isLead(word)
  }

  /** Takes a token behind the leading word. */
  read(lexer: Lexer, word: string, mark: number, depth: number): Follows {
    const isOuter = depth === this.#base
    switch (this.#part) {
      case Part.rest:
        return this.#isSchema && isOuter && isSchemaElement(word) ? 'begins' : null
      case Part.second:
        return this.#readSecond(word)
      case Part.noun:
        return this.#readNoun(word)
      case Part.foreign:
        if (word === 'table') this.#add(`${this.lead} table`)
        return this.#become(Part.rest)
      case Part.tableAs:
      case Part.viewAs:
        if (this.#isSchema && isOuter && isSchemaElement(word)) return 'begins'
        if (!isOuter || word !== 'as') return null
        if (this.#part === Part.tableAs) this.#add('select into')
        return this.#become(Part.rest, 'lead')
      case Part.prepare:
        if (word !== 'transaction') return this.#become(Part.prepareAs)
        this.#add('prepare transaction')
        return this.#become(Part.transaction)
      case Part.prepareAs:
      case Part.transaction:
        return isOuter && word === 'as' ? this.#become(Part.rest, 'lead') : null
      case Part.declare:
        return isOuter && word === 'for' ? this.#become(Part.rest, 'lead') : null
      case Part.explain:
        return this.#readExplain(word, mark)
      case Part.explainFirst:
      case Part.explainOptions:
        return this.#readOption(lexer, word, mark, depth)
      case Part.copy:
        return this.#become(Part.copyWhere, mark === Mark.open ? 'nested' : null)
      case Part.copyWhere:
        if (!isOuter || (word !== 'from' && word !== 'to')) return null
        this.#add(`copy ${word}`)
        return this.#become(Part.copyPlace)
      case Part.copyPlace:
        return this.#readPlace(lexer, word)
      default:
        return this.#part satisfies never
    }
  }

  #become(part: Part, follows: Follows = null): Follows {
    this.#part = part
    return follows
  }

  #readSecond(word: string): Follows {
    const isKnown = SECONDS.get(this.lead)?.has(word) ?? false
    if (isKnown) this.#add(`${this.lead} ${word}`)
    // SET LOCAL ROLE
    const isMore = word === 'local' || word === 'session'
    return isKnown && isMore ? null : this.#become(Part.rest)
  }

  #readNoun(word: string): Follows {
    const { lead } = this
    if (ADJECTIVES.has(word)) {
      if (word !== 'or' && word !== 'replace') this.#add(`${lead} ${word}`)
      return null
    }
    const same = NOUNS.get(word)
    if (same === undefined) return 'refused'
    this.#add(`${lead} ${word}`)
    if (same !== '') this.#add(`${lead} ${same}`)
    if (word === 'foreign') return this.#become(Part.foreign)
    if (lead !== 'create') return this.#become(Part.rest)
    if (word === 'schema') this.#isSchema = true
    if (word === 'table') return this.#become(Part.tableAs)
    return this.#become(same === 'view' || word === 'view' ? Part.viewAs : Part.rest)
  }

  /** How it is to be explained; ANALYZE does it as well. */
  #readExplain(word: string, mark: number): Follows {
    if (ANALYZE.has(word)) this.#isDone = true
    else if (mark === Mark.open) return this.#become(Part.explainFirst)
    else if (word !== 'verbose') return this.#explained('begins')
    return null
  }

  /** In parentheses: options, or what is explained. */
  #readOption(lexer: Lexer, word: string, mark: number, depth: number): Follows {
    const isFirst = this.#part === Part.explainFirst
    this.#part = Part.explainOptions
    if (isFirst && QUERIES.has(word)) return this.#explained('begins')
    if (isFirst && mark === Mark.open) return this.#explained('lead')
    if (ANALYZE.has(word) || isAnalyzeInQuotes(lexer)) this.#isDone = true
    return mark === Mark.close && depth === this.#base + 1 ? this.#explained('lead') : null
  }

  #explained(follows: Follows): Follows {
    this.isOnlyExplained = !this.#isDone
    return this.#become(Part.rest, follows)
  }

  #readPlace(lexer: Lexer, word: string): Follows {
    this.#part = Part.rest
    if (word === 'program') this.#add('copy program')
    else if (lexer.token === Token.text) this.#add('copy file')
    else if (word !== 'stdin' && word !== 'stdout') return 'refused'
    return null
  }
}

function isSchemaElement(word: string): boolean {
  return word === 'create' || word === 'grant'
}

/** Names of options may be in quotes; what such a name with escapes says is not looked at. */
function isAnalyzeInQuotes({ token, form, bytes, from, to }: Lexer): boolean {
  if (token !== Token.name) return false
  return form === Form.unicode || ANALYZE.has(bytes.toString('latin1', from, to).toLowerCase())
}
