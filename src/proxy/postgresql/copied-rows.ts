/** Rows that COPY carries, either way, without what a rule takes out of them. One message of a server is one row, and stays one. */

import type { CopyRedactor, Found, Inspector } from '../../inspector.ts'
import type { Operator } from '../../model/finding.ts'
import { BACKEND, HEAD, toMessage } from './messages.ts'

/** A text with a COPY in it, which says how the rows are written. */
export interface CopyText {
  readonly text: Buffer
  /** Whether bytes of ASCII were nothing else in it. */
  readonly isSafe: boolean
}

/** @returns null where nobody can tell how they are written */
export function openCopiedRows(
  inspector: Inspector,
  direction: 'out' | 'in',
  copy: CopyText | null,
  plan: ReadonlyMap<string, Operator>,
  agent: string,
): CopiedRows | null {
  const redactor = copy && inspector.openCopy(direction, copy.text, copy.isSafe, plan, agent)
  return redactor && new CopiedRows(redactor)
}

export class CopiedRows {
  readonly #redactor: CopyRedactor

  constructor(redactor: CopyRedactor) {
    this.#redactor = redactor
  }

  get isPartial(): boolean {
    return this.#redactor.isPartial
  }

  get found(): readonly Found[] {
    return this.#redactor.found
  }

  /** A CopyData. @returns what goes on instead; null for nothing yet */
  push(message: Buffer): Buffer | null {
    return toCopyData(this.#redactor.push(message.subarray(HEAD)))
  }

  /** @returns the rest; null for none */
  end(): Buffer | null {
    return toCopyData(this.#redactor.end())
  }
}

function toCopyData(pieces: readonly Buffer[]): Buffer | null {
  return pieces.some(({ length }) => length > 0) ? toMessage(BACKEND.copyData, ...pieces) : null
}
