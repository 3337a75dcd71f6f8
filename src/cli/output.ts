/**
 * What commands say. stdout is the answer, stderr the conversation: `cordon: …`, errors and hints each on a line of
 * their own. Exit codes are part of the contract.
 */

import type { Evidence, WeighedEvidence } from '../model/evidence.ts'
import { sayEvidence } from '../model/refusal.ts'
import { spellCommands } from './invocation.ts'

export const EXIT = {
  ok: 0,
  failed: 1,
  /** Blocked, denied or unknown. */
  blocked: 2,
  /** The configuration or the input is invalid. */
  invalid: 3,
  /** The audit log is not what it was. */
  integrity: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A line of the answer. */
export function print(text: string): void {
  process.stdout.write(`${toPrintable(text)}\n`)
}

export function printJson(value: unknown): void {
  process.stdout.write(`${toPrintable(JSON.stringify(value, null, 2))}\n`)
}

/** A line of the conversation. */
export function say(text: string): void {
  process.stderr.write(`cordon: ${toPrintable(spellCommands(text))}\n`)
}

/**
 * Text as a terminal may show it: what is recorded was once written by others, and a control character, or one that turns the
 * direction of writing, would let them write over what we say. As JSON escapes, so that JSON stays what it was.
 */
export function toPrintable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function sayError(message: string, hint?: string | null): void {
  say(`error: ${message}`)
  if (hint) say(`hint: ${hint}`)
}

/** Ends a command with a message instead of a stack. */
export class CommandError extends Error {
  override name = 'CommandError'
  readonly code: ExitCode
  readonly hint: string | null

  constructor(code: ExitCode, message: string, hint: string | null = null) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/** Rows as columns as wide as their widest cell; the last one is cut to the width of the terminal. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const limit = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY
  for (const row of [head, ...rows]) {
    const line = row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')
    print(line.trimEnd().slice(0, limit))
  }
}

/** A piece of evidence on a line of its own: what its source says, its date, and why it did not count (marked `-`). */
export function sayPiece(piece: WeighedEvidence): string {
  const { kind, discarded, detail } = piece
  const more = DETAILED.has(kind) ? ` (${detail})` : ''
  return `    ${discarded ? '-' : ' '} ${kind.padEnd(15)} ${sayEvidence(piece)}${more}`
}

/** Kinds of which the claim alone does not say what was found. */
const DETAILED: ReadonlySet<Evidence['kind']> = new Set([
  'declaration',
  'request-breadth',
  'request-region',
  'catalogue',
  'host',
  'table',
  'edge',
  'geofeed',
])
