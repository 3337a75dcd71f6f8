/**
 * HTTP/2 by hand: frames and header blocks that no library would send, and what comes back. Blocks are written as literals without
 * Huffman coding and without a table (RFC 7541 section 6.2.2), so that every byte of a name or value is what the test says.
 */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { FrameReader } from '../../src/proxy/http2/frame-reader.ts'
import { FLAG, FRAME, PREFACE } from '../../src/proxy/http2/frames.ts'
import { HpackDecoder } from '../../src/proxy/http2/hpack/decoder.ts'
import { block as blockOf, frame } from './http2-peer.ts'
import { eventually } from './wait.ts'

export type List = readonly (readonly [name: string, value: string])[]

/** A header block. @param list names and values, latin-1 */
export function block(list: List): Buffer {
  return blockOf(...list.flat())
}

export function headers(stream: number, list: List, endStream = true): Buffer {
  const flags = FLAG.endHeaders | (endStream ? FLAG.endStream : 0)
  return frame(FRAME.headers, flags, stream, block(list))
}

export function data(stream: number, payload: string, endStream = true): Buffer {
  return frame(FRAME.data, endStream ? FLAG.endStream : 0, stream, payload)
}

/** What a peer has said on one stream, or on the connection. */
export interface Heard {
  /** Header lists in order, names and values in turn. */
  readonly lists: (readonly string[])[]
  body: string
  ended: boolean
  /** The code of RST_STREAM or GOAWAY; null for none. */
  code: number | null
}

/** Speaks as a client over a socket; hears what the other side says, stream by stream. Stream 0 is the connection. */
export class RawHttp2 {
  readonly socket: Socket
  readonly streams = new Map<number, Heard>()
  isClosed = false
  #hasSettings = false

  /** @param settings payload of the SETTINGS behind the preface */
  constructor(socket: Socket, settings: Buffer | string = '') {
    this.socket = socket
    const decoder = new HpackDecoder(1_000_000)
    let dataStream = 0
    const reader = new FrameReader({
      onDataBegin: (stream) => {
        dataStream = stream
      },
      onData: (chunk, start, end) => {
        this.on(dataStream).body += chunk.toString('latin1', start, end)
      },
      onDataEnd: (endStream) => {
        this.on(dataStream).ended ||= endStream
      },
      onFrame: (type, flags, stream, payload) => {
        const heard = this.on(stream)
        if (type === FRAME.headers) {
          heard.lists.push(decoder.decode(payload)?.list ?? ['broken'])
          heard.ended ||= (flags & FLAG.endStream) !== 0
        } else if (type === FRAME.reset) heard.code = payload.readUInt32BE(0)
        else if (type === FRAME.goAway) heard.code = payload.readUInt32BE(4)
        else if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
          this.send(frame(FRAME.settings, FLAG.ack, 0))
          this.#hasSettings = true
        }
      },
      onFault: ({ detail }) => {
        throw new Error(`the proxy sent no HTTP/2: ${detail}`)
      },
    })
    socket.on('data', (chunk: Buffer) => reader.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
    })
    this.send(PREFACE, frame(FRAME.settings, 0, 0, settings))
  }

  /** Once SETTINGS have been exchanged: nothing is said then that the test has not said. */
  async ready(): Promise<void> {
    await eventually('SETTINGS of the proxy', () => this.#hasSettings)
  }

  send(...frames: Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames))
  }

  on(stream: number): Heard {
    let heard = this.streams.get(stream)
    if (!heard) {
      heard = { lists: [], body: '', ended: false, code: null }
      this.streams.set(stream, heard)
    }
    return heard
  }

  /** Once the stream is over, one way or another. */
  async over(stream: number): Promise<Heard> {
    return eventually(`the end of stream ${stream}`, () => {
      const heard = this.on(stream)
      return heard.ended || heard.code !== null || this.isClosed ? heard : null
    })
  }

  async closed(): Promise<void> {
    if (!this.isClosed) await once(this.socket, 'close')
  }
}

/** The `:status` of the last header list that has one. */
export function statusOf({ lists }: Heard): string | undefined {
  return lists.findLast(([first]) => first === ':status')?.[1]
}
