/**
 * What a request to Azure Resource Manager creates, and where: `location` in the body, and for model deployments the SKU, which
 * decides whether calls stay in the region (`Standard`), in a data zone (`DataZone…`) or nowhere in particular (`Global…`).
 * ARM itself answers from anywhere, so nothing here narrows the place of the call.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import { ANYWHERE, isAnywhere, type Regions, toRegions, UNKNOWN } from '../../model/region.ts'
import type { Call } from './call.ts'
import { breadth, joinPlaces } from './claims.ts'
import { isInEu, multiRegion } from './geographies.ts'
import { stringsAt, walk } from './json-walk.ts'
import type { Findings } from './view.ts'

export const ARM_HOSTS = [
  'management.azure.com',
  'management.usgovcloudapi.net',
  'management.chinacloudapi.cn',
] as const

export function armNeedsBody(call: Call): boolean {
  return call.isMethod('PUT', 'PATCH')
}

export function readArm(call: Call, regions: CloudRegions): Findings {
  if (isBatch(call)) return { creates: UNKNOWN }
  if (!armNeedsBody(call)) return {}
  const isCreation = call.isMethod('PUT')
  if (!call.json.whole || call.segments === null) {
    return {
      evidence: [breadth(ANYWHERE, 'body', 'may name a SKU or a place and could not be read')],
      creates: UNKNOWN,
      unread: !call.json.whole,
    }
  }
  const place = isTemplate(call) ? placesInTemplate(call, regions) : placesInBody(call, regions)
  const reach = reachOfSkus(call, place, regions)
  if (reach === null) return isCreation ? { creates: place } : {}
  return {
    evidence: [breadth(reach, 'sku.name', 'deploys a model beyond one region', regions.asOf)],
    creates: reach,
  }
}

/** Many requests in one; each may create something. */
function isBatch(call: Call): boolean {
  return call.isMethod('POST') && call.segments?.length === 1 && lower(call)[0] === 'batch'
}

function isTemplate(call: Call): boolean {
  return isDeployment(call, 'microsoft.resources')
}

function isDeployment(call: Call, provider: string): boolean {
  return lower(call).includes(provider) && lower(call).at(-2) === 'deployments'
}

function lower({ segments }: Call): readonly string[] {
  return (segments ?? []).map((segment) => segment.toLowerCase())
}

/** Of the resource itself, and of replicas such as those of Cosmos DB. */
function placesInBody({ json }: Call, regions: CloudRegions): Regions {
  const own = json.values('location')
  if (own === null) return UNKNOWN
  const replicas: string[] = []
  walk(json.root, ({ key, value, ownerKey }) => {
    const isReplica = ownerKey === 'locations' && key === 'locationname'
    if (isReplica && value.kind === 'string') replicas.push(value.text)
  })
  return joinPlaces([...own, ...replicas].map((name) => placeOf(name, regions)))
}

/** Every `location` at any depth has to be plain; an expression, a linked template or none at all leaves the place open. */
function placesInTemplate({ json }: Call, regions: CloudRegions): Regions {
  const places: Regions[] = []
  walk(json.root, ({ key, value, ownerKey, depth }) => {
    if (key === 'templatelink') places.push(UNKNOWN)
    const isPlace = key === 'location' && (depth === 0 || ownerKey !== 'parameters')
    if (isPlace) places.push(value.kind === 'string' ? placeOf(value.text, regions) : UNKNOWN)
  })
  return joinPlaces(places)
}

/** Azure takes `West Europe` for `westeurope`. */
function placeOf(name: string, regions: CloudRegions): Regions {
  const plain = name.replaceAll(' ', '').toLowerCase()
  if (plain === 'global') return ANYWHERE
  const country = regions.find('azure', plain)?.country
  return country ? [country] : UNKNOWN
}

/** Where deployed models may run beyond their region; null when no SKU says so. */
function reachOfSkus(call: Call, place: Regions, regions: CloudRegions): Regions | null {
  const isModel = isDeployment(call, 'microsoft.cognitiveservices')
  if (!isModel && !isTemplate(call)) return null
  const names: string[] = []
  walk(call.json.root, ({ key, value }) => {
    if (key === 'sku' && value.kind === 'object') names.push(...stringsAt(value, 'name'))
  })
  const reaches = names.map((name) => reachOf(name.toLowerCase(), place, regions))
  const wide = reaches.filter((reach) => reach !== null)
  if (wide.length === 0) return null
  return wide.some(isAnywhere) ? ANYWHERE : toRegions(wide.flat())
}

/** Names as Microsoft lists its deployment types; a new one beginning with `Global` is taken for what it says. */
function reachOf(sku: string, place: Regions, regions: CloudRegions): Regions | null {
  if (sku.startsWith('global') || sku === 'developertier') return ANYWHERE
  if (!sku.startsWith('datazone')) return null
  const [country = ''] = place
  // There are zones for the EU and the US; others are new and not listed by country.
  if (place.length === 1 && country === 'US') return ['US']
  return place.length > 0 && place.every(isInEu) ? multiRegion(regions, 'azure', 'eu') : ANYWHERE
}
