/**
 * `geoip/regions.yaml`: which country each region of each cloud provider is in. A file of facts that comes with the product; with one
 * mistake in it there are no facts at all.
 */

import { z } from 'zod'
import {
  type CloudRegion,
  type CloudRegions,
  type RegionAlias,
  toCloudRegions,
} from '../model/cloud-region.ts'
import { ConfigError } from './config-error.ts'
import { FileReader } from './files.ts'
import { country } from './scalars.ts'

const providerId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, { error: 'not the id of a provider' })
const regionName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, {
  error: 'the name of a region has lower-case letters, digits and hyphens, at most 64',
})

const provider = z.strictObject({
  as_of: z.iso.date(),
  source: z.string().min(1).max(500),
  /** Other names, for example those of service tags, to names under `regions`. */
  aliases: z.record(regionName, regionName).optional(),
  regions: z.record(regionName, country),
})

const regionFile = z.strictObject({
  version: z.literal(1),
  as_of: z.iso.date(),
  providers: z.record(providerId, provider),
})

type RegionFile = z.infer<typeof regionFile>

/**
 * @param path absolute
 * @param cwd problems name the file relative to it
 * @throws ConfigError
 */
export function loadCloudRegions(path: string, cwd: string): CloudRegions {
  const reader = new FileReader(cwd)
  const regions = readCloudRegions(reader, path)
  if (!regions || reader.problems.length > 0) throw new ConfigError(reader.problems, reader)
  return regions
}

/** The same with a reader that others use too: what is wrong is in its `problems`. */
export function readCloudRegions(reader: FileReader, path: string): CloudRegions | null {
  const yaml = reader.read(path)
  const file = reader.check(yaml, regionFile)
  if (!yaml || !file) return null
  for (const fault of findFaults(file)) {
    reader.problems.push(yaml.problemAt(fault.path, fault.message))
  }
  return toCloudRegions(file.as_of, regionsOf(file), aliasesOf(file))
}

interface Fault {
  readonly path: readonly string[]
  readonly message: string
}

/** An alias that is a region as well would mean two places. */
function findFaults({ providers }: RegionFile): readonly Fault[] {
  return Object.entries(providers).flatMap(([id, { regions, aliases = {} }]) =>
    Object.entries(aliases).flatMap(([alias, name]) => {
      const path = ['providers', id, 'aliases', alias]
      const faults: Fault[] = []
      if (Object.hasOwn(regions, alias)) {
        faults.push({ path, message: `\`${alias}\` is a region already` })
      }
      if (!Object.hasOwn(regions, name)) {
        faults.push({ path, message: `\`${name}\` is not a region of ${id}` })
      }
      return faults
    }),
  )
}

function regionsOf({ providers }: RegionFile): readonly CloudRegion[] {
  return Object.entries(providers).flatMap(([id, { regions }]) =>
    Object.entries(regions).map(([name, code]) => ({ provider: id, name, country: code })),
  )
}

function aliasesOf({ providers }: RegionFile): readonly RegionAlias[] {
  return Object.entries(providers).flatMap(([id, { aliases = {} }]) =>
    Object.entries(aliases).map(([alias, name]) => ({ provider: id, alias, name })),
  )
}
