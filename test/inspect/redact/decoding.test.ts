/** Content codings undone as a body passes. */

import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { Decoding, parseCodings } from '../../../src/inspect/redact/decoding.ts'

const BODY = Buffer.from('grüße '.repeat(5000))
const RATIO = 200

const ENCODE = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const

/** Each piece only when there is room for it. @returns what came out, or `fault` */
function read(contentEncoding: string, bytes: Buffer, size = 1000): Promise<Buffer | 'fault'> {
  const decoding = new Decoding(parseCodings(contentEncoding) ?? [], RATIO)
  const out: Buffer[] = []
  let at = 0
  return new Promise((resolve) => {
    const feed = () => {
      while (at < bytes.length) {
        const piece = bytes.subarray(at, at + size)
        at += piece.length
        if (!decoding.write(piece)) return
      }
      decoding.end()
    }
    decoding.start({
      onPiece: (plain) => {
        out.push(plain)
        // A reader that is slow.
        decoding.pause()
        setImmediate(() => decoding.resume())
      },
      onEnd: () => resolve(Buffer.concat(out)),
      onFault: () => resolve('fault'),
      onTaken: () => {},
      onDrain: feed,
    })
    feed()
  })
}

test.each(['gzip', 'deflate', 'br', 'zstd'])('%s, in pieces of any size', async (coding) => {
  const coded = ENCODE[coding as keyof typeof ENCODE](BODY)
  for (const size of [1, 7, 1000, 1e6]) expect(await read(coding, coded, size)).toEqual(BODY)
})

test('deflate without its frame, as many send it', async () => {
  const coded = zlib.deflateRawSync(BODY)
  for (const size of [1, 7, 1000, 1e6]) expect(await read('deflate', coded, size)).toEqual(BODY)
  const both = zlib.gzipSync(coded)
  expect(await read('deflate, gzip', both)).toEqual(BODY)
  const large = Buffer.from(Array.from({ length: 400_000 }, (_, i) => `${i} `).join(''))
  expect((await read('deflate', zlib.deflateRawSync(large), 1e6)).toString()).toBe(String(large))
  expect(await read('deflate', coded.subarray(0, -6))).toBe('fault')
  expect(await read('deflate', coded.subarray(0, 1))).toBe('fault')
  expect(await read('deflate', zlib.deflateRawSync(Buffer.alloc(32 * 1024 * 1024)))).toBe('fault')
})

test('one upon the other, in the order in which they were applied', async () => {
  const coded = zlib.brotliCompressSync(zlib.deflateSync(BODY))
  expect(await read(' Deflate,identity, br ', coded)).toEqual(BODY)
  expect(await read('br, deflate', coded)).toBe('fault')
})

test('several members of gzip', async () => {
  const coded = Buffer.concat([zlib.gzipSync('a'), zlib.gzipSync('b')])
  expect(String(await read('x-gzip', coded, 3))).toBe('ab')
})

test.each([
  [null, []],
  ['', []],
  ['identity', []],
  ['gzip, br, zstd, deflate', ['gzip', 'br', 'zstd', 'deflate']],
  ['compress', null],
  ['aws-chunked', null],
  ['gzip, gzip, gzip, gzip, gzip', null],
])('%j names %j', (text, want) => {
  expect(parseCodings(text)).toEqual(want)
})

test.each(['gzip', 'br', 'zstd'] as const)('a bomb in %s ends', async (coding) => {
  const bomb = ENCODE[coding](Buffer.alloc(32 * 1024 * 1024))
  expect(await read(coding, bomb)).toBe('fault')
  expect(await read(`${coding}, gzip`, zlib.gzipSync(bomb))).toBe('fault')
})

test.each(['gzip', 'deflate', 'br', 'zstd'] as const)('%s that is cut, or none', async (coding) => {
  const coded = ENCODE[coding](BODY)
  expect(await read(coding, coded.subarray(0, -6))).toBe('fault')
  expect(await read(coding, Buffer.from('plain text, not coded at all'))).toBe('fault')
})

test('of those that keep much only so many at once', async () => {
  const quiet = { onPiece: () => {}, onEnd: () => {}, onTaken: () => {}, onDrain: () => {} }
  const open = Array.from({ length: 32 }, () => new Decoding(['br', 'zstd'], RATIO))
  for (const each of open) each.start({ ...quiet, onFault: () => expect.unreachable() })
  expect(await read('br', zlib.brotliCompressSync(BODY))).toBe('fault')
  expect(await read('gzip', zlib.gzipSync(BODY))).toEqual(BODY)
  open[0]?.stop()
  open[0]?.stop()
  // Those that have ended make room as well.
  for (let i = 0; i < 5; i++) {
    expect(await read('br, zstd', zlib.zstdCompressSync(zlib.brotliCompressSync(BODY)))).toEqual(
      BODY,
    )
    expect(await read('zstd', Buffer.from('none'))).toBe('fault')
  }
  for (const each of open) each.stop()
})

test('nothing comes out of what was stopped', async () => {
  const decoding = new Decoding(['gzip'], RATIO)
  const said: string[] = []
  decoding.start({
    onPiece: () => said.push('piece'),
    onEnd: () => said.push('end'),
    onFault: () => said.push('fault'),
    onTaken: () => said.push('taken'),
    onDrain: () => {},
  })
  decoding.write(zlib.gzipSync(BODY))
  decoding.end()
  decoding.stop()
  decoding.write(BODY)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(said).toEqual([])
})
