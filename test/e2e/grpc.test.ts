/** gRPC end to end with its own client and server for Node, through CONNECT: every kind of call, and every way in which one ends. */

import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Lab, openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'

const MIB = 1024 * 1024

const same = (bytes: Buffer) => bytes
const kind = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/lab.Echo/${path}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
})

/** Messages are bytes: what they mean is not what is tested. */
const SERVICE = {
  unary: kind('Unary', false, false),
  down: kind('Down', false, true),
  up: kind('Up', true, false),
  both: kind('Both', true, true),
}

let lab: Lab
let server: grpc.Server
let target: string
let credentials: grpc.ChannelCredentials
/** Of calls that wait for ever: how many have begun, and been cancelled. */
const waiting = { begun: 0, cancelled: 0 }

beforeAll(async () => {
  lab = await openLab()
  server = new grpc.Server({ 'grpc.max_receive_message_length': 64 * MIB })
  server.addService(SERVICE, {
    unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      const asked = call.request.toString('latin1', 0, 20)
      if (asked === 'fail') {
        const metadata = new grpc.Metadata()
        metadata.set('why', 'because')
        metadata.set('details-bin', Buffer.of(0, 1, 255))
        return callback({ code: grpc.status.NOT_FOUND, details: 'nothing here, 100%', metadata })
      }
      if (asked === 'wait') return wait(call)
      const trailers = new grpc.Metadata()
      trailers.set('count', String(call.request.length))
      const head = new grpc.Metadata()
      head.set('got', String(call.metadata.get('say')[0] ?? ''))
      call.sendMetadata(head)
      callback(null, call.request, trailers)
    },
    async down(call: grpc.ServerWritableStream<Buffer, Buffer>) {
      const [count = 0, size = 0] = call.request.toString().split('x').map(Number)
      if (count === 0) return wait(call)
      for (let i = 0; i < count && !call.cancelled; i++) {
        const flowing = call.write(Buffer.alloc(size, i))
        if (!flowing) await new Promise((resolve) => call.once('drain', resolve))
      }
      if (size === 13) return call.emit('error', { code: grpc.status.ABORTED, details: 'half-way' })
      call.end()
    },
    up(call: grpc.ServerReadableStream<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) {
      let bytes = 0
      call.on('data', (message: Buffer) => {
        bytes += message.length
      })
      call.on('end', () => callback(null, Buffer.from(String(bytes))))
    },
    both(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      call.on('data', (message: Buffer) => call.write(message))
      call.on('end', () => call.end())
      call.on('error', () => {})
    },
  })
  const { pem, keyPem } = lab.certificate('api.de.test')
  const pair = { cert_chain: Buffer.from(pem), private_key: Buffer.from(keyPem) }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      '127.0.0.10:0',
      grpc.ServerCredentials.createSsl(null, [pair]),
      (error, bound) => (error ? reject(error) : resolve(bound)),
    )
  })
  target = `api.de.test:${port}`
  credentials = grpc.credentials.createSsl(readFileSync(lab.proxy.ca))
  process.env.grpc_proxy = lab.proxy.url
})

afterAll(async () => {
  delete process.env.grpc_proxy
  server.forceShutdown()
  await lab[Symbol.asyncDispose]()
})

function wait(call: EventEmitter): void {
  waiting.begun++
  call.on('cancelled', () => {
    waiting.cancelled++
  })
}

const Client = grpc.makeGenericClientConstructor(SERVICE, 'Echo')
type Echo = InstanceType<typeof Client> & {
  unary(
    message: Buffer,
    ...more: [
      ...([grpc.Metadata] | []),
      ...([grpc.CallOptions] | []),
      (error: grpc.ServiceError | null, message?: Buffer) => void,
    ]
  ): grpc.ClientUnaryCall
  down(message: Buffer, options?: grpc.CallOptions): grpc.ClientReadableStream<Buffer>
  up(
    callback: (error: grpc.ServiceError | null, message?: Buffer) => void,
  ): grpc.ClientWritableStream<Buffer>
  both(): grpc.ClientDuplexStream<Buffer, Buffer>
}

let client: Echo
beforeEach(() => {
  const options = { 'grpc.max_receive_message_length': 64 * MIB }
  client = new Client(target, credentials, options) as unknown as Echo
})
afterEach(() => client.close())

/** A unary call to its end. */
function call(
  message: Buffer | string,
  options: grpc.CallOptions = {},
  metadata = new grpc.Metadata(),
) {
  return new Promise<{
    message: Buffer | undefined
    error: grpc.ServiceError | null
    head: grpc.Metadata | undefined
    trailers: grpc.Metadata | undefined
  }>((resolve) => {
    let head: grpc.Metadata | undefined
    let answered: { error: grpc.ServiceError | null; message: Buffer | undefined } | undefined
    client
      .unary(Buffer.from(message), metadata, options, (error, got) => {
        answered = { error, message: got }
      })
      .on('metadata', (got) => {
        head = got
      })
      .on('status', ({ metadata: trailers }) =>
        setImmediate(() =>
          resolve({ error: null, message: undefined, ...answered, head, trailers }),
        ),
      )
  })
}

