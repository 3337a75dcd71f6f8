/**
 * The scope an AWS request is signed for: Signature Version 4 names one region, 4A a set of them. It stands in
 * `Authorization` or, presigned, in the query. The service rejects a request that was signed for another region.
 * Nothing is verified here but the form: a signature is only read where a service of AWS will check it.
 */

import type { Call } from './call.ts'
import { type Pair, valuesOf } from './target.ts'

/** A region for version 4; a list for 4A, null when it may be any. */
export interface Scope {
  readonly service: string
  readonly regions: readonly string[] | null
  /** What the regions were read from: shown to people. */
  readonly source: string
}

export interface Scopes {
  readonly scopes: readonly Scope[]
  /** Something looks like a signature and is none that can be read. */
  readonly isMalformed: boolean
  /** Something else says who is asking: which of the two the service looks at is not known. */
  readonly isDisputed: boolean
}

export function readScopes(call: Call): Scopes {
  const found = [...readAuthorization(call), ...readPresigned(call)]
  const scopes = found.filter((scope) => scope !== null)
  const isMalformed = scopes.length < found.length
  return { scopes, isMalformed, isDisputed: isMalformed || hasOtherProof(call) }
}

/** Another scheme in a second `Authorization`, or what S3 took in queries before version 4. */
function hasOtherProof(call: Call): boolean {
  return (
    call.view.header('authorization').some((value) => !SIGNED.test(value)) ||
    valuesOf(call.query, 'awsaccesskeyid').length > 0
  )
}

const SIGNED = /^\s*AWS4-/i

const HMAC = 'AWS4-HMAC-SHA256'
const ECDSA = 'AWS4-ECDSA-P256-SHA256'
const REGION_SET = 'x-amz-region-set'

function readAuthorization(call: Call): readonly (Scope | null)[] {
  return call.view
    .header('authorization')
    .filter((value) => SIGNED.test(value))
    .map((value) => {
      const [, algorithm = '', credential = '', signed = ''] = AUTHORIZATION.exec(value) ?? []
      // An unsigned region set could be anybody's.
      const sets = signed.split(';').includes(REGION_SET) ? call.view.header(REGION_SET) : []
      return toScope(algorithm, credential, sets, 'signature scope')
    })
}

/** In the order in which every SDK writes it. The signature is 64 hex digits; one by ECDSA, in DER, is longer. */
const AUTHORIZATION =
  /^(AWS4-[A-Z0-9-]+) +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=[0-9a-f]{64,160}$/

function readPresigned(call: Call): readonly (Scope | null)[] {
  const { query } = call
  if (query === null) return /x-amz-credential/i.test(call.view.target) ? [null] : []
  const algorithm = exactly(query, 'X-Amz-Algorithm')
  const isSigned = isSignature(exactly(query, 'X-Amz-Signature'))
  // In another case they are no parameters of a signature, and nobody checks them.
  return query
    .filter(([name]) => name.toLowerCase() === 'x-amz-credential')
    .map(([name, credential]) =>
      isSigned && name === 'X-Amz-Credential'
        ? toScope(algorithm, credential, valuesOf(query, REGION_SET), 'presigned scope')
        : null,
    )
}

/** `KEY/20260102/eu-west-1/s3/aws4_request`; 4A leaves out the region. */
function toScope(
  algorithm: string | null,
  credential: string,
  sets: readonly string[],
  source: string,
): Scope | null {
  const [key, date, ...rest] = credential.split('/')
  if (!key || !/^\d{8}$/.test(date ?? '') || rest.pop() !== 'aws4_request') return null
  const service = rest.pop() ?? ''
  if (!/^[a-z0-9-]{1,40}$/.test(service)) return null
  const [region] = rest
  if (algorithm === HMAC) {
    return rest.length === 1 && region ? { service, regions: [region], source } : null
  }
  if (algorithm !== ECDSA || rest.length !== 0) return null
  return { service, regions: toRegionSet(sets), source: `${source} with a region set` }
}

/** Null when it may be any: none given, several given, or a wildcard in it. */
function toRegionSet(sets: readonly string[]): readonly string[] | null {
  const names = sets.length === 1 ? (sets[0] ?? '').split(',').map((name) => name.trim()) : []
  const isAny = names.length === 0 || names.length > 50 || names.some((name) => /\*|^$/.test(name))
  return isAny ? null : names
}

function exactly(query: readonly Pair[], name: string): string | null {
  const found = query.filter((pair) => pair[0] === name)
  return found.length === 1 ? (found[0]?.[1] ?? null) : null
}

function isSignature(text: string | null): boolean {
  return text !== null && /^[0-9a-f]{64,160}$/.test(text)
}
