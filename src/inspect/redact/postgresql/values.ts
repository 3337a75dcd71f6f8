/**
 * Values as PostgreSQL sends them: how many there are (int16), and each with its length before it. So rows of results are written, and what is
 * bound to a statement.
 */

import type { Redaction } from '../../../model/finding.ts'
import type { Scanner } from '../../scan/scanner.ts'
import { Findings, type Unscannable } from '../findings.ts'
import { type Job, REDACT_LIMITS, type Replace } from '../reader.ts'
import { rewriteItems } from './binary-list.ts'
import { type Column, ValueReader } from './value.ts'

const COUNT = 2

export class ValuesRedactor {
  readonly #findings = new Findings()
  readonly #readers: readonly ValueReader[]

  constructor(scan: Scanner, replace: Replace, columns: readonly Column[]) {
    const findings = this.#findings
    const job: Job = { scan, replace, findings, limits: REDACT_LIMITS, sealed: 'read' }
    this.#readers = columns.map((column) => new ValueReader(job, column))
  }

  /** @returns what goes on instead, the very same where that is all of it; null for what are no values of these columns */
  push(values: Buffer): Buffer | null {
    if (values.length < COUNT) return null
    const count = values.readUInt16BE(0)
    if (count !== this.#readers.length) return null
    const now = rewriteItems(values, COUNT, values.length, count, this.#rewrite)
    if (now === undefined) return null
    return now === 'same' ? values : Buffer.concat([values.subarray(0, COUNT), now.bytes])
  }

  readonly #rewrite = (index: number, bytes: Buffer, from: number, to: number) => {
    // There are as many of them as values.
    const reader = this.#readers[index] as ValueReader
    return reader.read(bytes, from, to)
  }

  get findings(): Omit<Redaction, 'direction'>[] {
    return this.#findings.toList()
  }

  get unscannable(): readonly Unscannable[] {
    return this.#findings.unscannable
  }
}
