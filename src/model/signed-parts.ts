/**
 * Which parts of a head the caller has signed, so that the destination refuses the request when one of them is changed: AWS signatures and
 * those made like them, presigned URLs, HTTP message signatures (RFC 9421 and the draft before it), OAuth 1, DPoP (RFC 9449).
 */

export interface SignedParts {
  readonly path: boolean
  readonly query: boolean
  /** @param name in lower case */
  field(name: string): boolean
}

/**
 * @param query without its `?`; null for none
 * @param header all values, in order, of a name in lower case
 */
export function readSignedParts(
  query: string | null,
  header: (name: string) => readonly string[],
): SignedParts {
  const parts = { path: false, query: false }
  const names = new Set<string>()
  const families: string[] = []
  const add = (component: string) => {
    const name = component.toLowerCase().trim()
    if (WHOLE_TARGET.has(name)) Object.assign(parts, { path: true, query: true })
    else if (name === '@path') parts.path = true
    else if (name.startsWith('@query')) parts.query = true
    else names.add(name)
  }
  const addAll = (list: string, separator: RegExp) => {
    for (const each of list.split(separator)) add(each)
  }
  for (const value of header('authorization')) {
    const listed = /SignedHeaders=([^,&\s]+)/i.exec(value)?.[1]
    if (listed !== undefined) addAll(listed, /;/)
    if (listed !== undefined || WHOLE_TARGET_SCHEMES.test(value)) add('@target-uri')
    if (/^aws /i.test(value)) families.push('x-amz-')
    if (/^sharedkey/i.test(value)) families.push('x-ms-')
    if (/^signature /i.test(value)) addAll(listIn(value), / /)
  }
  for (const value of header('signature-input')) {
    for (const [, component = ''] of value.matchAll(/"([^"]*)"/g)) add(component)
  }
  for (const value of header('signature')) addAll(listIn(value), / /)
  if (header('dpop').length > 0) parts.path = true
  const signedQuery = query === null ? null : readQuery(query)
  if (signedQuery !== null) {
    add('@target-uri')
    addAll(signedQuery, /;|%3b/i)
  }
  return {
    ...parts,
    field: (name) => names.has(name) || families.some((family) => name.startsWith(family)),
  }
}

/** What the draft says that is signed. */
function listIn(value: string): string {
  const at = value.toLowerCase().indexOf(LIST)
  const end = value.indexOf('"', at + LIST.length)
  return at < 0 || end < 0 ? '' : value.slice(at + LIST.length, end)
}

const LIST = 'headers="'

const WHOLE_TARGET: ReadonlySet<string> = new Set([
  '@target-uri',
  '@request-target',
  '(request-target)',
])

/** Besides those that say which fields they sign. */
const WHOLE_TARGET_SCHEMES = /^(?:aws |aws4-|goog[14]|sharedkey|hawk |oauth .*oauth_signature=)/i

/** @returns the fields that a URL says it has signed, perhaps none; null where it has no signature */
function readQuery(query: string): string | null {
  const pairs = query.split('&').map((pair) => pair.split('=', 2))
  if (!pairs.some(([name = '']) => SIGNATURE.test(name))) return null
  return pairs.find(([name = '']) => /-signedheaders$/i.test(name))?.[1] ?? ''
}

const SIGNATURE = /^(?:x-[a-z]+-signature|signature|sig|sign|hmac)$/i