describe('unary calls', () => {
  test('message, metadata both ways and trailers arrive', async () => {
    const metadata = new grpc.Metadata()
    metadata.set('say', 'hello')
    const { message, error, head, trailers } = await call('a message', {}, metadata)
    expect(error).toBeNull()
    expect(message?.toString()).toBe('a message')
    expect(head?.get('got')).toEqual(['hello'])
    expect(trailers?.get('count')).toEqual(['9'])
    expect(await lab.proxy.settled(1)).toMatchObject({
      method: 'POST',
      path: '/lab.Echo/Unary',
      protocol: 'HTTP/2',
      outcome: 'forwarded',
      status: 200,
    })
  })

  test('an error in trailers alone', async () => {
    const { error } = await call('fail')
    expect(error).toMatchObject({ code: grpc.status.NOT_FOUND, details: 'nothing here, 100%' })
    expect(error?.metadata.get('why')).toEqual(['because'])
    expect(error?.metadata.get('details-bin')).toEqual([Buffer.of(0, 1, 255)])
  })

  test('a method that is not there', async () => {
    const missing = new Promise((resolve) =>
      client.makeUnaryRequest('/lab.Echo/None', same, same, Buffer.of(), resolve),
    )
    expect(await missing).toMatchObject({ code: grpc.status.UNIMPLEMENTED })
  })

  test.each([0, 1, 65_535, 65_536, 5 * MIB, 40 * MIB])('a message of %d bytes', async (size) => {
    const message = Buffer.alloc(size, 'message ')
    const got = await call(message)
    expect(got.error).toBeNull()
    expect(got.message?.equals(message)).toBe(true)
  })

  test('a hundred at once on one connection', async () => {
    const got = await Promise.all(Array.from({ length: 100 }, (_, i) => call(`call ${i}`)))
    expect(got.map(({ message }) => message?.toString())).toEqual(
      Array.from({ length: 100 }, (_, i) => `call ${i}`),
    )
  })
})

describe('a call that does not end', () => {
  test('its deadline passes: the server learns of it', async () => {
    const before = waiting.cancelled
    const { error } = await call('wait', { deadline: Date.now() + 500 })
    expect(error?.code).toBe(grpc.status.DEADLINE_EXCEEDED)
    await eventually('the server to be told', () => waiting.cancelled > before)
  })

  test('it is cancelled: the server learns of it', async () => {
    const before = { ...waiting }
    const stream = client.down(Buffer.from('0x0'))
    const failed = new Promise((resolve) => stream.on('error', resolve))
    await eventually('the call to begin', () => waiting.begun > before.begun)
    stream.cancel()
    expect(await failed).toMatchObject({ code: grpc.status.CANCELLED })
    await eventually('the server to be told', () => waiting.cancelled > before.cancelled)
    const { length } = lab.proxy.flows()
    expect(await lab.proxy.settled(length)).toMatchObject({ outcome: 'cancelled' })
  })

  test('cancelled in the middle of its answers', async () => {
    const stream = client.down(Buffer.from(`100000x1000`))
    let got = 0
    const failed = new Promise((resolve) => stream.on('error', resolve))
    stream.on('data', () => {
      if (++got === 50) stream.cancel()
    })
    expect(await failed).toMatchObject({ code: grpc.status.CANCELLED })
    expect((await call('still here')).message?.toString()).toBe('still here')
  })
})

describe('streams', () => {
  test('from the server, with its status at the end', async () => {
    const messages = await client.down(Buffer.from('1000x2000')).toArray()
    expect(messages).toHaveLength(1000)
    expect(messages.every((message, i) => message.equals(Buffer.alloc(2000, i)))).toBe(true)
  })

  test('from the server, read slowly', async () => {
    let bytes = 0
    for await (const message of client.down(Buffer.from('40x200000'))) {
      bytes += (message as Buffer).length
      await sleep(10)
    }
    expect(bytes).toBe(40 * 200_000)
  })

  test('from the server, which fails half-way', async () => {
    const stream = client.down(Buffer.from('3x13'))
    const got: Buffer[] = []
    stream.on('data', (message) => got.push(message))
    const error = await new Promise((resolve) => stream.on('error', resolve))
    expect(error).toMatchObject({ code: grpc.status.ABORTED, details: 'half-way' })
    expect(got).toHaveLength(3)
  })

  test('from the client', async () => {
    const answer = await new Promise((resolve, reject) => {
      const stream = client.up((error, message) => (error ? reject(error) : resolve(message)))
      for (let i = 0; i < 500; i++) stream.write(Buffer.alloc(3_000))
      stream.end()
    })
    expect(String(answer)).toBe(String(500 * 3_000))
  })

  test('both ways: every message is answered before the next is sent', async () => {
    const stream = client.both()
    const answers = stream[Symbol.asyncIterator]()
    for (let i = 0; i < 100; i++) {
      stream.write(Buffer.from(`turn ${i}`))
      expect(String((await answers.next()).value)).toBe(`turn ${i}`)
    }
    stream.end()
    expect((await answers.next()).done).toBe(true)
  })

  test('both ways: a lot at once', async () => {
    const stream = client.both()
    for (let i = 0; i < 300; i++) stream.write(Buffer.alloc(20_000, i))
    stream.end()
    const answers = await stream.toArray()
    expect(answers).toHaveLength(300)
    expect(answers.every((message, i) => message.equals(Buffer.alloc(20_000, i)))).toBe(true)
  })
})

test('a call that is refused fails with what the status means', async () => {
  const port = target.split(':')[1]
  const abroad = new Client(`api.us.test:${port}`, credentials) as unknown as Echo
  const error = await new Promise((resolve) => abroad.unary(Buffer.of(), resolve))
  // 403 means PERMISSION_DENIED to gRPC.
  expect(error).toMatchObject({ code: grpc.status.PERMISSION_DENIED })
  abroad.close()
})

test('nothing is left behind', async () => {
  const { length } = lab.proxy.flows()
  await lab.proxy.settled(length)
  const metrics = await (await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)).text()
  expect(metrics).toMatch(/^cordon_held_bytes\{what="http2"\} 0$/m)
})
