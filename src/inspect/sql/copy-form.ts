/** How the rows are written that COPY carries: what the statement says of that. Whatever is not known here is not read. */

import { Form, Lexer, Mark, Token } from './lexer.ts'
import { decodeLiteral } from './literal.ts'
import { isReadable } from './read-statement.ts'

export interface CopyForm {
  readonly isCsv: boolean
  /** A byte. */
  readonly delimiter: number
  readonly hasHeader: boolean
  /** Of the columns that it names; empty for none. */
  readonly names: readonly string[]
}

/** In which ASCII is ASCII. */
const ENCODING = /^(?:utf-?8|unicode|sql_?ascii|latin-?\d{1,2}|win-?125\d|iso-?8859-?\d)$/i
const OFF: ReadonlySet<string> = new Set(['false', 'off', '0'])
const MAX_TOKENS = 10_000
const NAMES: ReadonlySet<Token> = new Set([Token.word, Token.name])

/** @returns null where it has not one COPY, or one that is not understood, or in binary */
export function readCopyForm(text: Buffer, isSafe: boolean): CopyForm | null {
  if (!isReadable(text, isSafe)) return null
  const tokens = tokensOf(text)
  const start = tokens && startOf(tokens)
  if (!tokens || start === null) return null
  const where = tokens.findIndex(({ depth, word }, i) => {
    return i > start && depth === 0 && (word === 'from' || word === 'to')
  })
  if (where < 0 || tokens[start + 1]?.word === 'binary') return null
  const rest = tokens.slice(where + 2)
  const end = rest.findIndex(({ mark, word, depth }) => {
    return depth === 0 && (mark === Mark.semicolon || word === 'where')
  })
  return toForm(namesOf(tokens.slice(start + 1, where)), end < 0 ? rest : rest.slice(0, end))
}

interface Part {
  readonly token: Token
  readonly mark: number
  /** Key word, in lower case; of names in quotes and of literals nothing. */
  readonly word: string
  /** What a word, a name, a number or a literal says. */
  readonly said: string
  readonly depth: number
}

/** @returns null where there are two ways to read it, or too many of them */
function tokensOf(text: Buffer): Part[] | null {
  const lexer = new Lexer(text, true)
  const parts: Part[] = []
  let depth = 0
  while (lexer.next()) {
    const { token, mark, word, form, from, to } = lexer
    if (mark === Mark.close) depth--
    const isQuoted = token === Token.name || token === Token.text
    // Escapes that nobody needs here.
    if (isQuoted && form === Form.unicode) return null
    const literal = token === Token.text ? decodeLiteral(text, from, to, form).text : null
    const [start, end] = isQuoted ? [from, to] : [lexer.start, lexer.end]
    const said = (literal ?? text.subarray(start, end)).toString()
    parts.push({ token, mark, word, said, depth })
    if (mark === Mark.open) depth++
    if (parts.length > MAX_TOKENS) return null
  }
  return lexer.isBroken || lexer.diverges ? null : parts
}

/** @returns where the only COPY is; null where there is none, or more than one */
function startOf(tokens: readonly Part[]): number | null {
  const all = tokens.flatMap(({ word, depth }, i) => {
    const before = tokens[i - 1]
    const isFirst = before === undefined || (before.mark === Mark.semicolon && before.depth === 0)
    return isFirst && depth === 0 && word === 'copy' ? [i] : []
  })
  return all.length === 1 ? (all[0] ?? null) : null
}

/** `t (a, b)`, or `(select a, b as c from t)`. */
function namesOf(target: readonly Part[]): readonly string[] {
  if (target[0]?.mark === Mark.open) return namesOfQuery(target.slice(1))
  const list = target.filter(({ depth }) => depth === 1)
  return list.flatMap(({ token, said }) => (NAMES.has(token) ? [said] : []))
}

/** Where there is one for each column, empty where it is not seen. */
function namesOfQuery([first, ...rest]: readonly Part[]): readonly string[] {
  const end = rest.findIndex(({ word, depth }) => depth === 1 && word === 'from')
  if (first?.word !== 'select' || end < 0) return []
  const items: Part[][] = [[]]
  for (const part of rest.slice(0, end)) {
    if (part.depth === 1 && part.mark === Mark.comma) items.push([])
    else items.at(-1)?.push(part)
  }
  // Of `*` nobody sees how many there are.
  if (items.some((item) => item.at(-1)?.said === '*')) return []
  return items.map((item) => {
    const cast = item.findIndex(({ said }) => said === ':')
    const last = (cast < 0 ? item : item.slice(0, cast)).at(-1)
    return last && NAMES.has(last.token) ? last.said : ''
  })
}

/** Both ways to say it: `WITH (FORMAT csv, HEADER)` and `CSV HEADER`. */
function toForm(names: readonly string[], options: readonly Part[]): CopyForm | null {
  // Lists of columns within an option say nothing of the form.
  const depth = options.some(({ depth: each }) => each === 1) ? 1 : 0
  const parts = options.filter((part) => part.depth === depth)
  let isCsv = false
  let delimiter: string | null = null
  let hasHeader = false
  for (const [i, part] of parts.entries()) {
    const option = part.token === Token.text ? '' : part.said.toLowerCase()
    const value = valueBehind(parts, i)
    if (option === 'format') {
      const format = value?.toLowerCase()
      if (format !== 'csv' && format !== 'text') return null
      isCsv = format === 'csv'
    } else if (option === 'binary') return null
    else if (option === 'csv' && depth === 0) isCsv = true
    else if (option === 'delimiter' || option === 'delimiters') delimiter = value
    else if (option === 'header') hasHeader = value === null || !OFF.has(value.toLowerCase())
    else if (option === 'quote' || option === 'escape') {
      const isOwn = parts[i - 1]?.word !== 'force' && value !== null && value !== '"'
      if (isOwn) return null
    } else if (option === 'encoding' && !ENCODING.test(value ?? '')) return null
  }
  const byte = Buffer.from(delimiter ?? (isCsv ? ',' : '\t'))
  if (byte.length !== 1) return null
  return { isCsv, delimiter: byte[0] as number, hasHeader, names }
}

/** What is said of an option; null for nothing. */
function valueBehind(parts: readonly Part[], option: number): string | null {
  const next = parts[option + 1]
  const value = next?.word === 'as' ? parts[option + 2] : next
  return value && VALUES.has(value.token) ? value.said : null
}

const VALUES: ReadonlySet<Token> = new Set([Token.word, Token.name, Token.text, Token.number])
