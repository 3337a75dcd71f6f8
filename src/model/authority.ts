/**
 * Where a request says it wants to go: host and port (RFC 9110 section 4.3.1). Every name that reaches Cordon,
 * whether from CONNECT, Host, an absolute target, SNI or a policy file, is parsed here once, by the WHATWG
 * host rules (hex, octal and short IPv4, full-width digits, IDN, trailing dot), and only the result is
 * compared, so two spellings of one place are equal and two places never are.
 */

import { type IpAddress, parseIp } from './address.ts'
import type { Parsed } from './errors.ts'

export interface Host {
  /** Lower-case ASCII name without trailing dot, or canonical IP text without brackets. */
  readonly text: string
  /** Set when the host is an IP literal. */
  readonly ip: IpAddress | null
}

export interface Authority {
  readonly host: Host
  /** 1 to 65535. */
  readonly port: number
  /** `host:port`, IPv6 in brackets. Two authorities are the same place if and only if this text is equal. */
  readonly text: string
}

/**
 * Parses `host`, `host:port` or `[v6]:port`.
 *
 * @param defaultPort used when the text names no port; null where the port is required (CONNECT).
 */
export function parseAuthority(text: string, defaultPort: number | null): Parsed<Authority> {
  const split = splitPort(text)
  if (!split) return { fault: 'not of the form host:port' }
  const host = parseHost(split.host)
  if ('fault' in host) return host
  const port = split.port === null ? defaultPort : parsePort(split.port)
  if (port === null)
    return {
      fault: split.port === null ? 'no port given' : 'the port is not 1 to 65535',
    }
  return { value: toAuthority(host.value, port) }
}

/** The same for text out of a message head, where every character is a byte. */
export function parseWireAuthority(text: string, defaultPort: number | null): Parsed<Authority> {
  const unicode = decodeWire(text)
  return unicode === null
    ? { fault: 'the host name is not UTF-8' }
    : parseAuthority(unicode, defaultPort)
}

/** Parses a host as it stands in an authority: a name, IPv4, or IPv6 in brackets. */
export function parseHost(text: string): Parsed<Host> {
  if (text.startsWith('[')) {
    const ip = text.endsWith(']') ? parseIp(text.slice(1, -1)) : null
    return ip?.version === 6
      ? { value: { text: ip.text, ip } }
      : { fault: 'brackets hold no IPv6 address' }
  }
  if (text.length > 1024) return { fault: 'the host name is too long' }
  // RFC 3986 and WHATWG agree that these never belong in a host; the URL parser would strip or reinterpret some.
  if (text === '' || /[\u0000-\u0020\u007f#%/:<>?@[\\\]^|]/.test(text)) {
    return { fault: 'the host name has characters that no host name may have' }
  }
  const ascii = toAscii(text)
  if (ascii === null) return { fault: 'the host is not a valid name or address' }
  const ip = parseIp(ascii)
  if (ip) return { value: { text: ip.text, ip } }
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii
  if (!isDnsName(name)) return { fault: 'the host is not a valid name or address' }
  return { value: { text: name, ip: null } }
}

/** Joins a parsed host and a port. */
export function toAuthority(host: Host, port: number): Authority {
  return {
    host,
    port,
    text: host.ip?.version === 6 ? `[${host.text}]:${port}` : `${host.text}:${port}`,
  }
}

function splitPort(text: string): { host: string; port: string | null } | null {
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    if (end < 0) return null
    const rest = text.slice(end + 1)
    if (rest === '') return { host: text, port: null }
    return rest.startsWith(':') ? { host: text.slice(0, end + 1), port: rest.slice(1) } : null
  }
  const colon = text.indexOf(':')
  if (colon < 0) return { host: text, port: null }
  // More than one colon without brackets could be read as several hosts.
  if (text.indexOf(':', colon + 1) >= 0) return null
  return { host: text.slice(0, colon), port: text.slice(colon + 1) }
}

/** Strict decimal: no sign, no leading zero, no white space. */
function parsePort(text: string): number | null {
  if (!/^[1-9]\d{0,4}$/.test(text)) return null
  const port = Number(text)
  return port <= 65535 ? port : null
}

/** Heads are read as latin-1; bytes above 0x7f in a host are UTF-8 or nothing (RFC 3986 section 3.2.2). */
function decodeWire(text: string): string | null {
  if (!/[\x80-\xff]/.test(text)) return text
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
    )
  } catch {
    return null
  }
}

/** The WHATWG host parser, through the only door the platform gives it. */
function toAscii(host: string): string | null {
  if (/^[a-z0-9_-]+(\.[a-z_-][a-z0-9_-]*)+$/.test(host) && !host.includes('xn--')) return host
  return URL.parse(`http://${host}/`)?.hostname ?? null
}

/** RFC 1035 lengths; underscores allowed because real services use them. */
function isDnsName(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label))
}
