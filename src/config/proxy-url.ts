/** How a proxy is named in a configuration: scheme, host and port, and nothing else. */

import { type Authority, parseAuthority } from '../model/authority.ts'
import type { Parsed } from '../model/errors.ts'

export interface ProxyUrl {
  /** How it is spoken to; CONNECT either way. */
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
}

/** Credentials do not stand in it: configurations are shown to people, and kept where others read them. */
export function parseProxyUrl(text: string): Parsed<ProxyUrl> {
  const match = /^(https?):\/\/([^/?#@\s]+)\/?$/.exec(text)
  if (!match) return { fault: 'not of the form http://host:port' }
  const scheme = match[1] === 'http' ? 'http' : 'https'
  const authority = parseAuthority(match[2] ?? '', scheme === 'http' ? 80 : 443)
  return 'fault' in authority ? authority : { value: { scheme, authority: authority.value } }
}
