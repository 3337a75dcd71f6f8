/**
 * Reads the ClientHello a TLS client opens with (RFC 8446 section 4.1.2), before any TLS library has seen it: the
 * server name to compare with the other names of the request, the protocols offered, whether ECH is. Bytes in,
 * value out; it never throws, waits or repairs, and what could be read in two ways is a fault.
 */

import { Cursor } from './cursor.ts'

export interface ClientHello {
  /** As sent: ASCII without spaces or controls, 1 to 255 characters. Null when the client named no server. */
  readonly serverName: string | null
  /** Protocol names in the client's order, latin-1; empty without the extension. */
  readonly alpn: readonly string[]
  /**
   * There is an encrypted_client_hello extension (RFC 9849). Browsers always send one, as grease, so this alone does
   * not mean that another name is hidden behind `serverName`.
   */
  readonly ech: boolean
  /** TLS 1.3 is among the versions offered (RFC 8446 section 4.2.1). */
  readonly tls13: boolean
}

/**
 * `not-tls`: no TLS client speaks here, something else may. `too-large`: over 64 KiB. `server-name`: more than one,
 * or one that is not a name. `malformed`: TLS, but not as it must be.
 */
export type HelloFault = 'not-tls' | 'malformed' | 'too-large' | 'server-name'

export type HelloProgress =
  /** More bytes are needed. */
  | { readonly done: false }
  | { readonly done: true; readonly fault: HelloFault; readonly detail: string }
  | { readonly done: true; readonly hello: ClientHello }

/** Handshake bytes at most, header included. Post-quantum key shares make hellos of about 2 KiB. */
export const MAX_HELLO_BYTES = 64 * 1024

/** Protocol names at most; no client offers a dozen. */
const MAX_PROTOCOLS = 64

/** TLSPlaintext (RFC 8446 section 5.1). */
const HANDSHAKE_RECORD = 22
const RECORD_HEADER = 5
const MAX_FRAGMENT = 16384

const CLIENT_HELLO = 1
const HANDSHAKE_HEADER = 4

/** Extension types (IANA). */
const SERVER_NAME = 0
const ALPN = 16
const SUPPORTED_VERSIONS = 43
const ENCRYPTED_CLIENT_HELLO = 0xfe0d

const TLS13 = '\x03\x04'

/**
 * Takes the first bytes of a connection in any pieces, each byte once, and keeps a copy of the handshake bytes only:
 * whoever hands the connection on keeps the bytes too. As a record may hold a single byte of the hello, those can
 * be six times as many.
 */
export class ClientHelloReader {
  #progress: HelloProgress = { done: false }
  readonly #header = Buffer.alloc(RECORD_HEADER)
  #headerLength = 0
  #fragmentLeft = 0
  #isFirstRecord = true
  #hello = Buffer.alloc(0)
  #helloLength = 0

  /** Once done, more bytes change nothing. */
  push(bytes: Uint8Array): HelloProgress {
    for (let at = 0; at < bytes.length && !this.#progress.done; ) {
      at += this.#fragmentLeft > 0 ? this.#takeFragment(bytes, at) : this.#takeHeader(bytes, at)
    }
    return this.#progress
  }

  /** Both return how many bytes they took. */
  #takeHeader(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + RECORD_HEADER - this.#headerLength)
    this.#header.set(piece, this.#headerLength)
    this.#headerLength += piece.length
    const [type, major] = this.#header
    if (type !== HANDSHAKE_RECORD || (this.#headerLength > 1 && major !== 3)) {
      this.#progress = this.#isFirstRecord
        ? fault('not-tls', 'the first bytes are not those of a TLS client')
        : fault('malformed', 'another record comes before the ClientHello is complete')
    } else if (this.#headerLength === RECORD_HEADER) {
      this.#headerLength = 0
      this.#isFirstRecord = false
      this.#fragmentLeft = this.#header.readUInt16BE(3)
      if (this.#fragmentLeft === 0 || this.#fragmentLeft > MAX_FRAGMENT) {
        this.#progress = fault('malformed', 'a TLS record has no valid length')
      }
    }
    return piece.length
  }

  #takeFragment(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + this.#fragmentLeft)
    this.#fragmentLeft -= piece.length
    this.#append(piece)
    if (this.#helloLength >= HANDSHAKE_HEADER) this.#progress = this.#judge()
    return piece.length
  }

