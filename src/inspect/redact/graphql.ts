/**
 * Documents of GraphQL (specification of October 2021, section 2): strings, block strings, numbers and comments, each value with the name of
 * its argument, field or variable. What is replaced is written so that the document stays one. What is none is read as any text.
 */

import { Backlog } from './backlog.ts'
import { BLOCK_CODING, STRING_CODING } from './graphql-coding.ts'
import { type Token, Tokens } from './graphql-tokens.ts'
import { replaceNumber } from './json-scalar.ts'
import { openPlainText, readText } from './open-text.ts'
import { namedPlace } from './place.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'

/** A larger one is read as text. */
const MAX_SIZE = 1024 * 1024
/** Lists and objects in each other. */
const MAX_DEPTH = 256
const OPENING = new Set(['(', '[', '{'])
const CLOSING = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
])

/** A text that may be a document: read when it is all there. */
export class GraphQlReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #depth: number
  readonly #patch: Patch
  readonly #backlog = new Backlog()
  #rest: Reader | null = null
  #end = 0

  /** @param depth texts that this one is in */
  constructor(job: Job, place: Place, depth: number, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#depth = depth
    this.#patch = patch
  }

  get decided(): number {
    return this.#rest?.decided ?? this.#end
  }

  push(bytes: Buffer): void {
    if (this.#rest) return this.#rest.push(bytes)
    this.#backlog.add(Buffer.from(bytes))
    if (this.#backlog.bytes.length > MAX_SIZE) this.#openRest()
  }

  settle(): void {
    this.#rest?.settle()
  }

  end(): void {
    const { bytes } = this.#backlog
    if (this.#rest) return this.#rest.end()
    const { length } = bytes
    if (readGraphQl(this.#job, bytes, 0, length, this.#place, this.#depth, 0, this.#patch)) {
      this.#end = length
      return
    }
    this.#openRest().end()
  }

  #openRest(): Reader {
    this.#rest = openPlainText(this.#job, this.#place, this.#depth, this.#patch)
    this.#rest.push(Buffer.from(this.#backlog.bytes))
    return this.#rest
  }
}

/**
 * @param base position of the first byte of `bytes`
 * @returns false where it is no document; then nothing was read
 */
export function readGraphQl(
  job: Job,
  bytes: Buffer,
  start: number,
  end: number,
  place: Place,
  depth: number,
  base: number,
  patch: Patch,
): boolean {
  if (end - start > MAX_SIZE || !isDocument(bytes, start, end)) return false
  const levels = [{ bracket: '', key: '' }]
  let name = ''
  for (const token of new Tokens(bytes, start, end)) {
    const level = levels[levels.length - 1] as { bracket: string; key: string }
    switch (token.kind) {
      case 'name':
        name = bytes.toString('latin1', token.start, token.end)
        break
      case 'mark':
        if (token.mark === ':') level.key = name
        else if (CLOSING.has(token.mark)) levels.pop()
        // What is in a list has the name of the list.
        else if (OPENING.has(token.mark)) {
          levels.push({ bracket: token.mark, key: token.mark === '[' ? level.key : '' })
        }
        break
      default:
        readToken(job, bytes, token, placeOf(job, place, level.key, token), depth, base, patch)
    }
  }
  return true
}

/** Comments stand under no name. */
function placeOf(job: Job, place: Place, key: string, { kind }: Token): Place {
  if (kind === 'comment' || key === '')
    return { ...UNNAMED, path: place.path, context: job.scan.under('') }
  return namedPlace(job, place, key, kind === 'number' ? 'number' : 'text')
}

const UNNAMED = { key: '', kind: 'text' } as const

function readToken(
  job: Job,
  bytes: Buffer,
  token: Token,
  place: Place,
  depth: number,
  base: number,
  patch: Patch,
): void {
  const { kind, start, end } = token
  if (kind === 'number') {
    const by = replaceNumber(job, bytes, start, end, place)
    if (by) patch(base + start, base + end, by)
    return
  }
  const coding = kind === 'string' ? STRING_CODING : kind === 'block' ? BLOCK_CODING : null
  const written: Patch = coding ? patch : (from, to, by) => patch(from, to, toOneLine(by))
  readText(job, bytes, start, end, place, depth + 1, base, written, coding)
}

function toOneLine(comment: Buffer): Buffer {
  return Buffer.from(comment.toString('utf8').replace(/[\r\n]+/g, ' '))
}

/** Whether it begins like one, can be read to its end, and all that is opened is closed. */
export function isDocument(bytes: Buffer, start: number, end: number): boolean {
  const tokens = new Tokens(bytes, start, end)
  const open: string[] = []
  let wants: 'beginning' | 'selection' | 'anything' = 'beginning'
  let hasBody = false
  for (const { kind, mark, start: from, end: to } of tokens) {
    if (kind === 'comment') continue
    const isName = kind === 'name'
    if (wants === 'beginning' && mark !== '{' && !(isName && isKeyword(bytes, from, to))) {
      return false
    }
    if (wants === 'selection' && mark !== '...' && !isName) return false
    wants = mark === '{' && open.length === 0 ? 'selection' : 'anything'
    hasBody ||= wants === 'selection'
    if (OPENING.has(mark)) {
      if (open.push(mark) > MAX_DEPTH) return false
    } else if (CLOSING.has(mark) && open.pop() !== CLOSING.get(mark)) return false
  }
  return hasBody && open.length === 0 && !tokens.isBroken
}

function isKeyword(bytes: Buffer, start: number, end: number): boolean {
  return /^(?:query|mutation|subscription|fragment)$/.test(bytes.toString('latin1', start, end))
}
