/**
 * What is known of hosts and requests without asking anybody: names under suffixes of providers, what vendors publish, what a request
 * says itself. Each as a piece of evidence; what they are worth together is for `conclude`. Pure.
 */

import type { AnswerWatch } from '../model/answer.ts'
import type { CatalogueEntry } from '../model/catalogue.ts'
import type { CloudRegions } from '../model/cloud-region.ts'
import type { Evidence } from '../model/evidence.ts'
import { ANYWHERE, isAnywhere, type Regions, UNKNOWN } from '../model/region.ts'
import type { RequestFindings, RequestView } from '../model/request-view.ts'
import { mayAnswer, watchAnswer } from './answer.ts'
import { type CatalogueClaim, type CatalogueMatch, createCatalogue } from './catalogue.ts'
import { createHostPatterns, type HostClaim } from './host-patterns.ts'
import { readJson } from './request/call.ts'
import { familiesOf } from './request/families.ts'
import type { JsonFields } from './request/json-fields.ts'
import { needsBody, readRequest } from './request/read-request.ts'

export interface Knowledge {
  /** What is said about a host, whatever is asked of it. @param now milliseconds since the epoch */
  sayHost(host: string, now: number): HostStatements
  /** What the names say that an answer led over. They are chosen by whoever owns the first, and never grant anything. */
  sayAliases(cnames: readonly string[]): readonly Evidence[]
  /** Whether what a request says about the place may be in its body. */
  wantsBody(view: RequestView): boolean
  /** What answers of a host may say; null when they say nothing. */
  watchAnswer(host: string, header: (name: string) => readonly string[]): AnswerWatch | null
  /** What a request says; null when it says nothing. */
  sayRequest(view: RequestView, now: number): RequestFindings | null
}

/** What does not change from request to request. */
interface HostTraits {
  /** The entry, where the request makes a difference to it. */
  readonly match: CatalogueMatch | null
  /** Whether requests to it are read at all. */
  readonly isRead: boolean
  readonly mayAnswer: boolean
}

/** Hosts whose traits are remembered. */
const MAX_HOSTS = 4_096

export interface HostStatements extends Pick<RequestFindings, 'evidence' | 'instead'> {
  /** Whether a vendor serves models there. */
  readonly servesModels: boolean
}

export function createKnowledge(
  regions: CloudRegions,
  entries: readonly CatalogueEntry[],
): Knowledge {
  const readHost = createHostPatterns(regions)
  const catalogue = createCatalogue(entries, readHost)
  const hosts = new Map<string, HostTraits>()
  const traitsOf = (host: string): HostTraits => {
    let traits = hosts.get(host)
    if (!traits) {
      const match = catalogue.find(host)
      traits = {
        match: match && match.entry.requests.length > 0 ? match : null,
        isRead: familiesOf(host).length > 0,
        mayAnswer: mayAnswer(host),
      }
      if (hosts.size >= MAX_HOSTS) hosts.clear()
      hosts.set(host, traits)
    }
    return traits
  }

  return {
    sayHost(host, now) {
      const match = catalogue.find(host)
      const claim = readHost(host)
      const entry = match && catalogue.refine(match, null)
      return {
        evidence: [
          ...(entry ? [sayEntry(entry, now)] : []),
          ...(claim ? [sayPattern(claim, regions.asOf)] : []),
        ],
        instead: entry?.instead ?? [],
        servesModels: match?.entry.servesModels ?? false,
      }
    },

    sayAliases: (cnames) =>
      cnames.flatMap((name) => {
        const claim = readHost(name)
        if (claim?.about !== 'edge') return []
        return [
          { ...sayPattern(claim, regions.asOf), detail: `it is reached over ${name}, an edge` },
        ]
      }),

    watchAnswer: (host, header) =>
      traitsOf(host).mayAnswer ? watchAnswer(host, header, regions) : null,

    wantsBody(view) {
      const { match, isRead } = traitsOf(view.host)
      if (isRead && needsBody(view)) return true
      return match !== null && catalogue.needsBody(match, toHead(view))
    },

    sayRequest(view, now) {
      const { match, isRead } = traitsOf(view.host)
      if (!match && !isRead) return null
      const { evidence, creates, onward } = readRequest(view, regions)
      if (!match && evidence.length === 0 && creates === null && onward.length === 0) return null
      const claim = match && catalogue.refine(match, { ...toHead(view), field: toField(view) })
      return {
        evidence: [...(claim ? [sayEntry(claim, now)] : []), ...evidence],
        creates,
        onward,
        instead: claim?.instead ?? [],
      }
    },
  }
}

function toHead({ method, target, header }: RequestView) {
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  return { method, path, query: at < 0 ? '' : target.slice(at + 1), header }
}

/** Values in a JSON body; null where it could not be read. */
function toField({ body }: RequestView): (place: string) => readonly string[] | null {
  let read: JsonFields | null = null
  return (place) => {
    read ??= readJson(body)
    return read.values(place)
  }
}

/** A vendor changes what it promises; a narrow promise is believed for two years after it was read. */
const MAX_AGE_MS = 730 * 86_400_000

function sayEntry(entry: CatalogueClaim, now: number): Evidence {
  const { id, vendor, claim, followsRequest, asOf, detail } = entry
  const isOld = !isAnywhere(claim) && now - Date.parse(asOf) > MAX_AGE_MS
  return {
    kind: 'catalogue',
    source: `catalogue: ${id}`,
    asOf,
    claim: isOld ? UNKNOWN : claim,
    strength: followsRequest && isAnywhere(claim) ? 'weak' : 'strong',
    address: null,
    detail: isOld ? `what ${vendor} stated on ${asOf} is too old to be relied upon` : detail,
  }
}

function sayPattern(
  { provider, pattern, claim, about, detail }: HostClaim,
  asOf: string,
): Evidence {
  const says: Record<HostClaim['about'], Regions> = {
    region: claim,
    anywhere: ANYWHERE,
    silent: UNKNOWN,
    edge: UNKNOWN,
  }
  return {
    kind: about === 'edge' ? 'edge' : 'host',
    source: `host names of ${provider}: ${pattern}`,
    asOf,
    claim: says[about],
    strength: about === 'silent' ? 'none' : 'strong',
    address: null,
    detail,
  }
}
