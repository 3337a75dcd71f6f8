/** Regions of cloud providers: which country a name such as `eu-central-1` stands for. Facts, kept in `geoip/regions.yaml`. */

export interface CloudRegion {
  /** `aws`, `gcp`, `azure`, `oci`, … */
  readonly provider: string
  /** The provider's own name, lower case. */
  readonly name: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
}

export interface CloudRegions {
  /** ISO date the facts were checked. */
  readonly asOf: string
  /** By name or alias, in any case; null when it is not known. Nothing is ever guessed from how a name begins. */
  find(provider: string, name: string): CloudRegion | null
  /** All of one provider. */
  of(provider: string): readonly CloudRegion[]
}
