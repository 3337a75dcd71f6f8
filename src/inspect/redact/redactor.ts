/**
 * A body on its way, without what is not to leave. Bytes in, bytes out, forward only, and never more kept than a text, an event or a line
 * that is undecided.
 *
 * INVARIANT: the same bytes come out however they were cut; what cannot be read is said to be so before it comes out.
 */

import type { Redaction } from '../../model/finding.ts'
import type { Scanner } from '../scan/scanner.ts'
import { Findings, type Unscannable } from './findings.ts'
import { openBody } from './open-body.ts'
import { type Job, REDACT_LIMITS, type RedactLimits, type Replace } from './reader.ts'
import { Rewriting } from './rewriting.ts'

export interface RedactorOptions {
  /** The field's value; null for none. */
  readonly contentType: string | null
  readonly scan: Scanner
  readonly replace: Replace
  readonly limits?: Partial<RedactLimits>
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

export function createRedactor({ contentType, scan, replace, limits }: RedactorOptions): Redactor {
  const findings = new Findings()
  const job: Job = { scan, replace, findings, limits: { ...REDACT_LIMITS, ...limits } }
  const rewriting = new Rewriting((patch) => openBody(job, contentType, patch))
  return {
    push: (chunk) => {
      rewriting.push(chunk)
      return rewriting.take()
    },
    end: () => {
      rewriting.end()
      return rewriting.take()
    },
    get findings() {
      return findings.toList()
    },
    get unscannable() {
      return findings.unscannable
    },
  }
}
