/**
 * Finds what a vendor says about a host, and what a request to it adds. Pure. Of entries that fit, the one with the longest
 * fixed end speaks, then the most specific.
 *
 * INVARIANT: a claim becomes narrower only by what was seen and can be read in one way. A body that was not seen, values that
 * contradict each other and paths that origins read differently leave every place open that they could mean.
 */

import {
  type CatalogueEntry,
  type CatalogueField,
  type CatalogueRegions,
  type CatalogueRequest,
  sayRequest,
} from '../model/catalogue.ts'
import type { Alternative } from '../model/destination.ts'
import { createHostIndex } from '../model/host-index.ts'
import { type Regions, UNKNOWN, unionRegions } from '../model/region.ts'
import type { HostClaim } from './host-patterns.ts'

export interface CatalogueMatch {
  readonly entry: CatalogueEntry
  /** What `from-host-label` is for this host. */
  readonly fromHost: Regions
}

/** What the head of a request says. */
export interface CatalogueHead {
  readonly method: string
  /** As on the wire, without query. */
  readonly path: string
  /** As on the wire, without `?`; empty when there is none. */
  readonly query: string
  /** All values, name in lower case. */
  header(name: string): readonly string[]
}

/** A request as far as it was seen. */
export interface CatalogueView extends CatalogueHead {
  /** All values at that place in the body; null when it was not seen, or not whole. */
  field(place: string): readonly string[] | null
}

export interface CatalogueClaim {
  /** The entry's. */
  readonly id: string
  readonly vendor: string
  readonly operator: string | null
  readonly claim: Regions
  readonly followsRequest: boolean
  readonly source: string
  readonly asOf: string
  /** One short sentence. */
  readonly detail: string
  readonly instead: readonly Alternative[]
}

export interface Catalogue {
  /** The entry for a canonical name (`Host.text`). */
  find(host: string): CatalogueMatch | null
  /** Whether the body of such a request can change the claim. */
  needsBody(match: CatalogueMatch, request: CatalogueHead): boolean
  /** What the entry says about this request; about the host alone when there is none. */
  refine(match: CatalogueMatch, request: CatalogueView | null): CatalogueClaim
}

/** @param readHost the host patterns, for entries that leave the region to them. */
export function createCatalogue(
  entries: readonly CatalogueEntry[],
  readHost: (host: string) => HostClaim | null,
): Catalogue {
  const rows = entries.flatMap((entry) => {
    const value = { entry, usesHost: usesHost(entry) }
    return entry.hosts.map((template) => ({ template, value }))
  })
  const find = createHostIndex(rows)
  return {
    find: (host) => {
      const match = find(host)
      if (!match) return null
      const { entry, usesHost } = match.value
      return { entry, fromHost: usesHost ? (readHost(host)?.claim ?? UNKNOWN) : UNKNOWN }
    },
    needsBody: ({ entry }, request) =>
      entry.requests.some((one) => one.field !== null && holdsInHead(one, request) !== 'no'),
    refine,
  }
}

function usesHost({ regions, requests }: CatalogueEntry): boolean {
  return [regions, ...requests.map((one) => one.regions)].includes('from-host-label')
}

function refine(
  { entry, fromHost }: CatalogueMatch,
  request: CatalogueView | null,
): CatalogueClaim {
  const { id, vendor, operator, followsRequest, source, asOf, instead } = entry
  const base = { id, vendor, operator, followsRequest, source, asOf, instead }
  const toRegions = (regions: CatalogueRegions) =>
    regions === 'from-host-label' ? fromHost : regions
  const parts = entry.requests.map((one) => ({
    one,
    holds: request ? holds(one, request) : 'perhaps',
  }))
  const yes = parts.filter((part) => part.holds === 'yes')
  const meant = parts.filter((part) => part.holds !== 'no')
  const claims = meant.map(({ one }) => toRegions(one.regions))
  // Without one that certainly holds, the entry's own claim is still possible.
  if (yes.length === 0) claims.push(toRegions(entry.regions))
  const claim = claims.reduce(unionRegions)
  return {
    ...base,
    claim,
    detail: describe(
      entry,
      yes.map(({ one }) => one),
      meant.length,
    ),
  }
}

