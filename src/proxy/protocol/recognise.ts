/**
 * What is spoken on a connection, by its first bytes: those of the client, or, where the server speaks first, its greeting. Only told
 * apart, not checked: whoever wants to can begin like something else. Bytes in, name out; bounded, and never throws.
 */

import type { Protocol } from '../../model/flow.ts'

/** By more bytes than this nothing is told apart. */
const ENOUGH = 64

export interface Recognised<P extends Protocol = Protocol> {
  /** Null while the bytes may still become one of several. */
  readonly protocol: P | 'unknown' | null
  /** Those, then. */
  readonly candidates: readonly P[]
}

export function recognise(bytes: Uint8Array): Recognised {
  return readWith(CLIENTS, bytes)
}

function readWith<P extends Protocol>(
  readings: readonly (readonly [P, Reading])[],
  bytes: Uint8Array,
): Recognised<P> {
  const first = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, ENOUGH))
  if (first.length === 0) return { protocol: null, candidates: readings.map(([each]) => each) }
  const candidates: P[] = []
  for (const [protocol, reads] of readings) {
    const truth = reads(first)
    if (truth === true) return { protocol, candidates: [] }
    if (truth === null) candidates.push(protocol)
  }
  const isOpen = candidates.length > 0 && bytes.length < ENOUGH
  return isOpen ? { protocol: null, candidates } : { protocol: 'unknown', candidates: [] }
}

/** Whether the bytes begin so: yes, no, or null for not known yet. */
type Reading = (bytes: Buffer) => boolean | null

const CLIENTS: readonly (readonly [Protocol, Reading])[] = [
  // TLSPlaintext (RFC 8446 section 5.1): handshake, version 3.x.
  ['tls', (bytes) => begins(bytes, [0x16, 0x03])],
  // RFC 4253 section 4.2.
  ['ssh', (bytes) => beginsText(bytes, 'SSH-')],
  // AMQP 0-9-1 and 1.0: the protocol header.
  ['amqp', (bytes) => beginsText(bytes, 'AMQP')],
  ['mqtt', beginsAsMqtt],
  // RESP: an array of bulk strings.
  ['redis', (bytes) => matches(bytes, /^\*[1-9][0-9]{0,6}\r\n\$/, /^\*([1-9][0-9]{0,6}\r?\n?)?$/)],
  ['smtp', (bytes) => matches(bytes, /^(EHLO|HELO|LHLO) /i, /^[EHL][EHL]?[HL]?[LO]?$/i)],
  ['ldap', beginsAsLdap],
  ['postgresql', beginsAsPostgresql],
  ['mongodb', beginsAsMongodb],
  ['kafka', beginsAsKafka],
  ['http', (bytes) => matches(bytes, HTTP, HTTP_START)],
]

/**
 * RFC 9112 section 3: a method and a target, after empty lines that some send ahead; RFC 9113 section 3.4. What a lenient server may take for a
 * method of the field is HTTP, however it is written: nothing of it is to pass for something else. Another word needs something that looks
 * like a target, or the version at the end of its line: other protocols have lines of words as well.
 */
