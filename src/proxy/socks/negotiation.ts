/**
 * What a client of SOCKS says before its tunnel opens: version 5 (RFC 1928) with user name and password (RFC 1929), and versions 4 and 4a.
 * Bytes in, what to do out; strict, and bounded by the lengths the protocols have.
 */

import { toIp } from '../../model/address.ts'
import { type Authority, type Host, parseHost, toAuthority } from '../../model/authority.ts'
import type { Code, Parsed, Problem } from '../../model/errors.ts'

export type SocksVersion = 4 | 5

/** What follows from the bytes so far. `length` of them are dealt with. */
export type SocksStep =
  | { readonly kind: 'more' }
  /** The client waits for this before it says more. */
  | { readonly kind: 'reply'; readonly bytes: Buffer; readonly length: number }
  | {
      readonly kind: 'connect'
      readonly authority: Authority
      /** The agent's token; null where none was shown. */
      readonly token: string | null
      readonly length: number
    }
  /** It ends here. @param bytes the last it is told */
  | { readonly kind: 'fault'; readonly problem: Problem; readonly bytes: Buffer }

/** Identifiers of methods (RFC 1928 section 3). */
const NO_AUTHENTICATION = 0x00
const USERNAME_PASSWORD = 0x02
const NONE_ACCEPTABLE = 0xff

const CONNECT = 0x01
const ADDRESS_LENGTHS: Readonly<Record<number, number>> = { 1: 4, 4: 16 }
const DOMAIN = 0x03

/** Two fields of RFC 1929, which is what a token has to fit into in version 5. */
export const MAX_TOKEN = 2 * 255
const MAX_DOMAIN = 255

const MORE = { kind: 'more' } as const

/** One client's negotiation: give `next` all bytes that no step has dealt with yet. */
export class SocksNegotiation {
  readonly version: SocksVersion
  #stage: 'greeting' | 'password' | 'request' = 'greeting'
  #token: string | null = null

  constructor(version: SocksVersion) {
    this.version = version
  }

  next(bytes: Buffer): SocksStep {
    if (bytes.length === 0) return MORE
    if (this.version === 4) return readRequest4(bytes)
    switch (this.#stage) {
      case 'greeting':
        return this.#greet(bytes)
      case 'password':
        return this.#authenticate(bytes)
      case 'request':
        return this.#request(bytes)
      default:
        return this.#stage satisfies never
    }
  }

  #greet(bytes: Buffer): SocksStep {
    const count = bytes[1]
    if (count === undefined || bytes.length < 2 + count) return MORE
    const methods = bytes.subarray(2, 2 + count)
    const method = [USERNAME_PASSWORD, NO_AUTHENTICATION].find((each) => methods.includes(each))
    if (method === undefined) {
      const detail = 'it offers neither user name and password nor no authentication'
      return fault(Buffer.from([5, NONE_ACCEPTABLE]), detail)
    }
    this.#stage = method === USERNAME_PASSWORD ? 'password' : 'request'
    return { kind: 'reply', bytes: Buffer.from([5, method]), length: 2 + count }
  }

  /** Whose the token is, is judged with the request: only then is there a destination to write down. */
  #authenticate(bytes: Buffer): SocksStep {
    if (bytes[0] !== 1) return fault(PASSWORD_REFUSED, 'RFC 1929 has only version 1')
    const nameLength = bytes[1]
    if (nameLength === undefined) return MORE
    const passwordLength = bytes[2 + nameLength]
    if (passwordLength === undefined) return MORE
    const length = 3 + nameLength + passwordLength
    if (bytes.length < length) return MORE
    const name = bytes.toString('latin1', 2, 2 + nameLength)
    const password = bytes.toString('latin1', 3 + nameLength, length)
    this.#token = joinToken(name, password)
    this.#stage = 'request'
    return { kind: 'reply', bytes: PASSWORD_TAKEN, length }
  }

  #request(bytes: Buffer): SocksStep {
    if (bytes[0] !== 5) return fault(toReply5(GENERAL_FAILURE), 'the request is not of version 5')
    const [, command, reserved, type] = bytes
    if (type === undefined) return MORE
    if (command !== CONNECT) return refuseCommand(toReply5(COMMAND_NOT_SUPPORTED), command)
    if (reserved !== 0) return fault(toReply5(GENERAL_FAILURE), 'the reserved byte is not zero')
    const size = type === DOMAIN ? bytes[4] : ADDRESS_LENGTHS[type]
    if (type !== DOMAIN && size === undefined) {
      return fault(toReply5(ADDRESS_NOT_SUPPORTED), 'the type of address is unknown')
    }
    if (size === undefined) return MORE
    const start = type === DOMAIN ? 5 : 4
    const length = start + size + 2
    if (bytes.length < length) return MORE
    const address = bytes.subarray(start, start + size)
    const host = type === DOMAIN ? readDomain(address) : readAddress(address)
    const port = bytes.readUInt16BE(start + size)
    return toConnect(host, port, this.#token, length, toReply5(GENERAL_FAILURE))
  }
}

