/** A header section that is not passed on as it came: without some fields, and with others behind them. */

import { Fields } from './fields.ts'

class ChangedFields extends Fields {
  readonly list: readonly string[]

  constructor(list: readonly string[]) {
    super()
    this.list = list
  }
}

/**
 * @param leavesOut is asked with each name, in lower case
 * @param added names and values in turn
 */
export function changeFields(
  fields: Fields,
  leavesOut: (name: string) => boolean,
  added: readonly string[] = [],
): Fields {
  const list: string[] = []
  const secret = new Set<number>()
  for (let i = 0; i < fields.list.length; i += 2) {
    const name = fields.list[i] ?? ''
    if (leavesOut(name.toLowerCase())) continue
    if (fields.secret?.has(i)) secret.add(list.length)
    list.push(name, fields.list[i + 1] ?? '')
  }
  return likeOnes(fields, [...list, ...added], fields.secret && secret)
}

/** @param list as long as the one there is, with other values */
export function replaceFields(fields: Fields, list: readonly string[]): Fields {
  return likeOnes(fields, list, fields.secret)
}

function likeOnes(fields: Fields, list: readonly string[], secret: Fields['secret']): Fields {
  const changed = new ChangedFields(list)
  const { host, contentLength, chunked, close, keepAlive, keepAliveSeconds, nominated } = fields
  const { proxyAuthorization, overridesMethod, via, upgrade, bindsConnection, wantsTrailers } =
    fields
  return Object.assign(changed, {
    ...{ host, contentLength, chunked, close, keepAlive, keepAliveSeconds, nominated },
    ...{ proxyAuthorization, overridesMethod, via, upgrade, bindsConnection, wantsTrailers },
    secret,
  })
}

/** What is said of a body that is no more as it was (RFC 9110 sections 8.4 and 8.8, RFC 9530, and what clouds have of their own). */
export function speaksOfBody(name: string): boolean {
  return OF_BODIES.has(name) || OF_CLOUDS.test(name)
}

const OF_BODIES: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'accept-ranges',
  'signature',
  'signature-input',
])

const OF_CLOUDS = /^(?:x-amz-checksum-|x-amz-content-sha256$|x-goog-hash$|x-ms-content-crc64$)/
