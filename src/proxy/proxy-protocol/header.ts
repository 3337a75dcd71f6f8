/**
 * The header with which a load balancer says whom it speaks for: the PROXY protocol, versions 1 and 2, as HAProxy's specification
 * (proxy-protocol.txt) has it. Strict: it decides who a client is.
 */

import { type IpAddress, parseIp, toIp, unmapIp } from '../../model/address.ts'
import { crc32c } from './crc32c.ts'

/** Bytes of the longest header that is read: real ones have some hundred, and what may follow the addresses is not needed. */
export const MAX_HEADER = 4_096

export type HeaderReading =
  | {
      /** Null where the sender speaks for itself, or cannot say for whom. */
      readonly client: IpAddress | null
      /** Bytes of the header: what follows is the connection's. */
      readonly length: number
    }
  | { readonly fault: string }

/** @returns null when more bytes are needed */
export function readProxyHeader(bytes: Buffer): HeaderReading | null {
  if (beginsWith(bytes, SIGNATURE)) return bytes.length < 16 ? null : readBlock(bytes)
  return beginsWith(bytes, NAME) ? readLine(bytes) : { fault: 'it does not begin with one' }
}

const NAME = Buffer.from('PROXY ')
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n')

function beginsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

/** Section 2.1, CR LF included. */
const MAX_LINE = 107

function readLine(bytes: Buffer): HeaderReading | null {
  const end = bytes.subarray(0, MAX_LINE).indexOf('\n')
  if (end < 0) return bytes.length < MAX_LINE ? null : { fault: 'its line does not end' }
  const client = parseLine(bytes.toString('latin1', 0, end + 1))
  return client === undefined ? { fault: 'its line is malformed' } : { client, length: end + 1 }
}

/** @returns undefined when it is malformed */
function parseLine(line: string): IpAddress | null | undefined {
  if (/^PROXY UNKNOWN( [ -~]*)?\r\n$/.test(line)) return null
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line)
  if (!match) return undefined
  const [, version, from = '', to = '', ...ports] = match
  const [source, target] = [parseIp(from), parseIp(to)]
  const areAddresses = [source, target].every((ip) => String(ip?.version) === version)
  return source && areAddresses && ports.every(isPort) ? unmapIp(source) : undefined
}

function isPort(digits: string): boolean {
  return /^(0|[1-9]\d*)$/.test(digits) && Number(digits) <= 65_535
}

/** Section 2.2: version and command, family and transport. */
const LOCAL = 0x20
const PROXY = 0x21
const UNSPEC = 0x00
const TCP4 = 0x11
const TCP6 = 0x21

function readBlock(bytes: Buffer): HeaderReading | null {
  const [kind = 0, family = 0] = bytes.subarray(12, 14)
  if (kind !== LOCAL && kind !== PROXY) return { fault: 'its version or command is unknown' }
  const length = 16 + bytes.readUInt16BE(14)
  if (length > MAX_HEADER) return { fault: `it is longer than ${MAX_HEADER} bytes` }
  const speaks = kind === PROXY && family !== UNSPEC
  if (speaks && family !== TCP4 && family !== TCP6) {
    return { fault: 'it is about something else than TCP over IPv4 or IPv6' }
  }
  if (bytes.length < length) return null
  if (!speaks) return { client: null, length }
  const size = family === TCP4 ? 4 : 16
  const end = 16 + 2 * size + 4
  if (length < end) return { fault: 'it is too short for its addresses' }
  const fault = faultOfExtras(bytes.subarray(0, length), end)
  const source = toIp(Uint8Array.from(bytes.subarray(16, 16 + size)))
  return fault === null ? { client: unmapIp(source), length } : { fault }
}

/** Section 2.2.3. */
const TYPE_CRC32C = 0x03

/** What follows the addresses: type, length and value, over and over. Only a checksum is looked at. */
function faultOfExtras(header: Buffer, start: number): string | null {
  let checksum = -1
  let at = start
  while (at + 3 <= header.length) {
    const size = header.readUInt16BE(at + 1)
    if (header[at] === TYPE_CRC32C) {
      if (checksum >= 0 || size !== 4) return 'it has a malformed checksum'
      checksum = at + 3
    }
    at += 3 + size
  }
  if (at !== header.length) return 'what follows its addresses is malformed'
  if (checksum < 0) return null
  // The checksum was made with zeros in its place.
  const checked = Buffer.from(header)
  checked.fill(0, checksum, checksum + 4)
  return crc32c(checked) === header.readUInt32BE(checksum) ? null : 'its checksum is wrong'
}
