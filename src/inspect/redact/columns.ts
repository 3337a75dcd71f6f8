/**
 * Columns of a table that comes field by field: their names, which the first row may say, and where the field is that is read. The names may be
 * data, where the first row is one of them: they are context, and not told, unless somebody else has said them.
 */

import type { Context } from '../scan/scanner.ts'
import { isShown } from './place.ts'
import type { Job, Kind, Place } from './reader.ts'

const MAX_COLUMNS = 512
const MAX_NAME = 64
/** Bytes of a name of that many letters. */
export const MAX_NAME_SIZE = 4 * MAX_NAME

export class Columns {
  readonly place: ColumnPlace
  readonly #job: Job
  readonly #names: string[] = []
  readonly #contexts: Context[] = []
  readonly #nameless: Context
  #isFirstRow: boolean

  /**
   * @param names what is known of them; empty for nothing
   * @param hasHeader whether the first row says what they are called
   */
  constructor(job: Job, parent: Place, names: readonly string[] = [], hasHeader = true) {
    this.#job = job
    this.#nameless = job.scan.under('')
    this.place = new ColumnPlace(parent, this.#nameless, names)
    this.#isFirstRow = hasHeader
    for (const [column, name] of names.entries()) this.#name(column, name)
  }

  /** A field begins. */
  enter(): void {
    const { place } = this
    const isFirst = this.#isFirstRow
    place.kind = isFirst ? 'key' : 'text'
    place.key = isFirst ? '' : (this.#names[place.column] ?? '')
    place.context = (isFirst ? null : this.#contexts[place.column]) ?? this.#nameless
  }

  /** A field has ended. @param isRowEnd whether its row has as well  @param start, end where it stands, or its beginning */
  leave(isRowEnd: boolean, bytes: Buffer, start: number, end: number): void {
    const { column } = this.place
    const nameEnd = Math.min(end, start + MAX_NAME_SIZE)
    if (this.#isFirstRow) this.#name(column, bytes.toString('utf8', start, nameEnd))
    // Empty lines are no rows.
    if (isRowEnd && end > start) this.#isFirstRow = false
    if (isRowEnd) this.endRow()
    else this.place.column++
  }

  endRow(): void {
    if (this.place.column > 0) this.#isFirstRow = false
    this.place.column = 0
  }

  #name(column: number, name: string): void {
    if (column >= MAX_COLUMNS) return
    this.#names[column] = name.slice(0, MAX_NAME).replace(/^"|"$/g, '')
    this.#contexts[column] = this.#job.scan.under(this.#names[column])
  }
}

/** Where the field is that is read. */
class ColumnPlace implements Place {
  readonly #parent: Place
  readonly #told: readonly string[]
  column = 0
  key = ''
  kind: Kind = 'text'
  context: Context

  /** @param told names that are no data */
  constructor(parent: Place, context: Context, told: readonly string[]) {
    this.#parent = parent
    this.context = context
    this.#told = told
  }

  get path(): string {
    const { path } = this.#parent
    const name = this.#told[this.column] ?? ''
    const shown = isShown(name) ? name : `column ${this.column + 1}`
    return `${path === 'body' ? '' : `${path} `}${shown}`
  }
}
