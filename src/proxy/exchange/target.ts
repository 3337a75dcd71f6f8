/**
 * Where one request goes, by everything in it that says so: the target's form (RFC 9112 section 3.2), Host, and the name the
 * tunnel was opened for. All of them name the same host and port, or the request is refused. The target itself
 * stays text: what the policy sees is what goes on the wire, byte for byte.
 */

import type { IpAddress } from '../../model/address.ts'
import { type Authority, parseWireAuthority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import type { Mode } from '../../model/flow.ts'
import type { RequestHead } from './message.ts'

export interface Target {
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  /** The request target for the origin: origin-form or `*`. */
  readonly wire: string
  /** The Host value for the origin. */
  readonly host: string
  /** The wire target up to `?`. */
  readonly path: string
}

/** The tunnel a request came through: it fixes scheme and authority. */
export interface Tunnel {
  readonly mode: Exclude<Mode, 'absolute'>
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  /** Where the client's own connection was going, where it was taken over on its way. */
  readonly original?: IpAddress | null
  /** Whether Host may say another name for what `authority` says by address; the port stays. */
  readonly isNamedByHost?: boolean
}

export const DEFAULT_PORT = { http: 80, https: 443 } as const

/** Reads the targets of one client connection; remembers the last Host it compared, for the next request. */
export class TargetReader {
  readonly #tunnel: Tunnel | null
  #lastHost: string | null = null
  #lastAuthority: Authority | null = null

  constructor(tunnel: Tunnel | null) {
    this.#tunnel = tunnel
  }

  read(head: RequestHead): Target | Problem {
    return this.#tunnel ? this.#readInTunnel(head, this.#tunnel) : readAbsolute(head)
  }

  #readInTunnel(
    head: RequestHead,
    { scheme, authority, isNamedByHost = false }: Tunnel,
  ): Target | Problem {
    const { target } = head
    if (!target.startsWith('/') && !(target === '*' && head.method === 'OPTIONS')) {
      return disagree('the request inside the tunnel names its target in absolute form')
    }
    const { host } = head.fields
    if (host !== null && host !== this.#lastHost) {
      const named = parseWireAuthority(host, DEFAULT_PORT[scheme])
      if ('fault' in named) return { code: 'request-malformed', detail: `Host: ${named.fault}` }
      const isHere = isNamedByHost
        ? named.value.port === authority.port
        : named.value.text === authority.text
      if (!isHere) return MISDIRECTED
      this.#lastHost = host
      this.#lastAuthority = named.value
    }
    const to = host === null ? authority : (this.#lastAuthority ?? authority)
    return toTarget(scheme, to, target, host)
  }
}

function readAbsolute(head: RequestHead): Target | Problem {
  const match = /^(https?):\/\/([^/?]*)(.*)$/i.exec(head.target)
  if (!match) {
    return {
      code: 'request-target',
      detail: 'the target is not an absolute http:// or https:// URL',
    }
  }
  const scheme = match[1]?.toLowerCase() === 'https' ? 'https' : 'http'
  const authority = parseWireAuthority(match[2] ?? '', DEFAULT_PORT[scheme])
  if ('fault' in authority) return { code: 'request-target', detail: authority.fault }
  const { host } = head.fields
  if (host !== null) {
    const named = parseWireAuthority(host, DEFAULT_PORT[scheme])
    if ('fault' in named) return { code: 'request-malformed', detail: `Host: ${named.fault}` }
    if (named.value.text !== authority.value.text) {
      return disagree('Host is not the host and port of the target')
    }
  }
  const rest = match[3] ?? ''
  // RFC 9112 section 3.2.4: OPTIONS without a path asks about the server as a whole.
  const wire =
    rest === '' && head.method === 'OPTIONS' ? '*' : rest.startsWith('/') ? rest : `/${rest}`
  return toTarget(scheme, authority.value, wire, host)
}

function toTarget(
  scheme: 'http' | 'https',
  authority: Authority,
  wire: string,
  host: string | null,
): Target {
  const query = wire.indexOf('?')
  return {
    scheme,
    authority,
    wire,
    host: host !== null && isPlain(host, authority) ? host : canonicalHost(scheme, authority),
    path: query < 0 ? wire : wire.slice(0, query),
  }
}

/** Whether an origin cannot read the received Host as anything else than what was compared. */
function isPlain(host: string, authority: Authority): boolean {
  const lower = host.toLowerCase()
  return lower === authority.text || authority.text.startsWith(`${lower}:`)
}

function canonicalHost(scheme: 'http' | 'https', authority: Authority): string {
  const suffix = `:${DEFAULT_PORT[scheme]}`
  return authority.text.endsWith(suffix) ? authority.text.slice(0, -suffix.length) : authority.text
}

/** It names one place, but not the one that its connection leads to: on another connection it may be asked (RFC 9113 section 9.1.2). */
const MISDIRECTED: Problem = {
  code: 'misdirected',
  detail: 'Host inside the tunnel is not the host and port the tunnel was opened for',
}

function disagree(detail: string): Problem {
  return { code: 'names-disagree', detail }
}
