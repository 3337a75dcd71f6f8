/**
 * Texts that stay as they are if it turns out that they are signed, which is said behind them: they are read, and what would be replaced
 * waits with all that comes after it. One at a time.
 */

import { Findings } from './findings.ts'
import type { Job, Patch } from './reader.ts'

export class SignedTexts {
  readonly #job: Job
  readonly #patch: Patch
  readonly #waiting: Parameters<Patch>[] = []
  /** Of those that wait, how many are of the text. */
  #own = 0
  #findings: Findings | null = null
  /** Nothing from here on is decided. */
  from = Number.POSITIVE_INFINITY
  /** Objects and lists that the text is in. */
  depth = 0
  isReading = false

  constructor(job: Job, patch: Patch) {
    this.#job = job
    this.#patch = patch
  }

  readonly patch: Patch = (start, end, by) => {
    if (this.#findings === null) this.#patch(start, end, by)
    else this.#waiting.push([start, end, by])
  }

  /** @returns with what the text is to be read */
  begin(position: number, depth: number): Job {
    this.settle(false)
    this.from = position
    this.depth = depth
    this.isReading = true
    this.#findings = new Findings()
    return { ...this.#job, findings: this.#findings }
  }

  endText(): void {
    this.isReading = false
    this.#own = this.#waiting.length
  }

  settle(isSigned: boolean): void {
    const findings = this.#findings
    if (findings === null) return
    if (this.isReading) this.endText()
    this.#findings = null
    this.from = Number.POSITIVE_INFINITY
    if (!isSigned) findings.leaveTo(this.#job.findings)
    const waiting = this.#waiting.splice(0)
    for (const each of isSigned ? waiting.slice(this.#own) : waiting) this.#patch(...each)
  }
}
