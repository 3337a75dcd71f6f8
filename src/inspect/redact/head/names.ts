/** What the names in a head say: which fields are nobody's data, which values authenticate the caller to the very destination. */

export type FieldRole =
  /** Framing, negotiation, and what authenticates: never looked at. */
  | 'untouched'
  /** Authenticates: secrets in it are where they belong. */
  | 'credential'
  | 'cookie'
  | 'set-cookie'
  /** A URL. */
  | 'url'
  | 'text'

/** @param name in lower case */
export function roleOf(name: string): FieldRole {
  return remember(roles, name, findRole)
}

/** Whether a field or parameter of that name usually carries what the caller proves themselves with: `x-api-key`, `access_token`, `sig`. */
export function isCredential(name: string): boolean {
  return remember(credentials, name, hasCredentialWord)
}

/** Nearly all names have been there before. */
const roles = new Map<string, FieldRole>()
const credentials = new Map<string, boolean>()
const MAX_REMEMBERED = 1024
const MAX_REMEMBERED_NAME = 64

function remember<T>(known: Map<string, T>, name: string, find: (name: string) => T): T {
  const before = known.get(name)
  if (before !== undefined) return before
  const found = find(name)
  if (name.length > MAX_REMEMBERED_NAME) return found
  if (known.size >= MAX_REMEMBERED) known.clear()
  known.set(name, found)
  return found
}

function findRole(name: string): FieldRole {
  if (name === 'cookie' || name === 'set-cookie') return name
  if (URLS.has(name)) return 'url'
  if (UNTOUCHED.has(name)) return 'untouched'
  if (UNTOUCHED_FAMILY.test(name) && !OWN_WORDS.test(name)) return 'untouched'
  return isCredential(name) ? 'credential' : 'text'
}

function hasCredentialWord(name: string): boolean {
  const words = name.slice(-MAX_NAME).replace(/([a-z0-9])([A-Z])/g, '$1 $2')
  return words
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => CREDENTIAL_WORDS.has(word))
}

/** Whether a parameter belongs to a signed URL: names the key it is signed with, which may look like an address, or the signature. */
export function isOfSignature(name: string): boolean {
  return SIGNED_URL.test(name)
}

const SIGNED_URL =
  /^(?:x-(?:amz|goog|oss|tos)-(?:algorithm|credential|date|expires|security-token|signature|signedheaders)|(?:googleaccess|awsaccesskey|ossaccesskey|key-pair-)id)$/i

/** Of a longer name the end counts. */
const MAX_NAME = 200

const CREDENTIAL_WORDS: ReadonlySet<string> = new Set([
  ...['key', 'apikey', 'token', 'secret', 'auth', 'authorization', 'authentication', 'bearer'],
  ...['signature', 'sig', 'sign', 'hmac', 'credential', 'credentials', 'assertion', 'ticket'],
  ...['jwt', 'session', 'sessionid', 'sid', 'csrf', 'xsrf', 'csrftoken'],
])

const URLS: ReadonlySet<string> = new Set([
  ...['referer', 'location', 'content-location', 'destination'],
])

const UNTOUCHED: ReadonlySet<string> = new Set([
  ...['host', 'via', 'date', 'expect', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade'],
  ...['transfer-encoding', 'max-forwards', 'pragma', 'cache-control', 'age', 'expires', 'vary'],
  ...['content-type', 'content-length', 'content-encoding', 'content-language', 'content-range'],
  ...['content-md5', 'content-digest', 'repr-digest', 'digest', 'want-digest', 'range', 'allow'],
  ...['etag', 'last-modified', 'origin', 'priority', 'server', 'server-timing', 'retry-after'],
  ...['traceparent', 'tracestate', 'b3', 'idempotency-key', 'alt-svc', 'http2-settings'],
  ...['authorization', 'www-authenticate', 'authentication-info', 'signature', 'signature-input'],
  ...['dpop', 'strict-transport-security', 'upgrade-insecure-requests'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override', 'soapaction'],
])

/** Those that are there: under any other name of the kind, anybody may say anything. */
const UNTOUCHED_FAMILY =
  /^(?:accept(?:-(?:charset|ch|datetime|encoding|language|patch|post|ranges|signature))?|access-control-(?:allow-(?:credentials|headers|methods|origin|private-network)|expose-headers|max-age|request-(?:headers|method|private-network))|proxy-(?:authenticate|authentication-info|authorization|connection|status)|if-(?:match|modified-since|none-match|range|unmodified-since)|sec-(?:ch-[a-z-]+|fetch-(?:dest|mode|site|user)|gpc|purpose|websocket-(?:accept|extensions|key|protocol|version))|x-amzn?-.+|x-b3-(?:flags|parentspanid|sampled|spanid|traceid)|content-security-policy(?:-report-only)?)$/
/** What customers write about their objects. */
const OWN_WORDS = /^x-amz-meta-/
