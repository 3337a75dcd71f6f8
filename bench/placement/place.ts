/** Where Cordon says an address is by what is known of the address alone: as for a destination that nobody has declared and no name leads to. */

import { classifyAddress } from '../../src/locate/address-class.ts'
import { type AddressSources, sayAddress } from '../../src/locate/address-evidence.ts'
import { conclude } from '../../src/locate/conclude.ts'
import type { IpAddress } from '../../src/model/address.ts'
import type { Regions } from '../../src/model/region.ts'

/** `[]` is unknown. @param now milliseconds since the epoch */
export function placeAddress(sources: AddressSources, address: IpAddress, now: number): Regions {
  const { endpoint } = classifyAddress(address)
  return conclude(sayAddress(sources, endpoint, address.text, now), [address.text]).regions
}
