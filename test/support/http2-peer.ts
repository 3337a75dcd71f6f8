/** HTTP/2 by hand: any frames in any order, as no library would send them, and what comes back, one by one. */

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { HpackDecoder } from '../../src/proxy/http2/hpack/decoder.ts'
import type { Issued } from '../tls/support.ts'
import { eventually } from './wait.ts'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** RFC 9113 section 6, in the order of its numbers. */
export const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
] as const
export type Type = (typeof TYPES)[number]

/** RFC 9113 section 7, in the order of its numbers. */
export const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
] as const
export type Code = (typeof CODES)[number]

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const PRIORITY = 0x20

export function frame(
  type: Type | number,
  flags: number,
  stream: number,
  payload: Buffer | string = '',
): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1')
  const header = Buffer.alloc(9)
  header.writeUIntBE(bytes.length, 0, 3)
  header[3] = typeof type === 'number' ? type : TYPES.indexOf(type)
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, bytes])
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
  return bytes
}

/** @param values by number of the setting, in turn with their values */
export function settings(...values: number[]): Buffer {
  const bytes = Buffer.alloc(3 * values.length)
  for (let i = 0; i < values.length; i += 2) {
    bytes.writeUInt16BE(values[i] ?? 0, 3 * i)
    bytes.writeUInt32BE(values[i + 1] ?? 0, 3 * i + 2)
  }
  return frame('SETTINGS', 0, 0, bytes)
}

export function goAway(lastStream: number, code: Code = 'NO_ERROR'): Buffer {
  return frame('GOAWAY', 0, 0, uint32(lastStream, CODES.indexOf(code)))
}

export function reset(stream: number, code: Code = 'CANCEL'): Buffer {
  return frame('RST_STREAM', 0, stream, uint32(CODES.indexOf(code)))
}

/** Names and values in turn, as literals that enter no table (RFC 7541 section 6.2.2), without Huffman. */
export function block(...texts: string[]): Buffer {
  const parts: Buffer[] = []
  for (const [i, text] of texts.entries()) {
    if (i % 2 === 0) parts.push(Buffer.of(0))
    parts.push(integer(text.length), Buffer.from(text, 'latin1'))
  }
  return Buffer.concat(parts)
}

/** RFC 7541 section 5.1, with a prefix of seven bits. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value)
  const bytes = [127]
  let left = value - 127
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128)
  return Buffer.from([...bytes, left])
}

/** One HEADERS frame with all of the list. */
export function headers(stream: number, list: readonly string[], flags = END_STREAM): Buffer {
  return frame('HEADERS', flags | END_HEADERS, stream, block(...list))
}

export function data(stream: number, body: string | Buffer, flags = 0): Buffer {
  return frame('DATA', flags, stream, Buffer.from(body))
}

export interface Frame {
  readonly type: Type
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
  /** Of HEADERS: names and values in turn. */
  readonly list: readonly string[]
}

/** One side of a connection. What comes is kept; nothing is answered but what is sent by hand. */
export class RawPeer {
  readonly socket: Duplex
  readonly frames: Frame[] = []
  /** The other side has ended or lost the connection. */
  isClosed = false
  /** Told of every frame as it comes. */
  onFrame: (frame: Frame) => void = () => {}
  readonly #decoder = new HpackDecoder(1 << 20)
  #bytes: Buffer = Buffer.alloc(0)
  #prefaceLeft: number

  /** @param isServer whether a preface comes first */
  constructor(socket: Duplex, isServer = false) {
    this.socket = socket
    this.#prefaceLeft = isServer ? PREFACE.length : 0
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.isClosed = true
      })
    }
  }

  send(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  /** The next frame that fits, of those that have come or will. @throws with all that came when none does in time */
  async wait(type: Type, stream: number | null = null, from = 0): Promise<Frame> {
    return await this.#eventually(`${type} on ${stream ?? 'any stream'}`, () =>
      this.frames
        .slice(from)
        .find((got) => got.type === type && (stream === null || got.stream === stream)),
    )
  }

  /** How the stream ended: the status it was answered with, the code it was reset with, or both. */
  async end(stream: number): Promise<(Code | number)[]> {
    return await this.#eventually(`an end of ${stream}`, () => {
      const mine = this.frames.filter((got) => got.stream === stream)
      const isOver = mine.some(
        ({ type, flags }) =>
          type === 'RST_STREAM' ||
          ((type === 'DATA' || type === 'HEADERS') && (flags & END_STREAM) !== 0),
      )
      if (!isOver) return null
      return mine.flatMap(({ type, payload, list }): (Code | number)[] => {
        if (type === 'RST_STREAM') return [codeOf(payload, 0)]
        return type === 'HEADERS' && list[0] === ':status' ? [Number(list[1])] : []
      })
    })
  }

  /** What the connection was ended with. */
  async goodbye(): Promise<Code> {
    return codeOf((await this.wait('GOAWAY')).payload, 4)
  }

  async closed(): Promise<void> {
    await this.#eventually('the end of the connection', () => this.isClosed)
  }

  async #eventually<T>(what: string, probe: () => T): Promise<NonNullable<T>> {
    try {
      return await eventually(what, probe)
    } catch (error) {
      throw new Error(`${(error as Error).message}; got: ${this}`)
    }
  }

  bodyOf(stream: number): Buffer {
    const all = this.frames.filter((got) => got.type === 'DATA' && got.stream === stream)
    return Buffer.concat(all.map(({ payload }) => payload))
  }

  toString(): string {
    return this.frames
      .map(({ type, stream, flags, payload }) => {
        const code = type === 'GOAWAY' ? ` ${codeOf(payload, 4)}` : ''
        return `${type}(${stream}, ${flags}, ${payload.length}${code})`
      })
      .join(' ')
  }

  #take(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.length)
    this.#prefaceLeft -= skipped
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(skipped)])
    while (this.#bytes.length >= 9) {
      const length = this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.length < 9 + length) return
      const type = TYPES[this.#bytes[3] ?? 0] ?? 'DATA'
      const flags = this.#bytes[4] ?? 0
      const stream = this.#bytes.readUInt32BE(5)
      const payload = this.#bytes.subarray(9, 9 + length)
      // Our own blocks fit into one frame in all tests.
      const list = type === 'HEADERS' ? (this.#decoder.decode(payload)?.list ?? []) : []
      const frame = { type, flags, stream, payload, list }
      this.#bytes = this.#bytes.subarray(9 + length)
      this.frames.push(frame)
      this.onFrame(frame)
    }
  }
}

function codeOf(payload: Buffer, at: number): Code {
  const code = payload.readUInt32BE(at)
  const name = CODES[code]
  if (name === undefined) throw new Error(`unknown code ${code}`)
  return name
}

export interface RawOrigin extends AsyncDisposable {
  readonly port: number
  /** Connections so far, in order. */
  readonly peers: RawPeer[]
}

/** An origin over TLS that chooses HTTP/2 and then does what the test wants. */
export async function rawHttp2Origin(
  certificate: Issued,
  onConnection: (peer: RawPeer) => void,
  address = '127.0.0.10',
): Promise<RawOrigin> {
  const peers: RawPeer[] = []
  const sockets = new Set<Duplex>()
  const options = { key: certificate.keyPem, cert: certificate.pem, ALPNProtocols: ['h2'] }
  const server = tls.createServer(options, (socket) => {
    socket.on('error', () => {})
    sockets.add(socket)
    const peer = new RawPeer(socket, true)
    peers.push(peer)
    onConnection(peer)
  })
  server.on('tlsClientError', () => {})
  server.listen(0, address)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : 0,
    peers,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
