/** A ClientHello in pieces: however it is cut, by TCP or into records, the handshake through the proxy comes about. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse, openTunnel } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'

let lab: Lab
let ca: string
beforeAll(async () => {
  lab = await openLab()
  ca = readFileSync(lab.proxy.ca, 'utf8')
})
afterAll(() => lab[Symbol.asyncDispose]())

const HOST = 'api.de.test'
const at = () => `${HOST}:${lab.https.port}`

/** Cuts the first thing that is written, the hello, and sends piece by piece, each in a packet of its own. */
class Cutting extends Duplex {
  readonly #socket: net.Socket
  readonly #cut: (hello: Buffer) => readonly Buffer[]
  #isFirst = true

  constructor(socket: net.Socket, cut: (hello: Buffer) => readonly Buffer[]) {
    super()
    this.#socket = socket
    this.#cut = cut
    socket.setNoDelay(true)
    socket.on('data', (piece) => this.push(piece))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const pieces = this.#isFirst ? this.#cut(bytes) : [bytes]
    this.#isFirst = false
    this.#send(pieces).then(() => done(), done)
  }

  /** What is written in one turn may go out in one packet. */
  async #send(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise((resolve) => this.#socket.write(piece, resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

async function call(
  socket: net.Socket,
  cut: (hello: Buffer) => readonly Buffer[],
  version: tls.SecureVersion,
): Promise<string> {
  const secure = tls.connect({
    socket: new Cutting(socket, cut),
    ca,
    servername: HOST,
    ALPNProtocols: ['http/1.1'],
    minVersion: version,
    maxVersion: version,
  })
  await once(secure, 'secureConnect')
  const request = `GET /cut HTTP/1.1\r\nHost: ${at()}\r\nConnection: close\r\n\r\n`
  const answer = await converse(secure, request)
  socket.destroy()
  return answer.split('\r\n', 1)[0] ?? ''
}

const HEADER = 5

/** The handshake bytes of one record, as records of so many bytes. */
function toRecords(hello: Buffer, size: number): Buffer[] {
  const message = hello.subarray(HEADER)
  return Array.from({ length: Math.ceil(message.length / size) }, (_, i) => {
    const part = message.subarray(i * size, (i + 1) * size)
    const header = Buffer.from(hello.subarray(0, HEADER))
    header.writeUInt16BE(part.length, 3)
    return Buffer.concat([header, part])
  })
}

const bytewise = (hello: Buffer) => Array.from(hello, (byte) => Buffer.of(byte))

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a ClientHello of %s', (version) => {
  test.each<[string, (hello: Buffer) => Buffer[]]>([
    ['byte by byte', bytewise],
    ['in records of 1 byte, each in a packet', (hello) => toRecords(hello, 1)],
    [
      'in records of 3 bytes, byte by byte',
      (hello) => bytewise(Buffer.concat(toRecords(hello, 3))),
    ],
    ['in records of 100 bytes, in one packet', (hello) => [Buffer.concat(toRecords(hello, 100))]],
  ])('%s', async (_, cut) => {
    expect(await call(await openTunnel(lab.proxy, at()), cut, version)).toBe('HTTP/1.1 200 OK')
  })

  test('in two packets, cut at every byte', async () => {
    let length = 0
    for (let place = 1; length === 0 || place < length; place++) {
      const cut = (hello: Buffer) => {
        length = hello.length
        return [hello.subarray(0, place), hello.subarray(place)]
      }
      const answer = await call(await openTunnel(lab.proxy, at()), cut, version)
      expect(`${place}: ${answer}`).toBe(`${place}: HTTP/1.1 200 OK`)
    }
  }, 120_000)

  test('right behind CONNECT, in the same packet', async () => {
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    await once(socket, 'connect')
    const connect = Buffer.from(`CONNECT ${at()} HTTP/1.1\r\nHost: ${at()}\r\n\r\n`)
    const secure = tls.connect({
      socket: new Early(socket, connect),
      ca,
      servername: HOST,
      minVersion: version,
      maxVersion: version,
    })
    await once(secure, 'secureConnect')
    const request = `GET /early HTTP/1.1\r\nHost: ${at()}\r\nConnection: close\r\n\r\n`
    expect(await converse(secure, request)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

/** Sends CONNECT and the hello as one, and keeps what the proxy says to CONNECT to itself. */
class Early extends Cutting {
  #answer = ''

  constructor(socket: net.Socket, connect: Buffer) {
    super(socket, (hello) => [Buffer.concat([connect, hello])])
  }

  override push(piece: Buffer | null): boolean {
    if (piece === null || this.#answer.endsWith('\r\n\r\n')) return super.push(piece)
    const text = this.#answer + piece.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    this.#answer = end < 0 ? text : text.slice(0, end + 4)
    const rest = Buffer.from(text.slice(this.#answer.length), 'latin1')
    return rest.length > 0 ? super.push(rest) : true
  }
}
