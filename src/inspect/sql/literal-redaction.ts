/** The way through a statement on which its literals are rewritten, each under the name of its column, and all else is looked at. */

import { Findings } from '../redact/findings.ts'
import { readText } from '../redact/open-text.ts'
import { namedPlace } from '../redact/place.ts'
import { Changes } from '../redact/postgresql/changes.ts'
import type { Job, Kind, Patch, Place } from '../redact/reader.ts'
import { readWhole } from '../redact/whole-text.ts'
import { Keys } from './keys.ts'
import { Form, Lexer, Token } from './lexer.ts'
import { decodeLiteral, type Literal } from './literal.ts'

const BACKSLASH = 0x5c
const NEWLINE = 0x0a
/** What stands between quotes or dollars as it is, in any form. */
const UNQUOTABLE = /['\\$\0]/
const ONE_WAY = [false] as const
const ESCAPED = [true] as const
/** Places of columns that are kept. */
const MAX_PLACES = 1000

export class LiteralRedaction {
  readonly #job: Job
  /** For what cannot be changed: nothing is counted as taken out. */
  readonly #asking: Job
  readonly #text: Buffer
  readonly #readings: readonly boolean[]
  readonly #root: Place
  readonly #places = new Map<string, Place>()
  readonly #changes = new Changes()
  readonly #inner = new Changes()
  /** Names and comments, each on a line. */
  #outside: Buffer | null = null
  #outsideSize = 0
  /** One of the form `U&'…'`, of which the next tokens may say how it is read. */
  #waiting: { readonly from: number; readonly to: number; readonly key: string } | null = null
  isFixed = false

  /** @param readings whether strings are standard: the ways in which the server may read it */
  constructor(job: Job, text: Buffer, readings: readonly boolean[]) {
    this.#job = job
    this.#asking = { ...job, findings: new Findings() }
    this.#text = text
    this.#readings = readings
    this.#root = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
  }

  /** The new text; null where nothing changes. */
  get bytes(): Buffer | null {
    return this.#changes.isEmpty ? null : this.#changes.apply(this.#text, 0, this.#text.length)
  }

  read(): void {
    const onComment = (start: number, end: number) => this.#addOutside(start, end)
    const lexer = new Lexer(this.#text, this.#readings[0] ?? true, onComment)
    const keys = new Keys()
    let isEscape = false
    while (lexer.next()) {
      const { token, from, to, start, end } = lexer
      const key = keys.feed(lexer)
      if (this.#waiting !== null) {
        if (lexer.word === 'uescape') {
          isEscape = true
          continue
        }
        const mark = isEscape && token === Token.text ? (this.#text[from] ?? BACKSLASH) : BACKSLASH
        this.#readWaiting(mark)
      }
      const isMark = isEscape
      isEscape = false
      if (isMark && token === Token.text) continue
      if (token === Token.text && lexer.form === Form.unicode) this.#waiting = { from, to, key }
      else if (token === Token.text) this.#readLiteral(from, to, lexer.form, key)
      else if (token === Token.number || token === Token.bits) this.#ask(start, end, key)
      else if (token === Token.word || token === Token.name) this.#addOutside(start, end)
    }
    if (this.#waiting !== null) this.#readWaiting(BACKSLASH)
    this.#lookOutside()
  }

  #readWaiting(mark: number): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting) this.#readLiteral(waiting.from, waiting.to, Form.unicode, waiting.key, mark)
  }

  #readLiteral(from: number, to: number, form: Form, key: string, mark = BACKSLASH): void {
    const place = this.#placeOf(key)
    let body = this.#text.subarray(from, to)
    let isChanged = false
    for (const hasEscapes of this.#escapesOf(form, body)) {
      const changes = this.#inner
      changes.clear()
      const literal = decodeLiteral(body, 0, body.length, form, hasEscapes, mark)
      const { text } = literal
      readText(this.#job, text, 0, text.length, place, 0, 0, patchIn(literal, changes), null)
      if (changes.isEmpty) continue
      // Any letter may be what its escapes begin with.
      if (mark !== BACKSLASH || changes.some((by) => UNQUOTABLE.test(by.toString('latin1')))) {
        this.isFixed = true
        return
      }
      body = changes.apply(body, 0, body.length)
      isChanged = true
    }
    if (isChanged) this.#changes.patch(from, to, body)
  }

  #escapesOf(form: Form, body: Buffer): readonly boolean[] {
    if (form !== Form.plain) return form === Form.escaped ? ESCAPED : ONE_WAY
    if (this.#readings.length > 1 && !body.includes(BACKSLASH)) return ONE_WAY
    return this.#readings.map((isConforming) => !isConforming)
  }

  #placeOf(key: string, kind: Kind = 'text'): Place {
    const id = `${kind} ${key}`
    const known = this.#places.get(id)
    if (known) return known
    const place = namedPlace(this.#job, this.#root, key, kind)
    if (this.#places.size < MAX_PLACES) this.#places.set(id, place)
    return place
  }

  /** What cannot be changed: whether anything is found in it. */
  #ask(start: number, end: number, key: string): void {
    this.#look(this.#text, start, end, this.#placeOf(key, 'number'))
  }

  readonly #refuse: Patch = () => {
    this.isFixed = true
  }

  #look(bytes: Buffer, start: number, end: number, place: Place): void {
    readWhole(this.#asking, bytes, start, end, place, 0, this.#refuse)
  }

  #addOutside(start: number, end: number): void {
    this.#outside ??= Buffer.allocUnsafe(2 * this.#text.length)
    this.#text.copy(this.#outside, this.#outsideSize, start, end)
    this.#outsideSize += end - start
    this.#outside[this.#outsideSize++] = NEWLINE
  }

  #lookOutside(): void {
    if (this.#outside) this.#look(this.#outside, 0, this.#outsideSize, this.#placeOf(''))
  }
}

/** Places of what a literal says, in what it is written in. */
function patchIn({ at }: Literal, changes: Changes): Patch {
  if (at === null) return changes.patch
  return (start, end, by) => changes.patch(at[start] as number, at[end] as number, by)
}
