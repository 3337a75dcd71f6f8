/**
 * What a request to AWS says about places: the region it is signed for, what it creates there, and what S3 and Bedrock
 * add to it. INVARIANT: a signature counts only where a service of AWS checks it.
 */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Evidence } from '../../model/evidence.ts'
import { ANYWHERE, type Regions, UNKNOWN } from '../../model/region.ts'
import { readAwsAction } from './aws-action.ts'
import { type AwsHost, parseAwsHost, parseS3Host } from './aws-host.ts'
import { bedrockNeedsBody, isBedrock, readBedrock } from './bedrock.ts'
import type { Call } from './call.ts'
import { breadth, countriesOf, joinPlaces, namedRegion, record } from './claims.ts'
import { readOnward } from './onward.ts'
import { isBucketCreation, readS3 } from './s3.ts'
import { readScopes, type Scope } from './sigv4.ts'
import type { Findings } from './view.ts'

export function awsNeedsBody(call: Call): boolean {
  const host = parseAwsHost(call.host)
  if (!host) return false
  if (isBedrock(host)) return bedrockNeedsBody(call)
  return parseS3Host(host) ? isBucketCreation(call, host) : readAwsAction(call).inBody
}

export function readAws(call: Call, regions: CloudRegions): readonly Findings[] {
  const host = parseAwsHost(call.host)
  if (!host) return []
  const { scopes, isMalformed, isDisputed } = readScopes(call)
  const isChecked = host.isService && !isDisputed
  const own = isChecked ? placeOf(scopes, regions) : UNKNOWN
  const evidence = scopes.flatMap((scope) => readScope(scope, isChecked, regions))
  if (isMalformed) evidence.push(record('signature scope', 'is not of the form AWS specifies'))
  return [{ evidence }, ...readService(call, host, scopes, own, regions)]
}

function readService(
  call: Call,
  host: AwsHost,
  scopes: readonly Scope[],
  own: Regions,
  regions: CloudRegions,
): readonly Findings[] {
  if (parseS3Host(host)) return [readS3(call, host, own, regions)]
  if (!isBedrock(host)) return [readCreation(call, scopes, own, regions)]
  const models = readBedrock(call, host, regions)
  return bedrockNeedsBody(call) ? [models, readOnward(call)] : [models]
}

/** @param isChecked whether a service of AWS is sure to look at it. */
function readScope(scope: Scope, isChecked: boolean, regions: CloudRegions): readonly Evidence[] {
  const { source, service } = scope
  const [region, ...others] = scope.regions ?? []
  if (region === undefined) return [breadth(ANYWHERE, source, `signed for any region (${service})`)]
  if (others.length === 0) {
    // What is signed for the region a service without regions goes by is not kept there.
    const isBinding = isChecked && !GLOBAL_SERVICES.has(service)
    return [namedRegion(regions, 'aws', region, source, isBinding ? 'strong' : 'none')]
  }
  const claim = countriesOf(regions, 'aws', [region, ...others])
  return [breadth(claim, source, `signed for several regions (${service})`, regions.asOf)]
}

/** Where what is signed for takes effect; services without regions keep their data everywhere. */
function placeOf(scopes: readonly Scope[], regions: CloudRegions): Regions {
  return joinPlaces(
    scopes.map((scope) =>
      scope.regions === null || GLOBAL_SERVICES.has(scope.service)
        ? ANYWHERE
        : countriesOf(regions, 'aws', scope.regions),
    ),
  )
}

const GLOBAL_SERVICES: ReadonlySet<string> = new Set([
  'cloudfront',
  'globalaccelerator',
  'iam',
  'organizations',
  'route53',
])

function readCreation(
  call: Call,
  scopes: readonly Scope[],
  own: Regions,
  regions: CloudRegions,
): Findings {
  const action = readAwsAction(call)
  if (action.isUnread) return { creates: UNKNOWN, unread: true }
  if (!action.creates) return {}
  if (scopes.length === 0) return { creates: UNKNOWN }
  return {
    creates: joinPlaces([own, ...action.elsewhere.map((name) => zoneOrRegion(name, regions))]),
  }
}

/** Zones end in a letter; a local zone may be in another country than the region it belongs to. */
function zoneOrRegion(name: string, regions: CloudRegions): Regions {
  return countriesOf(regions, 'aws', [name.replace(/(?<=\d)[a-z]$/, '')])
}
