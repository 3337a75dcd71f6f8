/**
 * What vendors publish about the place where their endpoints process data. Each statement has a source and a date; what a
 * vendor calls "eu" stands here as countries. `config/catalogue` reads the files, `locate/catalogue` finds in them.
 */

import type { Alternative } from './destination.ts'
import type { HostTemplate } from './host-template.ts'
import type { Regions } from './region.ts'

/** `from-host-label`: where the region in the name is, as the host patterns read it. */
export type CatalogueRegions = Regions | 'from-host-label'

export interface CatalogueEntry {
  /** Stable; an operator's entry with the same id replaces it. */
  readonly id: string
  readonly vendor: string
  /** Country whose law the vendor answers to; null when it is not stated. A hint, never a place. */
  readonly operator: string | null
  readonly hosts: readonly HostTemplate[]
  /** For a request of which nothing more is known. */
  readonly regions: CatalogueRegions
  /** Whether a region that a request names, in its path or its signature, is where it is processed. */
  readonly followsRequest: boolean
  /** Whether models are served there: what their APIs seal is left as it is. */
  readonly servesModels: boolean
  /** What a request can say to mean other places; their order means nothing. */
  readonly requests: readonly CatalogueRequest[]
  /** Where the same service keeps data in fewer places. */
  readonly instead: readonly Alternative[]
  /** The vendor's page, or the operator's own words. */
  readonly source: string
  /** ISO date on which the source was read. */
  readonly asOf: string
  /** What the sentence of the entry does not say: exceptions, doubts. */
  readonly note: string | null
}

/** All conditions that are present have to hold. */
export interface CatalogueRequest {
  /** A path, or everything below it when it ends in `/*`. */
  readonly path: string | null
  /** Upper case. */
  readonly method: string | null
  /** A parameter of the query. */
  readonly query: CatalogueField | null
  readonly header: CatalogueField | null
  /** A place in the body, like `provider.only[]`. */
  readonly field: CatalogueField | null
  readonly regions: CatalogueRegions
}

export interface CatalogueField {
  /** A parameter, a header in lower case, or a place in the body. */
  readonly name: string
  /** Exactly one of these, as text. */
  readonly values: readonly string[]
}

/** For a sentence: `/v1/messages, inference_geo = us`. */
export function sayRequest({ path, method, query, header, field }: CatalogueRequest): string {
  const say = (name: CatalogueField | null, mark: string) =>
    name && `${name.name}${mark}${name.values.join(' or ')}`
  const parts = [method, path, say(query, '='), say(header, ': '), say(field, ' = ')]
  return parts.filter((part) => part !== null).join(', ')
}
