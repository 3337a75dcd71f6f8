import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UNTIL_CLOSE, UNTOLD } from '../../../src/proxy/exchange/message.ts'
import { BodyReader } from '../../../src/proxy/http1/body.ts'
import { MessageWriter } from '../../../src/proxy/http1/message-writer.ts'
import { bytes, lines } from './support.ts'

const HEAD = 'HEAD caf\xe9\r\n\r\n'
const BIG = 'b'.repeat(100_000)

let server: net.Server
let near: net.Socket
let far: net.Socket

beforeEach(async () => {
  server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  near = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const accepted = once(server, 'connection')
  await once(near, 'connect')
  far = (await accepted)[0] as net.Socket
})

afterEach(async () => {
  near.destroy()
  far.destroy()
  await new Promise((resolve) => server.close(resolve))
})

/** Everything the other side gets until the end. */
async function received(): Promise<string> {
  near.end()
  const pieces: Buffer[] = []
  for await (const piece of far) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('latin1')
}

/** `data` writes whole pieces; `flush` as often as it stands there. */
type Step = { readonly data: string } | 'flush' | 'finish'

function write(framing: number, steps: readonly Step[]): MessageWriter {
  const writer = new MessageWriter(near, framing, HEAD)
  for (const step of steps) {
    if (step === 'flush') writer.flush()
    else if (step === 'finish') writer.finish(null, null)
    else writer.payload(bytes(step.data), 0, step.data.length)
  }
  return writer
}

describe('what arrives', () => {
  test.each([
    { name: 'a head alone', framing: 0, steps: ['flush'], want: HEAD },
    { name: 'a head and no payload', framing: 0, steps: ['finish', 'flush'], want: HEAD },
    {
      name: 'a body',
      framing: 5,
      steps: [{ data: 'hello' }, 'finish', 'flush'],
      want: `${HEAD}hello`,
    },
    {
      name: 'a body in pieces, flushed in between',
      framing: 5,
      steps: ['flush', { data: 'he' }, 'flush', { data: 'llo' }, 'finish', 'flush'],
      want: `${HEAD}hello`,
    },
    {
      name: 'chunks',
      framing: UNTOLD,
      steps: [{ data: 'he' }, 'flush', { data: 'llo' }, 'finish', 'flush'],
      want: `${HEAD}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
    },
    {
      name: 'an empty piece makes no chunk: that would be the last one',
      framing: UNTOLD,
      steps: [{ data: '' }, 'flush', { data: 'a' }, { data: '' }, 'finish', 'flush'],
      want: `${HEAD}1\r\na\r\n0\r\n\r\n`,
    },
    {
      name: 'no payload in chunks',
      framing: UNTOLD,
      steps: ['finish', 'flush'],
      want: `${HEAD}0\r\n\r\n`,
    },
    {
      name: 'a body cut short is not finished',
      framing: UNTOLD,
      steps: [{ data: 'he' }, 'flush'],
      want: `${HEAD}2\r\nhe\r\n`,
    },
    {
      name: 'until close',
      framing: UNTIL_CLOSE,
      steps: [{ data: 'hello' }, 'finish', 'flush'],
      want: `${HEAD}hello`,
    },
    {
      name: 'much at once',
      framing: UNTOLD,
      steps: [{ data: BIG }, { data: 'x' }, 'finish', 'flush'],
      want: `${HEAD}186a0\r\n${BIG}\r\n1\r\nx\r\n0\r\n\r\n`,
    },
    { name: 'nothing before a flush', framing: 5, steps: [{ data: 'hello' }], want: '' },
    { name: 'nothing twice', framing: 0, steps: ['flush', 'flush', 'flush'], want: HEAD },
  ] satisfies { name: string; framing: number; steps: Step[]; want: string }[])(
    '$name',
    async ({ framing, steps, want }) => {
      const writer = write(framing, steps)
      expect(await received()).toBe(want)
      expect(writer.bytes).toBe(want.length)
    },
  )
})

test('only the given part of a buffer is sent', async () => {
  const writer = new MessageWriter(near, 3, HEAD)
  writer.payload(bytes('xxabcyy'), 2, 5)
  writer.flush()
  expect(await received()).toBe(`${HEAD}abc`)
})

test('what a flush takes goes out in one write when it is small', () => {
  const sizes: number[] = []
  const write = near.write.bind(near)
  near.write = ((chunk: Buffer | string, ...rest: never[]) => {
    sizes.push(chunk.length)
    return write(chunk, ...rest)
  }) as typeof near.write
  const writer = new MessageWriter(near, UNTOLD, HEAD)
  writer.payload(bytes('hello'), 0, 5)
  writer.finish(null, null)
  writer.flush()
  expect(sizes).toEqual([`${HEAD}5\r\nhello\r\n0\r\n\r\n`.length])
})

test('a reader that does not read is felt, and drain tells when it is over', async () => {
  const writer = new MessageWriter(near, UNTIL_CLOSE, HEAD)
  far.pause()
  let flowing = true
  for (let i = 0; flowing && i < 10_000; i++) {
    writer.payload(Buffer.alloc(64 * 1024), 0, 64 * 1024)
    flowing = writer.flush()
  }
  expect(flowing).toBe(false)
  const drained = once(near, 'drain')
  far.resume()
  await drained
})

test('trailers follow the last chunk, but not those Connection named', async () => {
  const reader = new BodyReader(UNTOLD)
  reader.read(bytes(`0\r\n${lines('X-A: 1', 'X-B: 2')}`), 0)
  const writer = new MessageWriter(near, UNTOLD, HEAD)
  writer.finish(reader.trailers, ['x-a'])
  writer.flush()
  expect(await received()).toBe(`${HEAD}0\r\n${lines('X-B: 2')}`)
})

test('writing to a socket that is gone does not throw', () => {
  near.on('error', () => {})
  near.destroy()
  const writer = new MessageWriter(near, UNTOLD, HEAD)
  writer.payload(bytes(BIG), 0, BIG.length)
  writer.finish(null, null)
  expect(() => writer.flush()).not.toThrow()
})
