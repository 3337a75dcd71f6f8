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

/** Another name a provider uses for one of its regions. */
export interface RegionAlias {
  readonly provider: string
  readonly alias: string
  readonly name: string
}

/** Indexes the facts. Names and aliases are lower case and distinct within a provider; an alias of nothing is dropped. */
export function toCloudRegions(
  asOf: string,
  regions: readonly CloudRegion[],
  aliases: readonly RegionAlias[] = [],
): CloudRegions {
  const byName = new Map(regions.map((region) => [keyOf(region.provider, region.name), region]))
  for (const { provider, alias, name } of aliases) {
    const region = byName.get(keyOf(provider, name))
    if (region) byName.set(keyOf(provider, alias), region)
  }
  return {
    asOf,
    find: (provider, name) => byName.get(keyOf(provider, name.toLowerCase())) ?? null,
    of: (provider) => regions.filter((region) => region.provider === provider),
  }
}

/** A provider's id has no space in it. */
function keyOf(provider: string, name: string): string {
  return `${provider} ${name}`
}