  #append(piece: Uint8Array): void {
    const length = this.#helloLength + piece.length
    if (length > this.#hello.length) {
      const grown = Buffer.alloc(Math.max(length * 2, 1024))
      grown.set(this.#hello.subarray(0, this.#helloLength))
      this.#hello = grown
    }
    this.#hello.set(piece, this.#helloLength)
    this.#helloLength = length
  }

  #judge(): HelloProgress {
    const end = HANDSHAKE_HEADER + this.#hello.readUIntBE(1, 3)
    if (this.#hello[0] !== CLIENT_HELLO)
      return fault('malformed', 'the handshake does not begin with a ClientHello')
    if (end > MAX_HELLO_BYTES) return fault('too-large', 'the ClientHello is over 64 KiB')
    if (this.#helloLength < end && this.#fragmentLeft + this.#helloLength <= end)
      return { done: false }
    // The client has to wait for an answer now, so the last record ends where the hello does (section 5.1).
    if (this.#helloLength > end || this.#fragmentLeft > 0) {
      return fault('malformed', 'something follows the ClientHello in its record')
    }
    return parseHello(this.#hello.subarray(HANDSHAKE_HEADER, end))
  }
}

/** The body of the handshake message. */
function parseHello(bytes: Buffer): HelloProgress {
  const body = new Cursor(bytes)
  const legacyVersion = body.uint(2)
  body.take(32)
  const sessionId = body.vector(1)
  const cipherSuites = body.vector(2)
  const compressions = body.vector(1)
  const isSound =
    legacyVersion >> 8 === 3 &&
    sessionId.left <= 32 &&
    cipherSuites.left >= 2 &&
    cipherSuites.left % 2 === 0 &&
    compressions.left >= 1
  // Before TLS 1.3 the extensions could be left out altogether.
  const list = body.left > 0 ? body.vector(2) : new Cursor(Buffer.alloc(0))
  if (!isSound || !body.isAtEnd) return fault('malformed', 'the ClientHello is not well-formed')

  const extensions = new Map<number, Cursor>()
  while (list.left > 0) {
    const type = list.uint(2)
    const data = list.vector(2)
    if (list.isOverrun) return fault('malformed', 'an extension of the ClientHello is cut short')
    if (extensions.has(type))
      return fault('malformed', 'an extension of the ClientHello comes twice')
    extensions.set(type, data)
  }
  return readExtensions(extensions)
}

function readExtensions(extensions: ReadonlyMap<number, Cursor>): HelloProgress {
  const names = extensions.get(SERVER_NAME)
  const serverName = names ? readServerName(names) : null
  if (names && serverName === null) {
    return fault('server-name', 'the ClientHello does not name exactly one valid server')
  }
  const protocols = extensions.get(ALPN)
  const alpn = protocols ? readProtocols(protocols) : []
  if (!alpn) return fault('malformed', 'the protocols offered by ALPN are not well-formed')
  const versions = extensions.get(SUPPORTED_VERSIONS)
  const tls13 = versions ? offersTls13(versions) : false
  if (tls13 === null) return fault('malformed', 'the versions offered are not well-formed')
  const ech = extensions.has(ENCRYPTED_CLIENT_HELLO)
  return { done: true, hello: { serverName, alpn, ech, tls13 } }
}

/** RFC 6066 section 3: one host_name, type 0. What else it must be as a host name is for `parseHost`. */
function readServerName(data: Cursor): string | null {
  const list = data.vector(2)
  const type = list.uint(1)
  const name = list.vector(2).rest()
  if (!data.isAtEnd || !list.isAtEnd || type !== 0) return null
  return /^[!-~]{1,255}$/.test(name) ? name : null
}

/** RFC 7301 section 3.1. */
function readProtocols(data: Cursor): string[] | null {
  const list = data.vector(2)
  const protocols: string[] = []
  while (list.left > 0 && protocols.length < MAX_PROTOCOLS) protocols.push(list.vector(1).rest())
  const isSound = data.isAtEnd && list.isAtEnd && protocols.length > 0 && !protocols.includes('')
  return isSound ? protocols : null
}

/** Null when the list is not one of versions. */
function offersTls13(data: Cursor): boolean | null {
  const list = data.vector(1)
  const versions = list.rest()
  if (!data.isAtEnd || versions.length < 2 || versions.length % 2 !== 0) return null
  return versions.match(/[\s\S]{2}/g)?.includes(TLS13) ?? false
}

function fault(fault: HelloFault, detail: string): HelloProgress {
  return { done: true, fault, detail }
}