/** Version 4 has no specification but its author's text: version, command, port, address, user id and zero; 4a adds a name and zero. */
function readRequest4(bytes: Buffer): SocksStep {
  const command = bytes[1]
  if (command !== undefined && command !== CONNECT) return refuseCommand(REPLY4_REFUSED, command)
  if (bytes.length < 9) return MORE
  const user = readText(bytes, 8, MAX_TOKEN)
  if (!user)
    return bytes.length > 8 + MAX_TOKEN ? fault(REPLY4_REFUSED, 'the user id is too long') : MORE
  const port = bytes.readUInt16BE(2)
  const token = user.text === '' ? null : user.text
  // 0.0.0.x with x not zero says that a name follows.
  const isNamed = bytes.readUIntBE(4, 3) === 0 && bytes[7] !== 0
  if (!isNamed) {
    const host = readAddress(bytes.subarray(4, 8))
    return toConnect(host, port, token, user.end, REPLY4_REFUSED)
  }
  const domain = readText(bytes, user.end, MAX_DOMAIN)
  if (!domain) {
    const isTooLong = bytes.length > user.end + MAX_DOMAIN
    return isTooLong ? fault(REPLY4_REFUSED, 'the host name is too long') : MORE
  }
  const host = readDomain(bytes.subarray(user.end, domain.end - 1))
  return toConnect(host, port, token, domain.end, REPLY4_REFUSED)
}

/** Up to a zero byte; null where none comes within the bound. @returns `end` behind the zero */
function readText(bytes: Buffer, start: number, max: number): { text: string; end: number } | null {
  const zero = bytes.subarray(0, start + max + 1).indexOf(0, start)
  return zero < 0 ? null : { text: bytes.toString('latin1', start, zero), end: zero + 1 }
}

/** A token longer than a field begins in the user name. Whoever has none often has to send something: an empty password. */
function joinToken(name: string, password: string): string | null {
  if (password === '') return null
  return password.includes('.') && password.split('.').length === 3 ? password : name + password
}

function readDomain(bytes: Buffer): Parsed<Host> {
  const text = bytes.toString('utf8')
  // What is not UTF-8 would be read as something else than was sent.
  if (!Buffer.from(text, 'utf8').equals(bytes)) return { fault: 'the host name is not UTF-8' }
  return parseHost(text)
}

function readAddress(bytes: Buffer): Parsed<Host> {
  const ip = toIp(Uint8Array.from(bytes))
  return { value: { text: ip.text, ip } }
}

function toConnect(
  host: Parsed<Host>,
  port: number,
  token: string | null,
  length: number,
  refused: Buffer,
): SocksStep {
  if ('fault' in host) return fault(refused, host.fault)
  if (port === 0) return fault(refused, 'the port is 0')
  return { kind: 'connect', authority: toAuthority(host.value, port), token, length }
}

function fault(bytes: Buffer, detail: string, code: Code = 'request-socks'): SocksStep {
  return { kind: 'fault', problem: { code, detail }, bytes }
}

function refuseCommand(bytes: Buffer, command: number | undefined): SocksStep {
  const name = COMMANDS[command ?? 0]
  const detail = name ? `${name} is not offered, only CONNECT` : 'the command is unknown'
  return fault(bytes, detail, 'request-socks-command')
}

const COMMANDS: Readonly<Record<number, string>> = {
  2: 'BIND',
  3: 'UDP ASSOCIATE, for datagrams that nobody could look into,',
}

const PASSWORD_TAKEN = Buffer.from([1, 0])
const PASSWORD_REFUSED = Buffer.from([1, 1])

/** Replies of RFC 1928 section 6. */
const GENERAL_FAILURE = 0x01
const NOT_ALLOWED = 0x02
const NETWORK_UNREACHABLE = 0x03
const HOST_UNREACHABLE = 0x04
const CONNECTION_REFUSED = 0x05
const COMMAND_NOT_SUPPORTED = 0x07
const ADDRESS_NOT_SUPPORTED = 0x08

/** Which of our addresses the tunnel has is nobody's business: 0.0.0.0:0. */
function toReply5(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
}

const REPLY4_GRANTED = Buffer.from([0, 0x5a, 0, 0, 0, 0, 0, 0])
const REPLY4_REFUSED = Buffer.from([0, 0x5b, 0, 0, 0, 0, 0, 0])

export function sayEstablished(version: SocksVersion): Buffer {
  return version === 5 ? toReply5(0) : REPLY4_GRANTED
}

/** As much of a refusal as the protocol can say. */
export function sayRefused(version: SocksVersion, code: string): Buffer {
  return version === 5 ? toReply5(REPLIES[code] ?? NOT_ALLOWED) : REPLY4_REFUSED
}

const REPLIES: Readonly<Partial<Record<string, number>>> = {
  'dns-not-found': HOST_UNREACHABLE,
  'dns-no-address': HOST_UNREACHABLE,
  'dns-failed': HOST_UNREACHABLE,
  'dns-timeout': HOST_UNREACHABLE,
  'connect-timeout': HOST_UNREACHABLE,
  'connect-unreachable': NETWORK_UNREACHABLE,
  'connect-refused': CONNECTION_REFUSED,
  'request-timeout': GENERAL_FAILURE,
  'audit-unavailable': GENERAL_FAILURE,
  'gate-failed': GENERAL_FAILURE,
} satisfies Partial<Record<Code, number>>
