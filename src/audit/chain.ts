/**
 * The hash chain. A row's hash is SHA-256 over a text: the hash of the row before it, the table's name, and each field, the last
 * ones as `kind length : bytes`, where kind is `t` text, `i` integer or `n` null and length counts UTF-8 bytes.
 * Lengths make the text unambiguous: no two different rows have the same. Any language can recompute it.
 */

import { hash } from 'node:crypto'

export type Field = string | number | null

/** What the first row continues. */
export const GENESIS = '0'.repeat(64)

/** Hex SHA-256 of one row; `previous` is the hash of the row before it. */
export function hashRow(previous: string, table: string, fields: readonly Field[]): string {
  let text = previous + encodeField(table)
  for (const field of fields) text += encodeField(field)
  return hash('sha256', text, 'hex')
}

function encodeField(field: Field): string {
  if (field === null) return 'n0:'
  if (typeof field === 'string') return `t${Buffer.byteLength(field)}:${field}`
  const digits = String(field)
  return `i${digits.length}:${digits}`
}