const HTTP =
  /^\s*((GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH|CONNECT|PRI)\s|[!#$%&'*+.^_`|~\w-]{1,40}[ \t]+([/*]|https?:|[^\r\n]*\sHTTP\/))/i
const HTTP_START = /^\s*([!#$%&'*+.^_`|~\w-]{0,40}|[!#$%&'*+.^_`|~\w-]{1,40}[ \t][^\r\n]*)$/

/** Redis takes lines of whoever connects, and goes on after what it does not understand. */
const REDIS_PORT = 6379
/** Protocols that a client only has to begin like, for nobody reads on, and no greeting of the server shows that they are spoken. */
const UNCHECKED: readonly Protocol[] = ['amqp', 'mqtt', 'ldap', 'mongodb', 'kafka']

/** What a connection is taken for: where Redis is expected, what begins like something that nobody checks may be lines for it. */
export function believe<P extends Protocol>(claimed: P, port: number): P | 'unknown' {
  return port === REDIS_PORT && UNCHECKED.includes(claimed) ? 'unknown' : claimed
}

/** Whether a server answers like Redis where the client has begun like another protocol. @param first its first bytes */
export function answersLikeRedis(first: Uint8Array, claimed: Protocol): boolean {
  return (
    UNCHECKED.includes(claimed) &&
    /^-[A-Z]{3}/.test(Buffer.from(first.subarray(0, 4)).toString('latin1'))
  )
}

/** Servers that speak before their client does. */
const GREETERS = ['ssh', 'smtp', 'imap', 'pop3', 'mysql'] as const satisfies readonly Protocol[]
export type Greeting = (typeof GREETERS)[number]

export function isGreeting(protocol: Protocol): protocol is Greeting {
  return GREETERS.some((each) => each === protocol)
}

/** Ports where they are expected; if the one that is there does not speak so, the connection ends. */
export const SERVER_FIRST: Readonly<Record<number, Greeting>> = {
  22: 'ssh',
  25: 'smtp',
  110: 'pop3',
  143: 'imap',
  587: 'smtp',
  2525: 'smtp',
  3306: 'mysql',
}

/** The same within TLS, from the first byte on (RFC 8314). */
export const SERVER_FIRST_IN_TLS: Readonly<Record<number, Greeting>> = {
  465: 'smtp',
  993: 'imap',
  995: 'pop3',
}

/** Milliseconds after which a client that has said nothing, or nothing that is known, is taken to be done. */
export const PEEK_MS = 250

const GREETINGS: readonly (readonly [Greeting, Reading])[] = [
  ['ssh', (bytes) => beginsText(bytes, 'SSH-')],
  // RFC 5321 section 4.2: the service is ready, or is not.
  ['smtp', (bytes) => matches(bytes, /^(220|421|554)[ -]/, /^[245][25]?[014]?$/)],
  // RFC 9051 section 7.1: it is ready, knows the client already, or is not there for it.
  [
    'imap',
    (bytes) =>
      matches(bytes, /^\* (OK|PREAUTH|BYE) /i, /^\*( (OK?|P(R(E(A(U(TH?)?)?)?)?)?|B(YE?)?)?)?$/i),
  ],
  // RFC 1939 section 3.
  ['pop3', (bytes) => matches(bytes, /^(\+OK|-ERR)[ \r]/, /^(\+(OK?)?|-(E(RR?)?)?)$/)],
  // A packet numbered 0 with version 10 of the handshake, or an error.
  [
    'mysql',
    (bytes) => {
      const [low, middle, high, sequence, version] = bytes
      if (sequence !== undefined && sequence !== 0) return false
      if (high !== undefined && high !== 0) return false
      if (version === undefined) return null
      const length = (low ?? 0) + ((middle ?? 0) << 8)
      return length > 8 && (version === 10 || version === 0xff)
    },
  ],
]

/** @returns null while the bytes may still become one of them */
export function recogniseGreeting(bytes: Uint8Array): Greeting | 'unknown' | null {
  return readWith(GREETINGS, bytes).protocol
}

function begins(bytes: Buffer, wanted: readonly number[]): boolean | null {
  const length = Math.min(bytes.length, wanted.length)
  for (let i = 0; i < length; i++) if (bytes[i] !== wanted[i]) return false
  return length === wanted.length ? true : null
}

function beginsText(bytes: Buffer, wanted: string): boolean | null {
  return begins(bytes, [...Buffer.from(wanted, 'latin1')])
}

/** @param start what the beginning of something that matches may look like */
function matches(bytes: Buffer, whole: RegExp, start: RegExp): boolean | null {
  const text = bytes.toString('latin1')
  if (whole.test(text)) return true
  return start.test(text) ? null : false
}

/** MQTT 3.1, 3.1.1 and 5: CONNECT, its length in one to four bytes, the name of the protocol. */
function beginsAsMqtt(bytes: Buffer): boolean | null {
  if (bytes[0] !== 0x10) return false
  let at = 1
  while (at < 4 && (bytes[at] ?? 0) >= 0x80) at++
  const rest = bytes.subarray(at + 1)
  const names = [
    begins(rest, [0, 4, ...Buffer.from('MQTT')]),
    begins(rest, [0, 6, ...Buffer.from('MQIsdp')]),
  ]
  if (names.includes(true)) return true
  return names.includes(null) ? null : false
}

/** LDAP (RFC 4511): a message with a small number, in which the client binds, searches, or asks for an extension such as StartTLS. */
function beginsAsLdap(bytes: Buffer): boolean | null {
  if (bytes[0] !== 0x30) return false
  const [, size] = bytes
  if (size === undefined) return null
  const lengthBytes = size < 0x80 ? 0 : size - 0x80
  if (lengthBytes > 4) return false
  const rest = bytes.subarray(2 + lengthBytes)
  const [tag, idLength = 1] = rest
  if (tag !== undefined && tag !== 0x02) return false
  if (idLength < 1 || idLength > 4) return false
  const operation = rest[2 + idLength]
  if (operation === undefined) return null
  return operation === 0x60 || operation === 0x63 || operation === 0x77
}

/** Frontend messages of PostgreSQL without a type: a start of version 3, or a request for TLS, GSSAPI or to cancel. */
function beginsAsPostgresql(bytes: Buffer): boolean | null {
  if (bytes[0] !== 0 || (bytes[1] ?? 0) !== 0) return false
  if (bytes.length < 9) {
    // A request for TLS is eight bytes, and then the client waits.
    return bytes.length === 8
      ? isPostgresqlRequest(bytes)
        ? true
        : mayBeStart(bytes)
          ? null
          : false
      : null
  }
  if (isPostgresqlRequest(bytes)) return true
  // Parameters begin with a name.
  return mayBeStart(bytes) && /^[a-z_]$/.test(bytes.toString('latin1', 8, 9))
}

function isPostgresqlRequest(bytes: Buffer): boolean {
  const [length, code] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)]
  return (
    (length === 8 && (code === 80877103 || code === 80877104)) ||
    (length >= 16 && length <= 272 && code === 80877102)
  )
}

function mayBeStart(bytes: Buffer): boolean {
  const length = bytes.readUInt32BE(0)
  return length > 8 && length <= 10_000 && bytes.readUInt16BE(4) === 3 && bytes.readUInt16BE(6) <= 2
}

/** MongoDB: length, number, no number answered to, and the code of OP_QUERY, OP_COMPRESSED or OP_MSG; in little-endian. */
function beginsAsMongodb(bytes: Buffer): boolean | null {
  if (bytes.length >= 4 && (bytes.readUInt32LE(0) < 16 || bytes.readUInt32LE(0) > 48_000_000))
    return false
  if (bytes.length < 16) {
    return bytes.length >= 12 && bytes.readUInt32LE(8) !== 0 ? false : null
  }
  return bytes.readUInt32LE(8) === 0 && [2004, 2012, 2013].includes(bytes.readUInt32LE(12))
}

/** Kafka: length, key and version of a request, its number, and the name of the client, which may be null. */
function beginsAsKafka(bytes: Buffer): boolean | null {
  if (bytes[0] !== 0) return false
  if (bytes.length >= 4 && bytes.readUInt32BE(0) < 10) return false
  if (bytes.length >= 6 && bytes.readUInt16BE(4) > 100) return false
  if (bytes.length >= 8 && bytes.readUInt16BE(6) > 25) return false
  if (bytes.length < 14) return null
  const name = bytes.readInt16BE(12)
  if (name < -1 || name > 1_000) return false
  const end = 14 + Math.max(name, 0)
  if (!/^[!-~]*$/.test(bytes.toString('latin1', 14, end))) return false
  return bytes.length >= Math.min(end, ENOUGH) ? true : null
}
