/** Where Cordon would say an address is, by what is known of the address alone: the tables, and where they are silent the country files. */

import { type Geoip, toGeoipRegions } from '../../src/locate/geoip.ts'
import type { PrefixTables } from '../../src/locate/tables/prefix-tables.ts'
import type { IpAddress } from '../../src/model/address.ts'
import type { Regions } from '../../src/model/region.ts'

/** `[]` is unknown. */
export function placeAddress(tables: PrefixTables, geoip: Geoip, address: IpAddress): Regions {
  const hit = tables.lookup(address)
  return hit ? hit.claim : toGeoipRegions(geoip.lookup(address))
}
