/**
 * What a request to Google Cloud says about places: `locations/…`, `zones/…` and `regions/…` in the path, the routing header, and
 * what it creates. INVARIANT: a region in the path narrows only on a regional host; on a global one it is a weak hint,
 * because the front end that takes the call may be anywhere.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Evidence, Strength } from '../../model/evidence.ts'
import { ANYWHERE, type Regions, UNKNOWN } from '../../model/region.ts'
import { hasBucketSetting } from './bucket-settings.ts'
import { parseBucketXml } from './bucket-xml.ts'
import type { Call } from './call.ts'
import { breadth, countriesOf, joinPlaces, namedRegion, record } from './claims.ts'
import { multiRegion } from './geographies.ts'
import { parsePairs } from './target.ts'
import type { Findings } from './view.ts'

export function googleNeedsBody(call: Call): boolean {
  return isBucketXml(call) || placeField(call) !== null
}

export function readGoogle(call: Call, regions: CloudRegions): readonly Findings[] {
  return [
    { evidence: [...readPath(call, regions), ...readRouting(call, regions)] },
    readCreation(call, regions),
  ]
}

function readPath(call: Call, regions: CloudRegions): readonly Evidence[] {
  // A key of Cloud Storage may look like anything, and no place stands in such a path.
  if (isStorage(call.host)) return []
  if (call.segments === null) return [breadth(ANYWHERE, 'path', 'cannot be read in one way')]
  const strength = isRegionalHost(call.host, regions) ? 'strong' : 'weak'
  return locationsIn(call.segments).map((name) => readLocation(name, 'path', strength, regions))
}

/** `x-goog-request-params: name=projects%2Fp%2Flocations%2Feu`: routes a gRPC call, and nobody is held to it. */
function readRouting(call: Call, regions: CloudRegions): readonly Evidence[] {
  const source = 'x-goog-request-params'
  return call.view.header(source).flatMap((value) => {
    const pairs = parsePairs(value)
    if (pairs === null) return [record(source, 'is not well-formed')]
    return pairs
      .flatMap(([name, text]) =>
        /(?:^|\.)(?:location|location_id|region)$/i.test(name)
          ? [text]
          : locationsIn(text.split('/')),
      )
      .map((name) => readLocation(name, source, 'none', regions))
  })
}

/** The names behind `locations`, `regions` and `zones`; a zone as its region. */
function locationsIn(segments: readonly string[]): readonly string[] {
  return segments.flatMap((segment, index) => {
    const name = segments[index + 1]?.split(':', 1)[0]?.toLowerCase()
    const kind = segment.toLowerCase()
    if (name === undefined || !['locations', 'regions', 'zones'].includes(kind)) return []
    return [kind === 'zones' ? toRegionName(name) : name]
  })
}

function toRegionName(zone: string): string {
  return zone.replace(/(?<=\d)-[a-z]$/, '')
}

function readLocation(
  name: string,
  source: string,
  strength: Strength,
  regions: CloudRegions,
): Evidence {
  if (name === 'global' || name === '-') return breadth(ANYWHERE, source, `location \`${name}\``)
  if (name === 'eu' || name === 'us') {
    const claim = multiRegion(regions, 'gcp', name)
    return breadth(claim, source, `multi-region \`${name}\``, regions.asOf)
  }
  return namedRegion(regions, 'gcp', name, source, strength)
}

function isStorage(host: string): boolean {
  return /(?:^|\.)storage\./.test(host)
}

/** `europe-west4-aiplatform.googleapis.com`, `storage.europe-west4.rep.googleapis.com` */
function isRegionalHost(host: string, regions: CloudRegions): boolean {
  const labels = host.split('.')
  const isEndpoint = labels.length === 5 && labels[2] === 'rep'
  const name = isEndpoint ? labels[1] : /^([a-z]+-[a-z]+\d+)-[a-z0-9-]+$/.exec(labels[0] ?? '')?.[1]
  return name !== undefined && regions.find('gcp', name) !== null
}

function readCreation(call: Call, regions: CloudRegions): Findings {
  if (isBucketXml(call)) return readBucketXml(call, regions)
  if (isBatch(call)) return { creates: UNKNOWN }
  const field = placeField(call)
  if (field !== null) {
    const values = call.json.values(field)
    return values === null
      ? { creates: UNKNOWN, unread: true }
      : { creates: joinPlaces(values.map((value) => placeOf(value, regions))) }
  }
  return call.isMethod('POST', 'PUT') ? { creates: placeInPath(call, regions) } : {}
}

/** Many requests in one; each may create something. */
function isBatch(call: Call): boolean {
  return call.isMethod('POST') && call.segments?.[0]?.toLowerCase() === 'batch'
}

/** POST to a collection within a location: `projects/P/locations/L/services`, `projects/P/zones/Z/instances`. */
function placeInPath({ segments, host }: Call, regions: CloudRegions): Regions | null {
  if (segments === null) return isStorage(host) ? null : UNKNOWN
  if (segments.at(-1)?.includes(':')) return null
  const lower = segments.map((segment) => segment.toLowerCase())
  const isCompute = host === 'compute.googleapis.com' || lower[0] === 'compute'
  const at = lower.findLastIndex((segment) =>
    isCompute
      ? ['zones', 'regions', 'global'].includes(segment)
      : ['locations', 'zones', 'regions'].includes(segment),
  )
  if (at < 0) return null
  const isGlobal = lower[at] === 'global'
  const rest = lower.length - at - (isGlobal ? 1 : 2)
  // In Compute Engine what is longer is an action on something there already.
  if (isCompute ? rest !== 1 : rest < 1 || rest % 2 === 0) return null
  const name = isGlobal ? 'global' : (lower[at + 1] ?? '')
  return placeOf(lower[at] === 'zones' ? toRegionName(name) : name, regions)
}

function placeOf(name: string, regions: CloudRegions): Regions {
  const lower = name.toLowerCase()
  if (lower === 'global') return ANYWHERE
  if (lower === 'eu' || lower === 'us') return multiRegion(regions, 'gcp', lower)
  return countriesOf(regions, 'gcp', [lower])
}

/** Creations whose place is in the body, by the last part of the path. */
const BY_FIELD: readonly (readonly [path: RegExp, field: string])[] = [
  [/^(?:\/upload)?\/storage\/v1\/b$/, 'location'],
  [/\/bigquery\/v2\/projects\/[^/]+\/datasets$/, 'location'],
  [/\/(?:sql\/)?v1(?:beta4)?\/projects\/[^/]+\/instances$/, 'region'],
]

function placeField(call: Call): string | null {
  if (!call.isMethod('POST') || call.segments === null) return null
  const path = `/${call.segments.join('/')}`
  return BY_FIELD.find(([pattern]) => pattern.test(path))?.[1] ?? null
}

/** The XML interface of Cloud Storage: PUT of a bucket, named in the path or in the host, without a sub-resource. */
function isBucketXml(call: Call): boolean {
  const { host, view } = call
  const isPath = host === 'storage.googleapis.com'
  if (!call.isMethod('PUT') || !(isPath || host.endsWith('.storage.googleapis.com'))) return false
  const names = (view.target.split('?', 1)[0] ?? '').split('/').filter((name) => name !== '')
  return names.length === (isPath ? 1 : 0) && !hasBucketSetting(call.query, 'gcp')
}

function readBucketXml(call: Call, regions: CloudRegions): Findings {
  const text = call.text(16_384)
  const place = text === null ? null : parseBucketXml(text)
  if (place === null) return { creates: UNKNOWN, unread: text === null }
  return { creates: joinPlaces(place.constraints.map((name) => placeOf(name, regions))) }
}
