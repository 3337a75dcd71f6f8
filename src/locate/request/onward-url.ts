/**
 * The host a URL in a request body leads to. Peers parse URLs in many ways (RFC 3986, WHATWG, older ones), and disagree about user
 * information, backslashes and what is left out: whatever is not written so that all find the same host may lead anywhere.
 */

import { parseHost, toAuthority } from '../../model/authority.ts'

/** One host, none for content that is in the URL itself, `*` for what nobody can read. */
export function toOnward(text: string): readonly string[] {
  if (/^[\u0000-\u0020]*data:/i.test(text)) return []
  const url =
    text.length <= MAX_URL && PLAIN.test(text) && !AMBIGUOUS.test(text) ? URL.parse(text) : null
  if (!url) return ['*']
  const store = STORES[url.protocol]
  if (store !== undefined) return [store]
  const port = PORTS[url.protocol]
  const host = parseHost(url.hostname)
  if (port === undefined || 'fault' in host) return ['*']
  const number = url.port === '' ? port : Number(url.port)
  const { text: authority } = toAuthority(host.value, number)
  return [number === 443 && !host.value.ip ? host.value.text : authority]
}

/** A file the vendor keeps already, by id or by name. */
export function isLocalFile(text: string): boolean {
  return /^(?:files\/|file[-_])[A-Za-z0-9_-]{1,80}$/.test(text)
}

const MAX_URL = 8_192

/**
 * Scheme, a user perhaps, host and port, then a path, in which nothing is left to find; without one no `@` may follow that somebody
 * could take for the end of a user.
 */
const PLAIN =
  /^[a-z][a-z0-9+.-]*:\/\/(?:[\w.~!$&'()*+,;=:%-]*@)?(?:[\w.\p{L}\p{M}\p{N}-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:\/.*|[?#][^@\\\u0000-\u0020]*)?$/isu

/** In a host; the two versions of IDNA read them differently. */
const AMBIGUOUS = /^[^/]*\/\/[^/?#]*[ßẞς\u200c\u200d]/i

const PORTS: Readonly<Record<string, number | undefined>> = {
  'https:': 443,
  'wss:': 443,
  'http:': 80,
  'ws:': 80,
}

const STORES: Readonly<Record<string, string | undefined>> = {
  'gs:': 'storage.googleapis.com',
  's3:': 's3.amazonaws.com',
}
