/** Requests and a handful of cloud regions to read them with. */

import { readRequest } from '../../../src/locate/request/read-request.ts'
import type { RequestEvidence, RequestView } from '../../../src/locate/request/view.ts'
import type { CloudRegion, CloudRegions } from '../../../src/model/cloud-region.ts'
import type { Strength } from '../../../src/model/evidence.ts'
import type { Regions } from '../../../src/model/region.ts'

const FACTS: Readonly<Record<string, string>> = {
  aws:
    'us-east-1 US us-west-2 US us-gov-west-1 US ca-central-1 CA eu-west-1 IE eu-west-2 GB eu-central-1 DE eu-central-2 CH ' +
    'eusc-de-east-1 DE eu-central-1-ist-1 TR us-east-1-bue-1 AR ap-northeast-1 JP ap-northeast-3 JP ap-southeast-1 SG ' +
    'ap-southeast-2 AU ap-southeast-4 AU me-central-1 AE cn-north-1 CN',
  gcp: 'europe-west1 BE europe-west2 GB europe-west4 NL europe-west6 CH us-central1 US asia-east2 HK',
  azure:
    'westeurope NL northeurope IE swedencentral SE uksouth GB eastus US westus US japaneast JP',
}

const ALL: readonly CloudRegion[] = Object.entries(FACTS).flatMap(([provider, text]) => {
  const words = text.split(' ')
  return words.flatMap((name, index) =>
    index % 2 === 0 ? [{ provider, name, country: words[index + 1] ?? '' }] : [],
  )
})

const BY_NAME = new Map(ALL.map((each) => [`${each.provider} ${each.name}`, each]))

export const REGIONS: CloudRegions = {
  asOf: '2026-01-02',
  find: (provider, name) => BY_NAME.get(`${provider} ${name.toLowerCase()}`) ?? null,
  of: (provider) => ALL.filter((each) => each.provider === provider),
}

export interface RequestParts {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Text, bytes, or what is written as JSON; undefined: not peeked. */
  readonly body?: unknown
  readonly complete?: boolean
  readonly type?: string | null
  readonly encoding?: string | null
}

/** @param url `host/path?query` */
export function request(url: string, parts: RequestParts = {}): RequestView {
  const slash = url.indexOf('/')
  const { headers = {}, body } = parts
  return {
    host: url.slice(0, slash),
    target: url.slice(slash),
    method: parts.method ?? (body === undefined ? 'GET' : 'POST'),
    header: (name) => (headers[name] === undefined ? [] : [headers[name]].flat()),
    body:
      body === undefined
        ? null
        : {
            bytes: toBytes(body),
            complete: parts.complete ?? true,
            contentType: parts.type ?? null,
            contentEncoding: parts.encoding ?? null,
          },
  }
}

function toBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A piece of evidence as far as a conclusion looks at it. */
export type Piece = readonly [kind: 'region' | 'breadth', claim: Regions, strength: Strength]

export function read(
  url: string,
  parts: RequestParts = {},
): RequestEvidence & { readonly pieces: readonly Piece[] } {
  const found = readRequest(request(url, parts), REGIONS)
  const pieces = found.evidence.map(
    ({ kind, claim, strength }): Piece => [
      kind === 'request-breadth' ? 'breadth' : 'region',
      claim,
      strength,
    ],
  )
  return { ...found, pieces }
}

const SIGNATURE = '0123456789abcdef'.repeat(4)

/** An Authorization field with a signature of the right form. */
export function signed(region: string, service = 's3'): string {
  return (
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/${region}/${service}/aws4_request, ` +
    `SignedHeaders=host;x-amz-date, Signature=${SIGNATURE}`
  )
}

export function signed4a(service = 's3', headers = 'host;x-amz-date;x-amz-region-set'): string {
  return (
    `AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20260102/${service}/aws4_request, ` +
    `SignedHeaders=${headers}, Signature=${SIGNATURE}${SIGNATURE}0011aabb`
  )
}

export function presigned(region: string, name = 'X-Amz-Credential'): string {
  const credential = encodeURIComponent(`AKIDEXAMPLE/20260102/${region}/s3/aws4_request`)
  return `X-Amz-Algorithm=AWS4-HMAC-SHA256&${name}=${credential}&X-Amz-SignedHeaders=host&X-Amz-Signature=${SIGNATURE}`
}
