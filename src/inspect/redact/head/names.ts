/** What the names in a head say: which fields nobody reads, which values authenticate the caller to the very destination. */

export type FieldRole =
  /** Ends here, or was checked before: never looked at. */
  | 'untouched'
  /** Authenticates, and is good for nothing else: no secret in it is anywhere else than where it belongs. */
  | 'authentication'
  /** Authenticates: secrets in it are where they belong. */
  | 'credential'
  | 'cookie'
  | 'set-cookie'
  /** A URL. */
  | 'url'
  /** Its name says nothing. */
  | 'plain'
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
  if (AUTHENTICATION.has(name)) return 'authentication'
  if (isCredential(name) || name === 'sec-websocket-protocol') return 'credential'
  return OF_PROTOCOLS.has(name) || FAMILY_OF_PROTOCOLS.test(name) ? 'plain' : 'text'
}

function hasCredentialWord(name: string): boolean {
  const words = name.slice(-MAX_NAME).replace(/([a-z0-9])([A-Z])/g, '$1 $2')
  return words
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => CREDENTIAL_WORDS.has(word))
}

/**
 * Whether a parameter of a signed URL names the key that it is signed with, which may look like an address. Elsewhere than at the services
 * that sign so, and in another form, it is read like any other.
 */
export function isOfSignature(host: string, name: string, value: string): boolean {
  const known = name.length <= MAX_SIGNED_NAME ? SIGNERS.get(name.toLowerCase()) : undefined
  return known ? known.hosts.test(host) && known.form.test(value) : false
}

const MAX_SIGNED_NAME = 32
const AWS = /(?:^|\.)(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws)$/
const GOOGLE = /(?:^|\.)(?:googleapis\.com|storage\.cloud\.google\.com)$/
const SCOPE = '(?:\\/|%2F)\\d{8}(?:\\/|%2F)[a-z0-9-]{1,32}(?:\\/|%2F)[a-z0-9-]{1,32}(?:\\/|%2F)'
const ACCOUNT = '[a-z0-9-]{1,64}(?:@|%40)[a-z0-9.-]{1,64}\\.gserviceaccount\\.com'
const AWS_KEY = '(?:AKIA|ASIA)[A-Z0-9]{12,28}'

const SIGNERS: ReadonlyMap<string, { readonly hosts: RegExp; readonly form: RegExp }> = new Map([
  ['x-amz-credential', { hosts: AWS, form: new RegExp(`^${AWS_KEY}${SCOPE}aws4_request$`) }],
  ['awsaccesskeyid', { hosts: AWS, form: new RegExp(`^${AWS_KEY}$`) }],
  [
    'x-goog-credential',
    {
      hosts: GOOGLE,
      form: new RegExp(`^(?:${ACCOUNT}|GOOG[A-Z0-9]{20,64})${SCOPE}goog4_request$`),
    },
  ],
  ['googleaccessid', { hosts: GOOGLE, form: new RegExp(`^${ACCOUNT}$`) }],
])

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

/** What says who is meant and how long it is, which was checked, and what ends at every hop (`exchange/fields`). */
const UNTOUCHED: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade'],
  ...['alt-svc', 'http2-settings', 'proxy-authorization', 'proxy-authenticate', 'proxy-connection'],
])

const AUTHENTICATION: ReadonlySet<string> = new Set([
  ...['authorization', 'www-authenticate', 'authentication-info'],
  ...['dpop', 'signature', 'signature-input'],
])

/** Of these it is known what they are for, so their names say nothing about what stands in them: `Age` is nobody's, `Date` no birth. */
const OF_PROTOCOLS: ReadonlySet<string> = new Set([
  ...['via', 'date', 'expect', 'trailer', 'max-forwards', 'pragma', 'cache-control', 'age', 'vary'],
  ...['expires', 'content-type', 'content-encoding', 'content-language', 'content-range', 'range'],
  ...['content-md5', 'content-digest', 'repr-digest', 'digest', 'want-digest', 'allow', 'etag'],
  ...['last-modified', 'origin', 'priority', 'server', 'server-timing', 'retry-after', 'b3'],
  ...['traceparent', 'tracestate', 'strict-transport-security', 'upgrade-insecure-requests'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override', 'soapaction'],
])

const FAMILY_OF_PROTOCOLS =
  /^(?:accept(?:-[a-z]+)?|access-control-[a-z-]+|if-[a-z-]+|sec-(?:ch|fetch|gpc|purpose|websocket)[a-z-]*|x-amzn?-(?!meta-).+|x-b3-[a-z]+|content-security-policy(?:-report-only)?)$/
