/** What would change where a destination is taken to be: for the people who may change it. */

import type { Destination } from '../model/destination.ts'
import { sayRegions } from '../model/region.ts'

/** One line for each, most telling first; empty where the place rests on something strong. */
export function adviceFor(
  { authority, regions, evidence, instead, delegated, fault }: Destination,
  hasTables: boolean,
): readonly string[] {
  if (fault) return []
  const { text, ip } = authority.host
  const entry = `${ip ? 'cidr' : 'host'}: ${ip?.version === 6 ? JSON.stringify(text) : text}`
  const counts = evidence.filter(({ discarded, claim }) => discarded === null && claim.length > 0)
  const hasOnlyFiles = counts.every(({ kind }) => kind === 'geoip')
  const isSettled = regions.length > 0 && !hasOnlyFiles && regions[0] !== '*'
  if (isSettled) return []
  return [
    ...instead.map(({ host: other, asking, regions: there }) => {
      const how = asking ? ` with ${asking}` : ''
      return `${other}${how} is in ${sayRegions(there)}`
    }),
    ...(hasOnlyFiles && !hasTables && !delegated
      ? ['`cordon geoip update` brings what providers say about their own addresses']
      : []),
    `if you know where it is, declare it: destinations: [{ ${entry}, region: [..], because: .. }]`,
  ]
}
