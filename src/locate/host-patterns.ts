/**
 * What a host name says about the place by itself: a region in a label that only a provider can write, under a suffix that the
 * provider owns. Pure. Names are read label by label from the right, so what precedes a suffix, or follows it, proves nothing.
 *
 * INVARIANT: a claim names a country only where `CloudRegions` knows the label for exactly that provider. Labels that
 * customers choose (buckets, accounts, applications) are never read as regions.
 */

import type { CloudRegions } from '../model/cloud-region.ts'
import { createHostIndex, type HostMatch, type HostRow } from '../model/host-index.ts'
import { parseHostTemplate } from '../model/host-template.ts'
import { ANYWHERE, type Regions, UNKNOWN } from '../model/region.ts'
import { AWS } from './host-patterns/aws.ts'
import { CLOUDS } from './host-patterns/clouds.ts'
import type { HostFamily } from './host-patterns/family.ts'
import { GOOGLE } from './host-patterns/google.ts'
import { MICROSOFT } from './host-patterns/microsoft.ts'
import { SERVICES } from './host-patterns/services.ts'

/**
 * - `region`: names of this family have a region; `claim` is empty when the one here is missing or not known
 * - `anywhere`: no region, and any may serve it: an address says nothing
 * - `silent`: no region, but the address is where the account is
 * - `edge`: the front of a delivery network or balancer: an address says nothing about what is behind
 */
export type HostAbout = 'region' | 'anywhere' | 'silent' | 'edge'

export interface HostClaim {
  /** Whose regions the name uses: `aws`, `gcp`, … */
  readonly provider: string
  /** The template that matched, e.g. `*.{region}.amazonaws.com`. */
  readonly pattern: string
  /** As it stands in the name, known or not. */
  readonly region: string | null
  readonly claim: Regions
  readonly about: HostAbout
  /** One short sentence. */
  readonly detail: string
}

/** @returns a reader of canonical names (`Host.text`): null when no provider here owns the suffix. */
export function createHostPatterns(regions: CloudRegions): (host: string) => HostClaim | null {
  const find = createHostIndex(compileRows([AWS, GOOGLE, MICROSOFT, CLOUDS, SERVICES].flat()))
  return (host) => {
    const match = find(host)
    return match && toClaim(match, regions)
  }
}

interface Meaning {
  readonly family: HostFamily
  readonly about: HostAbout
}

const ABOUT = ['region', 'anywhere', 'silent', 'edge'] as const

function compileRows(families: readonly HostFamily[]): readonly HostRow<Meaning>[] {
  const rows = new Map<string, HostRow<Meaning>>()
  const add = (text: string, meaning: Meaning) => {
    const parsed = parseHostTemplate(text)
    if ('fault' in parsed) throw new TypeError(parsed.fault)
    if (rows.has(text)) throw new TypeError(`\`${text}\` stands in two families`)
    rows.set(text, { template: parsed.value, value: meaning })
  }
  for (const family of families) {
    for (const about of ABOUT) for (const text of family[about] ?? []) add(text, { family, about })
  }
  // A name under a regional suffix that is of none of its forms is not left to the address.
  for (const { template, value } of [...rows.values()]) {
    const rest = `*.${template.tail.toReversed().join('.')}`
    if (value.about === 'region' && !rows.has(rest)) add(rest, value)
  }
  return [...rows.values()]
}

function toClaim(
  { template, value, region }: HostMatch<Meaning>,
  regions: CloudRegions,
): HostClaim {
  const { family, about } = value
  const { provider } = family
  const base = { provider, pattern: template.text, region, about }
  switch (about) {
    case 'region': {
      if (region === null)
        return {
          ...base,
          claim: UNKNOWN,
          detail: 'the name has no region where its family has one',
        }
      const name = family.hyphens === 'dropped' ? region.replaceAll('-', '') : region
      const found = family.partition?.test(name) === false ? null : regions.find(provider, name)
      return found
        ? {
            ...base,
            claim: [found.country],
            detail: `\`${region}\` in the name is a region of ${provider} in ${found.country}`,
          }
        : {
            ...base,
            claim: UNKNOWN,
            detail: `\`${region}\` in the name is no region known of ${provider} there`,
          }
    }
    case 'anywhere':
      return {
        ...base,
        claim: ANYWHERE,
        detail: 'names of this form have no region, and any may serve them',
      }
    case 'silent':
      return {
        ...base,
        claim: UNKNOWN,
        detail: 'the account has a region, the name does not say which',
      }
    case 'edge':
      return {
        ...base,
        claim: UNKNOWN,
        detail: `a front of ${provider}; what is behind it may be anywhere`,
      }
    default:
      return about satisfies never
  }
}
