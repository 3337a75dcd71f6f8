/** The host a URL in a request body leads to, parsed as the peer would (WHATWG URL); what cannot be parsed may lead anywhere. */

import { parseHost, toAuthority } from '../../model/authority.ts'

/** One host, none for content that is in the URL itself, `*` for what nobody can read. */
export function toOnward(text: string): readonly string[] {
  if (/^[\u0000-\u0020]*data:/i.test(text)) return []
  const url = text.length > MAX_URL ? null : URL.parse(text)
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
