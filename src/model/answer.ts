/** What an answer says about where it was made, found while it passes. */

import type { Evidence } from './evidence.ts'

export interface AnswerWatch {
  /** Of the kind `response`; may grow while the body is fed. */
  readonly evidence: readonly Evidence[]
  /** To be called with every piece of payload; null where the head was all there is to see. */
  readonly feed: ((bytes: Uint8Array) => void) | null
}
