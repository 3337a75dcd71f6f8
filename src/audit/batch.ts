/** Rows of one table, inserted several at a time: a call into SQLite costs as much as the row it brings. */

import type { Field } from './chain.ts'
import type { AuditDatabase } from './database.ts'

/** Rows in one statement; measured: eight take two thirds of the time of eight single ones, sixteen no less than eight. */
const ROWS = 8

export class Batch {
  readonly #many
  readonly #one
  readonly #width: number
  /** Fields of the rows that wait, one after the other; used again and again. */
  readonly #fields: Field[]
  #length = 0

  constructor(db: AuditDatabase, table: string, columns: readonly string[]) {
    this.#width = columns.length
    this.#fields = Array.from({ length: columns.length * ROWS }, () => null)
    this.#many = db.prepare(insertSql(table, columns, ROWS))
    this.#one = db.prepare(insertSql(table, columns, 1))
  }

  /** Inserts a row, at `flush` at the latest; the hash is its last column. @throws what SQLite throws */
  add(row: readonly Field[], hash: string): void {
    const fields = this.#fields
    for (const field of row) fields[this.#length++] = field
    fields[this.#length++] = hash
    if (this.#length < fields.length) return
    this.#length = 0
    this.#many.run(fields)
  }

  /** Inserts what waits. @throws what SQLite throws */
  flush(): void {
    const length = this.#length
    this.#length = 0
    for (let at = 0; at < length; at += this.#width) {
      this.#one.run(this.#fields.slice(at, at + this.#width))
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
