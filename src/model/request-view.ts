/** What of a request may be read to find out where it will be processed: its head, and the beginning of its body. Never kept. */

import type { Alternative } from './destination.ts'
import type { Evidence } from './evidence.ts'
import type { Regions } from './region.ts'

export interface RequestView {
  /** As normalised, without port. */
  readonly host: string
  readonly method: string
  /** In origin-form with its query, as it goes on the wire. */
  readonly target: string
  /** All values, in order. @param name in lower case */
  header(name: string): readonly string[]
  /** Null when it was not looked at. */
  readonly body: BodyView | null
}

/** A head that is looked at for data. */
export interface HeadView {
  /** In origin-form with its query, as it goes on the wire. */
  readonly target: string
  /** Names and values in turn, as received. */
  readonly fields: readonly string[]
  /** All values, in order, of what goes on. @param name in lower case */
  header(name: string): readonly string[]
}

export interface BodyView {
  readonly bytes: Uint8Array
  /** Whether that is all of it. */
  readonly complete: boolean
  readonly contentType: string | null
  readonly contentEncoding: string | null
  /**
   * Of one that was decoded, what its codings said besides: names and comments of gzip; null where nobody can know, as with Brotli, whose
   * streams may have blocks that no reader shows. Left out for nothing.
   */
  readonly beside?: Uint8Array | null
}

/** Whether what stands in it is hidden by a content coding. Nothing at all is nothing in every coding. */
export function isCoded({ bytes, complete, contentEncoding }: BodyView): boolean {
  if (complete && bytes.length === 0) return false
  return contentEncoding !== null && !/^(?:identity)?$/i.test(contentEncoding.trim())
}

/** What a request says about the place. */
export interface RequestFindings {
  readonly evidence: readonly Evidence[]
  /** Where it creates a resource: null when it creates none, unknown when the place cannot be read. */
  readonly creates: Regions | null
  /** Authorities the destination will be made to fetch from; `*` where nobody can know which. */
  readonly onward: readonly string[]
  /** Better suited hosts of the same vendor. */
  readonly instead: readonly Alternative[]
}
