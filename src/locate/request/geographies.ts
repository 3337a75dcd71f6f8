/** What a provider's multi-region name reaches, as the union of the countries where it has regions. */

import type { CloudRegions } from '../../model/cloud-region.ts'
import { type Regions, toRegions } from '../../model/region.ts'

/** The member states of the European Union since 2020-02-01. */
const EU: ReadonlySet<string> = new Set(
  'AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE'.split(' '),
)

/** Empty when the provider has no region there that is known. Both Google's `eu` and Azure's zone stay within the EU. */
export function multiRegion(regions: CloudRegions, provider: string, name: 'eu' | 'us'): Regions {
  const isIn = (country: string) => (name === 'us' ? country === 'US' : EU.has(country))
  return toRegions(
    regions
      .of(provider)
      .map(({ country }) => country)
      .filter(isIn),
  )
}

export function isInEu(country: string): boolean {
  return EU.has(country)
}
