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
  let text = previous + encodeText(table)
  for (const field of fields) text += encodeField(field)
  return hashText(text)
}

/** Hex SHA-256 of a text that was put together from the pieces below: the same hash, where rows are written by the thousand. */
export function hashText(text: string): string {
  return hash('sha256', text, 'hex')
}

export function encodeText(text: string | null): string {
  return text === null ? 'n0:' : `t${Buffer.byteLength(text)}:${text}`
}

export function encodeInteger(integer: number | null): string {
  if (integer === null) return 'n0:'
  const digits = String(integer)
  return `i${digits.length}:${digits}`
}

function encodeField(field: Field): string {
  return typeof field === 'number' ? encodeInteger(field) : encodeText(field)
}

/** Beyond either, words are encoded anew each time: they are few, or somebody makes them up. */
const MAX_WORDS = 1_000
const MAX_WORD = 64

const words = new Map<string, string>()

/** `encodeText` for what is the same again and again: methods, outcomes, addresses, codes. */
export function encodeWord(word: string | null): string {
  if (word === null) return 'n0:'
  const known = words.get(word)
  if (known !== undefined) return known
  const encoded = encodeText(word)
  if (words.size < MAX_WORDS && word.length <= MAX_WORD) words.set(word, encoded)
  return encoded
}
