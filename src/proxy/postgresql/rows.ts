/** Rows of results without what a rule takes out of them, each under the names and types that the server has described them by. */

import type { Inspector, ValueColumn, ValuesRedactor } from '../../inspector.ts'
import type { Redaction } from '../../model/finding.ts'
import type { Permit } from '../../release.ts'
import { type CopiedRows, type CopyText, openCopiedRows } from './copied-rows.ts'
import { BACKEND, HEAD, readText, toMessage } from './messages.ts'

/** What of a column stands behind its name: table, number, type, size, modifier, format. */
const COLUMN = 18

export class RowsRedactor {
  readonly #inspector: Inspector
  readonly #permit: Permit
  #values: ValuesRedactor | null = null
  readonly #copy: CopyText | null
  #copied: CopiedRows | null = null
  #isPartial = false
  readonly #redactions: Map<string, Redaction>

  /** @param redactions told what was taken out  @param copy of a statement that has a COPY in it */
  constructor(
    inspector: Inspector,
    permit: Permit,
    redactions: Map<string, Redaction>,
    copy: CopyText | null = null,
  ) {
    this.#copy = copy
    this.#inspector = inspector
    this.#permit = permit
    this.#redactions = redactions
  }

  /** Whether not all could be read. */
  get isPartial(): boolean {
    return this.#isPartial || ((this.#values ?? this.#copied)?.isPartial ?? false)
  }

  /** Rows follow of which this is the RowDescription. @returns whether it can be read */
  describe(message: Buffer): boolean {
    this.end()
    const columns = readColumns(message)
    const { redact, admission } = this.#permit
    if (!columns || !redact) return false
    const agent = admission.flow.agent.id
    this.#values = this.#inspector.openValues('in', columns, redact, agent)
    return true
  }

  /** A DataRow. @returns what goes on instead, the same where that is all of it; null for what is no row of these */
  rewrite(message: Buffer): Buffer | null {
    const values = message.subarray(HEAD)
    const now = this.#values?.push(values) ?? null
    return now === null || now === values ? now && message : toMessage(BACKEND.dataRow, now)
  }

  /** Rows of COPY follow. @returns whether they can be read */
  beginCopy(): boolean {
    this.end()
    const { redact, admission } = this.#permit
    if (!redact) return false
    const agent = admission.flow.agent.id
    this.#copied = openCopiedRows(this.#inspector, 'in', this.#copy, redact, agent)
    return this.#copied !== null
  }

  /** A CopyData. @returns what goes on instead; null for nothing yet */
  rewriteCopied(message: Buffer): Buffer | null {
    return this.#copied ? this.#copied.push(message) : message
  }

  /** @returns the rest of them; null for none */
  endCopy(): Buffer | null {
    return this.#copied?.end() ?? null
  }

  /** No more rows of these come. */
  end(): void {
    const values = this.#values ?? this.#copied
    this.#values = this.#copied = null
    if (!values) return
    this.#isPartial ||= values.isPartial
    addFound(this.#redactions, 'in', values.found)
  }
}

/** Counts together what stood at the same place. */
export function addFound(
  redactions: Map<string, Redaction>,
  direction: Redaction['direction'],
  found: readonly Omit<Redaction, 'direction'>[],
): void {
  for (const { type, path, count } of found) {
    const key = `${direction} ${type} ${path}`
    const before = redactions.get(key)?.count ?? 0
    redactions.set(key, { direction, type, path, count: before + count })
  }
}

function readColumns(message: Buffer): ValueColumn[] | null {
  if (message.length < HEAD + 2) return null
  const count = message.readUInt16BE(HEAD)
  const columns: ValueColumn[] = []
  let at = HEAD + 2
  for (let i = 0; i < count; i++) {
    const name = readText(message, at)
    if (!name || message.length < at + name.length + 1 + COLUMN) return null
    at += name.length + 1
    const [type, format] = [message.readUInt32BE(at + 6), message.readUInt16BE(at + 16)]
    columns.push({ name: name.toString(), type, isBinary: format === 1 })
    at += COLUMN
  }
  return at === message.length ? columns : null
}
