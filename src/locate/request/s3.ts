/** What a request to S3 says about places: where a bucket is created, copies across regions, a region named in passing. */

import type { CloudRegions } from '../../model/cloud-region.ts'
import type { Evidence } from '../../model/evidence.ts'
import { ANYWHERE, type Regions, UNKNOWN, unionRegions } from '../../model/region.ts'
import { type AwsHost, parseS3Host } from './aws-host.ts'
import { hasBucketSetting } from './bucket-settings.ts'
import { parseBucketXml } from './bucket-xml.ts'
import type { Call } from './call.ts'
import { breadth, countriesOf, joinPlaces, namedRegion, record } from './claims.ts'
import { valuesOf } from './target.ts'
import type { Findings } from './view.ts'

/** @param own the countries of the region the request is signed for. */
export function readS3(call: Call, host: AwsHost, own: Regions, regions: CloudRegions): Findings {
  const evidence = [...readCopySource(call, own, regions), ...readBucketRegion(call, regions)]
  if (isReplication(call)) return { evidence, creates: UNKNOWN }
  if (!isBucketCreation(call, host)) return { evidence }
  const text = call.view.body ? call.text(MAX_BODY) : null
  if (text === null) return { evidence, creates: UNKNOWN, unread: true }
  return { evidence, creates: placeOf(text, host, own, regions) }
}

/** PUT of a bucket that is not of one of its settings. Parameters S3 does not know change nothing. */
export function isBucketCreation(call: Call, host: AwsHost): boolean {
  const form = call.isMethod('PUT') ? parseS3Host(host) : null
  if (!form) return false
  // S3 takes a path as it stands: keys may hold dots and anything else.
  const path = call.view.target.split('?', 1)[0] ?? ''
  const names = path.split('/').filter((segment) => segment !== '')
  if (names.length !== (form.bucketInHost ? 0 : 1)) return false
  return !hasBucketSetting(call.query, 'aws')
}

const MAX_BODY = 16_384

/** A bucket whose place is not given is made in us-east-1, or nowhere when the request was sent elsewhere. */
function placeOf(text: string, host: AwsHost, own: Regions, regions: CloudRegions): Regions {
  const place = parseBucketXml(text)
  if (!place || place.hasZone) return UNKNOWN
  if (place.constraints.length > 0) return countriesOf(regions, 'aws', place.constraints)
  if (host.suffix !== 'amazonaws.com') return own
  return joinPlaces([own, countriesOf(regions, 'aws', ['us-east-1'])])
}

/** A replication rule names buckets; where they are is account state. */
function isReplication(call: Call): boolean {
  return call.isMethod('PUT') && (call.query ?? []).some(([name]) => name === 'replication')
}

/** A bucket name tells no place; the ARN of an access point does, and then two regions take part. */
function readCopySource(call: Call, own: Regions, regions: CloudRegions): Evidence[] {
  const source = 'x-amz-copy-source'
  return call.view.header(source).map((value) => {
    const [, , service, region] = value.replace(/%3A/gi, ':').split(':')
    if (service !== 's3' || !region)
      return record(source, 'copies from a bucket that tells no region')
    const other = countriesOf(regions, 'aws', [region])
    const both = unionRegions(own, other)
    return breadth(
      both.length > 0 ? both : ANYWHERE,
      source,
      'copies between regions',
      regions.asOf,
    )
  })
}

/** Said by the caller and held to by nobody. */
function readBucketRegion(call: Call, regions: CloudRegions): Evidence[] {
  const names = [
    ...call.view.header('x-amz-bucket-region'),
    ...valuesOf(call.query, 'bucket-region'),
  ]
  return names.map((name) => namedRegion(regions, 'aws', name, 'x-amz-bucket-region', 'none'))
}