function describe(
  { vendor, note }: CatalogueEntry,
  yes: readonly CatalogueRequest[],
  meant: number,
): string {
  const said = yes.map(sayRequest).join(' and ')
  const open = meant > yes.length ? ', and what else it may ask for was not seen' : ''
  const about = said ? `for a request with ${said}` : 'for this host'
  return `${vendor} states this ${about}${open}${note ? `: ${note}` : ''}`
}

type Answer = 'yes' | 'no' | 'perhaps'

function holds(one: CatalogueRequest, request: CatalogueView): Answer {
  const inBody = one.field ? compareField(one.field, request.field(one.field.name)) : 'yes'
  return all([holdsInHead(one, request), inBody])
}

function holdsInHead(
  { method, path, query, header }: CatalogueRequest,
  request: CatalogueHead,
): Answer {
  return all([
    method === null ? 'yes' : compareField({ name: 'method', values: [method] }, [request.method]),
    path === null ? 'yes' : comparePath(path, request.path),
    query ? compareField(query, readParameter(request.query, query.name)) : 'yes',
    header ? compareField(header, request.header(header.name).flatMap(splitList)) : 'yes',
  ])
}

function all(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no'
  return answers.includes('perhaps') ? 'perhaps' : 'yes'
}

/** Which of several values a peer takes is its secret: they have to agree. */
function compareField({ values }: CatalogueField, seen: readonly string[] | null): Answer {
  if (seen === null) return 'perhaps'
  const fitting = seen.filter((value) => values.includes(value)).length
  if (fitting > 0) return fitting === seen.length ? 'yes' : 'perhaps'
  const meant = new Set(values.map(loosen))
  return seen.some((value) => meant.has(loosen(value))) ? 'perhaps' : 'no'
}

/** Some peers ignore case, white space, and the width or accent of a letter. */
function loosen(value: string): string {
  return value
    .normalize('NFKD')
    .replace(/[^!-~]/g, '')
    .toLowerCase()
}

/** One line of a header may hold several values (RFC 9110 section 5.6.1). */
function splitList(line: string): readonly string[] {
  return line.split(',').map((value) => value.trim())
}

/** All values of a parameter; null when the query could hold one that is written in another way. */
function readParameter(query: string, name: string): readonly string[] | null {
  if (query === '') return []
  if (/[^!-~]|[;#[\]]/.test(query)) return null
  const values: string[] = []
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=')
    const key = at < 0 ? pair : pair.slice(0, at)
    if (key.includes('%') || key.includes('+')) return null
    const value = at < 0 ? '' : pair.slice(at + 1)
    if (key === name && /[%+]/.test(value)) return null
    if (key === name) values.push(value)
    else if (key.toLowerCase() === name.toLowerCase()) return null
  }
  return values
}

/** What origins read in more than one way may be any path. */
const UNUSUAL = /[^!-~]|[%\\;?#]|\/\/|\/\.\.?(?:\/|$)/

function comparePath(wanted: string, path: string): Answer {
  if (matchesPath(wanted, path) && !UNUSUAL.test(path)) return 'yes'
  if (UNUSUAL.test(path)) return 'perhaps'
  // Some origins ignore case, and a slash at the end.
  const loose = path.toLowerCase()
  const fits =
    matchesPath(wanted.toLowerCase(), loose) || matchesPath(wanted.toLowerCase(), `${loose}/`)
  return fits ? 'perhaps' : 'no'
}

function matchesPath(wanted: string, path: string): boolean {
  return wanted.endsWith('/*') ? path.startsWith(wanted.slice(0, -1)) : path === wanted
}
