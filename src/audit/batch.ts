/** Rows of one table, inserted several at a time: a call into SQLite costs as much as the row it brings. */

import type { Field } from './chain.ts'
import type { AuditDatabase } from './database.ts'

/** Rows in one statement; what is left over goes in halves of it. Measured: more than sixteen gain nothing. */
const ROWS = 16

export class Batch {
  readonly #width: number
  readonly #first: Batch | null
  /** Statements for 16, 8, 4, 2 rows and one. */
  readonly #statements
  /** Fields of the rows that wait, one after the other; used again and again. */
  readonly #fields: Field[]
  #length = 0

  /** @param first rows that these may refer to: they are inserted before */
  constructor(
    db: AuditDatabase,
    table: string,
    columns: readonly string[],
    first: Batch | null = null,
  ) {
    this.#width = columns.length
    this.#first = first
    this.#fields = Array.from({ length: columns.length * ROWS }, () => null)
    this.#statements = [ROWS, 8, 4, 2, 1].map((rows) => db.prepare(insertSql(table, columns, rows)))
  }

  /** The next field, in the order of the columns. */
  put(field: Field): void {
    this.#fields[this.#length++] = field
  }

  /** After the last field of a row: inserts it, at `flush` at the latest. @throws what SQLite throws */
  endRow(): void {
    if (this.#length === this.#fields.length) this.flush()
  }

  /** Inserts what waits. @throws what SQLite throws */
  flush(): void {
    const length = this.#length
    if (length === 0) return
    this.#first?.flush()
    this.#length = 0
    let [at, rows] = [0, ROWS]
    for (const statement of this.#statements) {
      const next = at + rows * this.#width
      if (next <= length) {
        // As arguments of their own, fields are taken over at less cost than out of an array.
        statement.run(...(rows === ROWS ? this.#fields : this.#fields.slice(at, next)))
        at = next
      }
      rows >>= 1
    }
  }

  clear(): void {
    this.#length = 0
  }
}

export function insertSql(table: string, columns: readonly string[], rows: number): string {
  const row = `(${columns.map(() => '?').join(', ')})`
  const values = Array.from({ length: rows }, () => row).join(', ')
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${values}`
}
