/**
 * An origin that keeps every byte it gets, and reads them with llhttp: the second opinion about how many requests there are, and where
 * each ends. It answers one after the other.
 */

import type { Socket } from 'node:net'
import { type LlhttpMessage, type LlhttpRead, readWithLlhttp } from '../proxy/http1/llhttp.ts'
import type { Issued } from '../tls/support.ts'
import { type Origin, rawOrigin } from './origins.ts'

export interface RecordingOrigin extends AsyncDisposable {
  readonly port: number
  /** Connections that are open now. */
  readonly open: () => number
  /** What came on each connection since the last `forget`, as latin-1. */
  readonly bytes: () => string[]
  /** The same as requests, whole or begun. @throws when llhttp refuses the bytes */
  readonly requests: () => LlhttpMessage[]
  /** Connections that are still open go on being read where they are. */
  forget(): void
  /** Says that on every open connection. */
  sayUnasked(text: string): void
}

export interface RecordingOptions {
  readonly address?: string
  /** Null for plain TCP. */
  readonly certificate?: Issued | null
  /** What the answer to each whole request is, as latin-1; null for silence. Default: 200 with the request's number on its connection. */
  readonly answer?: (request: LlhttpMessage, socket: Socket) => string | null
  /** What to say to a request whose head alone is there; null, the default, waits for its end. */
  readonly early?: (request: LlhttpMessage, socket: Socket) => string | null
}

interface Connection {
  text: string
  answered: number
}

export async function recordingOrigin(options: RecordingOptions = {}): Promise<RecordingOrigin> {
  const { address = '127.0.0.10', certificate = null, answer = ok, early } = options
  const connections = new Set<Connection>()
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    const connection: Connection = { text: '', answered: 0 }
    connections.add(connection)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (piece: Buffer) => {
      connections.add(connection)
      connection.text += piece.toString('latin1')
      // What llhttp refuses is for the test to find: here it is only not answered.
      for (const message of read(connection).messages.slice(connection.answered)) {
        const say = message.complete ? answer : early
        const said = say?.(message, socket)
        if (said === undefined || (said === null && !message.complete)) break
        connection.answered++
        if (said !== null) socket.write(said, 'latin1')
      }
    })
  }
  const origin: Origin = await rawOrigin(serve, {
    address,
    ...(certificate ? { certificate } : {}),
  })
  return {
    port: origin.port,
    open: origin.open,
    bytes: () => [...connections].map(({ text }) => text).filter((text) => text !== ''),
    requests: () =>
      [...connections].flatMap((connection) => {
        const { messages, error } = read(connection)
        if (error !== null) throw new Error(`llhttp refuses what came from the proxy: ${error}`)
        return messages
      }),
    forget() {
      for (const connection of connections) {
        connection.text = ''
        connection.answered = 0
      }
      connections.clear()
    },
    sayUnasked(text) {
      for (const socket of sockets) socket.write(text, 'latin1')
    },
    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  }
}

function read({ text }: Connection): LlhttpRead {
  return readWithLlhttp(Buffer.from(text, 'latin1'), null)
}

function ok(request: LlhttpMessage): string {
  const [method, target] = request.start
  const body = `${method} ${target}`
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`
  return method === 'HEAD' ? head : head + body
}
