/**
 * What a client of PostgreSQL says first: messages without a type. A request for TLS or for GSSAPI encryption, one to cancel what another connection is
 * doing, or the start of a session. Bytes in, value out; strict, and never throws.
 */

export const SSL_REQUEST = 8087_7103
const GSSENC_REQUEST = 8087_7104
const CANCEL_REQUEST = 8087_7102

/** Bytes of the longest, as of the server. */
export const MAX_STARTUP = 10_000
/** The key of a session: four bytes, of protocol 3.2 up to 256. */
const MIN_CANCEL = 16
const MAX_CANCEL = 12 + 256

/** The newest minor version that is known here: of PostgreSQL 18. */
export const NEWEST_MINOR = 2

export type Startup =
  | { readonly kind: 'tls' }
  | { readonly kind: 'gss' }
  /** @property key process and secret, as a server gave them */
  | { readonly kind: 'cancel'; readonly key: Buffer }
  | {
      readonly kind: 'start'
      /** As it goes on. */
      readonly packet: Buffer
      readonly minor: number
      /** By name; every name once. */
      readonly parameters: ReadonlyMap<string, string>
    }
  | { readonly kind: 'fault'; readonly detail: string }

/** @returns null while more bytes are needed; else what the first of the bytes are, and how many */
export function readStartup(
  bytes: Buffer,
): { readonly startup: Startup; readonly length: number } | null {
  if (bytes.length < 4) return null
  const length = bytes.readUInt32BE(0)
  if (length < 8 || length > MAX_STARTUP) {
    return { startup: fault('the first message has no valid length'), length: 4 }
  }
  if (bytes.length < length) return null
  return { startup: parse(bytes.subarray(0, length)), length }
}

function parse(packet: Buffer): Startup {
  const { length } = packet
  const code = packet.readUInt32BE(4)
  switch (code) {
    case SSL_REQUEST:
      return length === 8 ? { kind: 'tls' } : fault('the request for TLS has no valid length')
    case GSSENC_REQUEST:
      return length === 8 ? { kind: 'gss' } : fault('the request for GSSAPI has no valid length')
    case CANCEL_REQUEST:
      return length >= MIN_CANCEL && length <= MAX_CANCEL
        ? { kind: 'cancel', key: packet.subarray(8) }
        : fault('the request to cancel has no valid length')
    default:
      return parseStart(packet, code)
  }
}

/** StartupMessage: names and values in turn, each with its zero, and one more zero. */
function parseStart(packet: Buffer, code: number): Startup {
  if (code >>> 16 !== 3) return fault('it is a version of the protocol other than 3')
  if (packet.length < 9 || packet.at(-1) !== 0) return fault(UNREADABLE)
  const texts = packet.toString('utf8', 8, packet.length - 1).split('\0')
  // What ends with a zero leaves an empty text behind.
  if (texts.pop() !== '' || texts.length % 2 !== 0) return fault(UNREADABLE)
  const parameters = new Map<string, string>()
  for (let i = 0; i < texts.length; i += 2) {
    const [name = '', value = ''] = texts.slice(i, i + 2)
    // The server takes the last of several, and who reads may take the first.
    if (name === '' || parameters.has(name)) return fault(UNREADABLE)
    parameters.set(name, value)
  }
  if (!parameters.get('user')) return fault('the start of the session names no user')
  return { kind: 'start', packet, minor: code & 0xffff, parameters }
}

function fault(detail: string): Startup {
  return { kind: 'fault', detail }
}

const UNREADABLE = 'the parameters of the session cannot be read'

/** Whether the session is to be one of replication, which is another protocol: by the words the server takes for a yes. */
export function isReplication(parameters: ReadonlyMap<string, string>): boolean {
  const value = parameters.get('replication')?.toLowerCase()
  return value !== undefined && !NO.has(value)
}

/** `parse_bool` of the server: what begins `false`, `no` or `off`, and 0. What it would refuse is not ours to judge, and taken for a yes. */
const NO: ReadonlySet<string> = new Set([
  ...['f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0'],
])

export function toSslRequest(): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(8, 0)
  bytes.writeUInt32BE(SSL_REQUEST, 4)
  return bytes
}

export function toCancelRequest(key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(8 + key.length, 0)
  bytes.writeUInt32BE(CANCEL_REQUEST, 4)
  return Buffer.concat([bytes, key])
}
