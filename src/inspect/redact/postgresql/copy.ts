/** Rows that COPY carries, on their way, without what is not to leave. */

import type { Redaction } from '../../../model/finding.ts'
import type { CopyForm } from '../../sql/copy-form.ts'
import { Columns } from '../columns.ts'
import { CsvReader } from '../csv.ts'
import type { Unscannable } from '../findings.ts'
import type { Job, Place } from '../reader.ts'
import { Rewriting } from '../rewriting.ts'
import { CopyTextReader } from './copy-text.ts'

export class CopyRedactor {
  readonly #job: Job
  readonly #rewriting: Rewriting

  constructor(job: Job, { isCsv, delimiter, hasHeader, names }: CopyForm) {
    const place: Place = { path: 'body', key: '', kind: 'text', context: job.scan.under('') }
    const form = { separator: delimiter, names, hasHeader, isStrict: true }
    this.#job = job
    this.#rewriting = new Rewriting((patch) => {
      if (isCsv) return new CsvReader(job, place, patch, form)
      return new CopyTextReader(job, new Columns(job, place, names, hasHeader), delimiter, patch)
    })
  }

  /** @returns what can go on */
  push(chunk: Buffer): readonly Buffer[] {
    this.#rewriting.push(chunk)
    return this.#rewriting.take()
  }

  /** That was all. @returns the rest */
  end(): readonly Buffer[] {
    this.#rewriting.end()
    return this.#rewriting.take()
  }

  get findings(): Omit<Redaction, 'direction'>[] {
    return this.#job.findings.toList()
  }

  /** Grows before the bytes it is about are returned. */
  get unscannable(): readonly Unscannable[] {
    return this.#job.findings.unscannable
  }
}
