/** Clients of PostgreSQL through the proxy: `pg` over a tunnel, and raw messages for what no driver would send. */

import type net from 'node:net'
import { Client, type ClientConfig } from 'pg'
import { openTunnel } from './clients.ts'
import type { TestProxy } from './proxy.ts'

/** A session over a tunnel of CONNECT, or over one that was opened otherwise. */
export async function connectPg(
  proxy: TestProxy,
  authority: string,
  config: ClientConfig = {},
  socket?: net.Socket,
): Promise<Client> {
  const tunnel = socket ?? (await openTunnel(proxy, authority))
  const [host = ''] = authority.split(':')
  const client = new Client({
    user: 'postgres',
    database: 'postgres',
    host,
    ...config,
    stream: () => asConnecting(tunnel),
  } as ClientConfig)
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    tunnel.destroy()
    throw error
  }
  return client
}

/** It is connected already, and says so when it is asked to connect. */
function asConnecting(socket: net.Socket): net.Socket {
  socket.connect = () => {
    queueMicrotask(() => socket.emit('connect'))
    return socket
  }
  return socket
}

/** A StartupMessage of protocol 3. */
export function toStart(
  parameters: Readonly<Record<string, string>>,
  version = 0x0003_0000,
): Buffer {
  const texts = Object.entries(parameters).flatMap(([name, value]) => [`${name}\0`, `${value}\0`])
  const body = Buffer.from(`${texts.join('')}\0`)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length, 0)
  head.writeUInt32BE(version, 4)
  return Buffer.concat([head, body])
}

/** Messages of the server, one after another, as they come over a socket. */
export class PgWire {
  readonly ended: Promise<unknown>
  readonly #socket: net.Socket
  #bytes = Buffer.alloc(0)
  #wake: () => void = () => {}
  #isOver = false

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('data', (piece: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, piece])
      this.#wake()
    })
    this.ended = new Promise((resolve) => {
      const onEnd = () => {
        this.#isOver = true
        this.#wake()
        resolve(null)
      }
      socket.on('end', onEnd)
      socket.on('close', onEnd)
    })
  }

  static open(socket: net.Socket): PgWire {
    return new PgWire(socket)
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.destroy()
  }

  /** The next one, with its head; null when it is over. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const size = this.#bytes.length >= 5 ? this.#bytes.readInt32BE(1) + 1 : Infinity
      if (this.#bytes.length >= size) {
        const message = this.#bytes.subarray(0, size)
        this.#bytes = this.#bytes.subarray(size)
        return message
      }
      if (this.#isOver) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The next of that type; others are passed over. @throws when it is over before */
  async until(letter: string): Promise<Buffer> {
    for (;;) {
      const message = await this.next()
      if (!message) throw new Error(`it has ended before ${letter}`)
      if (message.toString('latin1', 0, 1) === letter) return message
    }
  }

  /** Types of all up to the one that says that the server is ready. */
  async letters(): Promise<string> {
    let heard = ''
    for (;;) {
      const message = await this.next()
      if (!message) return heard
      heard += message.toString('latin1', 0, 1)
      if (heard.endsWith('Z')) return heard
    }
  }
}
