/** Codings undone and done again on the way. */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { openDecoders, openEncoders, TooMuchDecoded } from '../../../src/inspect/redact/coded.ts'

const LIMITS = { bytes: 1024 * 1024, ratio: 100, layers: 2 }
const BODY = Buffer.from('grüße '.repeat(5000))

async function pass(bytes: Buffer, streams: readonly NodeJS.ReadWriteStream[]): Promise<Buffer> {
  const out: Buffer[] = []
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.subarray(i * 1000, i * 1000 + 1000),
  )
  await pipeline([
    Readable.from(pieces),
    ...streams,
    async (source: AsyncIterable<Buffer>) => {
      for await (const piece of source) out.push(piece)
    },
  ])
  return Buffer.concat(out)
}

test.each(['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'gzip, br', ' ZSTD,identity, deflate ', ''])(
  'coded as `%s`, there and back',
  async (coding) => {
    const coded = await pass(BODY, openEncoders(coding) ?? [])
    if (coding !== '') expect(coded.length).toBeLessThan(BODY.length / 2)
    expect((await pass(coded, openDecoders(coding, LIMITS) ?? [])).equals(BODY)).toBe(true)
  },
)

test('several members of gzip', async () => {
  const coded = Buffer.concat([zlib.gzipSync('a'), zlib.gzipSync('b')])
  expect(String(await pass(coded, openDecoders('gzip', LIMITS) ?? []))).toBe('ab')
})

test('what is unknown, or too deep', () => {
  expect(openDecoders('compress', LIMITS)).toBeNull()
  expect(openDecoders('gzip, gzip, gzip', LIMITS)).toBeNull()
  expect(openEncoders('aws-chunked')).toBeNull()
})

test.each([
  ['gzip', zlib.gzipSync(Buffer.alloc(8 * 1024 * 1024))],
  ['br', zlib.brotliCompressSync(Buffer.alloc(8 * 1024 * 1024))],
  ['zstd', zlib.zstdCompressSync(Buffer.alloc(8 * 1024 * 1024))],
  ['gzip, gzip', zlib.gzipSync(zlib.gzipSync(Buffer.alloc(8 * 1024 * 1024)))],
])('a bomb in %s ends', async (coding, bomb) => {
  for (const limits of [LIMITS, { ...LIMITS, bytes: 1e9 }]) {
    await expect(pass(bomb, openDecoders(coding, limits) ?? [])).rejects.toThrow(TooMuchDecoded)
  }
})

test.each(['gzip', 'deflate', 'br'])('%s that is cut, or none, is an error', async (coding) => {
  const coded = await pass(BODY, openEncoders(coding) ?? [])
  const read = (bytes: Buffer) => pass(bytes, openDecoders(coding, LIMITS) ?? [])
  await expect(read(coded.subarray(0, -6))).rejects.toThrow()
  await expect(read(Buffer.from('plain text, not coded at all'))).rejects.toThrow()
})
