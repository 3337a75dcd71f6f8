/**
 * Name servers as people write them: `192.0.2.53` asks in the clear, `tls://192.0.2.53#dns.example` over TLS (RFC 7858),
 * `https://192.0.2.53/dns-query#dns.example` over HTTPS (RFC 8484). What is dialled is always an address, because a name would
 * need a name server to find the name server; what stands after `#` is the name its certificate has to be for.
 */

import type { IpAddress } from './address.ts'
import { type Authority, type Host, parseAuthority, parseHost, toAuthority } from './authority.ts'
import type { Parsed } from './errors.ts'

export type NameServer = PlainServer | TlsServer | HttpsServer

interface Endpoint {
  readonly ip: IpAddress
  readonly port: number
  /** As it is written, in one spelling: default ports left out, IPv6 in brackets. */
  readonly text: string
}

/** UDP, and TCP for what does not fit. */
export interface PlainServer extends Endpoint {
  readonly transport: 'plain'
}

export interface TlsServer extends Endpoint {
  readonly transport: 'tls'
  /** What the certificate has to be for: a name, or the address itself. */
  readonly identity: Host
}

export interface HttpsServer extends Endpoint {
  readonly transport: 'https'
  readonly identity: Host
  /** From the first `/` on. */
  readonly path: string
}

/** A name server as a destination: queries say where everybody goes, so it has a place that matters, too. */
export interface ResolverEndpoint {
  /** The name it proves to have, else its address. */
  readonly authority: Authority
  readonly address: IpAddress
}

const DEFAULT_PORT = { plain: 53, tls: 853, https: 443 }

/** Parses one entry of `dns.servers`. */
export function parseNameServer(text: string): Parsed<NameServer> {
  if (!text.includes('://')) return parsePlain(text)
  const match = /^(tls|https):\/\/([^/?#]+)(\/[\w.~!$&'()*+,;=:@%/-]{0,255})?(?:#([^#]+))?$/.exec(
    text,
  )
  if (!match) return { fault: 'not of the form tls://ADDRESS#NAME or https://ADDRESS/PATH#NAME' }
  const [, scheme, endpoint = '', path = '', name] = match
  const transport = scheme === 'tls' ? 'tls' : 'https'
  const place = parseEndpoint(endpoint, transport)
  if ('fault' in place) return place
  const identity = name === undefined ? { value: toHost(place.value.ip) } : parseHost(name)
  if ('fault' in identity) return identity
  if (name !== undefined && identity.value.ip)
    return { fault: 'an address stands where a name should' }
  const after = name === undefined ? '' : `#${identity.value.text}`
  const server = {
    ...place.value,
    identity: identity.value,
    text: `${transport}://${place.value.text}${path}${after}`,
  }
  if (transport === 'tls') {
    return path === '' ? { value: { ...server, transport } } : { fault: 'TLS has no path' }
  }
  return path === ''
    ? { fault: 'no path given, such as /dns-query' }
    : { value: { ...server, transport, path } }
}

export function toPlainServer(ip: IpAddress): PlainServer {
  return {
    transport: 'plain',
    ip,
    port: DEFAULT_PORT.plain,
    text: toText(ip, DEFAULT_PORT.plain, 'plain'),
  }
}

/** Whether some are asked in the clear and some are not: whoever blocks the latter would have everything in the clear. */
export function isMixed(servers: readonly NameServer[]): boolean {
  const plain = servers.filter((server) => server.transport === 'plain').length
  return plain > 0 && plain < servers.length
}

/** Each server as a destination, for the policy to judge. */
export function resolverEndpoints(servers: readonly NameServer[]): readonly ResolverEndpoint[] {
  return servers.map((server) => {
    const host = server.transport === 'plain' ? toHost(server.ip) : server.identity
    return { authority: toAuthority(host, server.port), address: server.ip }
  })
}

function parsePlain(text: string): Parsed<PlainServer> {
  const place = parseEndpoint(text, 'plain')
  return 'fault' in place ? place : { value: { transport: 'plain', ...place.value } }
}

function parseEndpoint(text: string, transport: NameServer['transport']): Parsed<Endpoint> {
  const authority = parseAuthority(text, DEFAULT_PORT[transport])
  if ('fault' in authority) return authority
  const { host, port } = authority.value
  if (!host.ip) return { fault: 'not an IP address' }
  return { value: { ip: host.ip, port, text: toText(host.ip, port, transport) } }
}

function toText(ip: IpAddress, port: number, transport: NameServer['transport']): string {
  const { text } = toAuthority(toHost(ip), port)
  return port === DEFAULT_PORT[transport] ? text.slice(0, text.lastIndexOf(':')) : text
}

function toHost(ip: IpAddress): Host {
  return { text: ip.text, ip }
}
