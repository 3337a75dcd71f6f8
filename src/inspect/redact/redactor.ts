/**
 * A body on its way, without what is not to leave. Bytes in, bytes out, forward only, and never more kept than a text, an event or a line
 * that is undecided.
 *
 * INVARIANT: the same bytes come out however they were cut; what cannot be read is said to be so before it comes out.
 */

import type { Redaction } from '../../model/finding.ts'
import type { Scanner } from '../scan/scanner.ts'
import { parseContentType } from './content-type.ts'
import { Findings, type Unscannable } from './findings.ts'
import { isFramed, openBody } from './open-body.ts'
import { type Job, REDACT_LIMITS, type RedactLimits, type Replace, type Sealed } from './reader.ts'
import { Rewriting } from './rewriting.ts'
import { createTranscoder, orderOf, type Transcoder } from './transcode.ts'

export interface RedactorOptions {
  /** The field's value; null for none. */
  readonly contentType: string | null
  readonly scan: Scanner
  readonly replace: Replace
  readonly limits?: Partial<RedactLimits>
  /** `read` where it is left out. */
  readonly sealed?: Sealed
}

export interface Redactor {
  /** @returns what can go on */
  push(chunk: Buffer): Buffer[]
  /** That was all. @returns the rest */
  end(): Buffer[]
  readonly findings: Omit<Redaction, 'direction'>[]
  /**
   * What could not be looked at. Grows before the bytes it is about are returned: whoever does not let them pass looks here after each call,
   * and throws away what was returned.
   */
  readonly unscannable: readonly Unscannable[]
}

export function createRedactor(options: RedactorOptions): Redactor {
  const { contentType, scan, replace, limits, sealed = 'read' } = options
  const findings = new Findings()
  const job: Job = {
    scan,
    replace,
    findings,
    sealed,
    limits: { ...REDACT_LIMITS, ...limits },
  }
  const body = new Body(job, contentType)
  return {
    push: (chunk) => body.push(chunk),
    end: () => body.end(),
    get findings() {
      return findings.toList()
    },
    get unscannable() {
      return findings.unscannable
    },
  }
}

const NOTHING = Buffer.alloc(0)

/** The beginning tells whether it is UTF-16; all formats are read as UTF-8. */
class Body {
  readonly #job: Job
  readonly #contentType: string | null
  #first: Buffer | null = NOTHING
  #rewriting: Rewriting | null = null
  #transcoder: Transcoder | null = null

  constructor(job: Job, contentType: string | null) {
    this.#job = job
    this.#contentType = contentType
  }

  push(chunk: Buffer): Buffer[] {
    if (chunk.length === 0) return []
    if (this.#first === null) return this.#give(chunk)
    const all = this.#first.length > 0 ? Buffer.concat([this.#first, chunk]) : chunk
    if (all.length < 2) {
      this.#first = Buffer.from(all)
      return []
    }
    this.#begin(all)
    return this.#give(all)
  }

  end(): Buffer[] {
    const first = this.#first
    if (first !== null) this.#begin(first)
    const given = first && first.length > 0 ? this.#give(first) : []
    this.#rewriting?.end()
    return [...given, ...this.#take()]
  }

  #begin(bytes: Buffer): void {
    this.#first = null
    const { type, param } = parseContentType(this.#contentType)
    const charset = param('charset')
    const order = isFramed(type) ? null : orderOf(bytes, charset)
    this.#transcoder = order && createTranscoder(order)
    // What was said of the bytes is not true of those that are read.
    const read = order ? withoutParams(type, param('boundary')) : this.#contentType
    this.#rewriting = new Rewriting((patch) => openBody(this.#job, read, patch))
  }

  #give(chunk: Buffer): Buffer[] {
    this.#rewriting?.push(this.#transcoder?.toUtf8(chunk) ?? chunk)
    return this.#take()
  }

  #take(): Buffer[] {
    const pieces = this.#rewriting?.take() ?? []
    const transcoder = this.#transcoder
    return transcoder ? pieces.map((piece) => transcoder.toUtf16(piece)) : pieces
  }
}

function withoutParams(type: string, boundary: string | null): string {
  return boundary === null ? type : `${type}; boundary="${boundary}"`
}
