/** Content codings undone: what every reader would make of the bytes, or nothing at all, and never more than there is room for. */

import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DecodeLimits, decode } from '../../src/inspect/decode.ts'

const LIMITS: DecodeLimits = { bytes: 4 * 1024 * 1024, ratio: 100, layers: 1 }
const RUNS = Number(process.env.FUZZ_RUNS ?? 100)

const QUALITY = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 }
const CODERS = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  // Its best is slow.
  br: (bytes: Buffer) => zlib.brotliCompressSync(bytes, { params: QUALITY }),
  zstd: zlib.zstdCompressSync,
} as const
type Coding = keyof typeof CODERS
const ALL = Object.keys(CODERS) as Coding[]
const JSON_TEXT = Buffer.from(JSON.stringify({ model: 'eu.test', text: 'grüße '.repeat(2_000) }))

const read = (bytes: Buffer, coding: string, limits: Partial<DecodeLimits> = {}) =>
  decode(bytes, coding, true, { ...LIMITS, ...limits })

describe.each(ALL)('%s', (coding) => {
  const coded = CODERS[coding](JSON_TEXT)

  test('a whole body', async () => {
    const beside = coding === 'br' && { beside: null }
    expect(await read(coded, coding)).toEqual({ bytes: JSON_TEXT, complete: true, ...beside })
    expect(await read(CODERS[coding](Buffer.alloc(0)), coding)).toEqual({
      ...beside,
      bytes: Buffer.alloc(0),
      complete: true,
    })
  })

  test('the name in any case, with blanks', async () => {
    expect(await read(coded, ` ${coding.toUpperCase()}\t`)).toMatchObject({ complete: true })
  })

  test.each([
    ['a byte behind it', Buffer.concat([coded, Buffer.from([0])])],
    ['many bytes behind it', Buffer.concat([coded, Buffer.alloc(100_000, 'x')])],
    ['the same once more', Buffer.concat([coded, coded])],
    ['an empty one before it', Buffer.concat([CODERS[coding](Buffer.alloc(0)), coded])],
    ['its last byte missing', coded.subarray(0, -1)],
    ['half of it', coded.subarray(0, coded.length / 2)],
    ['nothing', Buffer.alloc(0)],
    ['plain text', JSON_TEXT],
  ])('%s: malformed', async (_, bytes) => {
    expect(await read(bytes, coding)).toBe('malformed')
  })

  test('one of the other codings: malformed', async () => {
    for (const other of ALL) {
      if (other === coding) continue
      expect(await read(CODERS[other](JSON_TEXT), coding)).toBe('malformed')
    }
  })

  test('the beginning of one gives the beginning of the text', async () => {
    const noise = Buffer.alloc(300_000)
    for (let i = 0, x = 1; i < noise.length; i++) {
      x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0
      noise[i] = 0x20 + ((x >>> 16) & 0x3f)
    }
    const whole = CODERS[coding](noise)
    const result = await decode(whole.subarray(0, -10), coding, false, LIMITS)
    if (typeof result === 'string') return expect.unreachable(result)
    expect(result.complete).toBe(false)
    expect(result.bytes.length).toBeGreaterThan(100_000)
    expect(noise.subarray(0, result.bytes.length).equals(result.bytes)).toBe(true)
  })

  test('no more is decoded than there is room for', async () => {
    const result = await read(coded, coding, { bytes: 1_000 })
    expect(result).toMatchObject({ bytes: JSON_TEXT.subarray(0, 1_000), complete: false })
    expect(await read(coded, coding, { bytes: JSON_TEXT.length })).toMatchObject({ complete: true })
  })

  test('a bomb', async () => {
    const bomb = CODERS[coding](Buffer.alloc(50_000_000))
    expect(bomb.length).toBeLessThan(100_000)
    const before = process.memoryUsage().arrayBuffers
    expect(await read(bomb, coding, { ratio: 10, bytes: 2 ** 26 })).toBe('bomb')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
    expect(await read(CODERS[coding](Buffer.alloc(60_000)), coding, { ratio: 1 })).toMatchObject({
      complete: true,
    })
  })

  test('whatever is changed in it: another text is never taken for whole', async () => {
    const change = fc.record({ at: fc.nat(1_000), xor: fc.integer({ min: 1, max: 255 }) })
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 600 }),
      change,
      async (text, { at, xor }) => {
        const bytes = CODERS[coding](Buffer.from(text))
        const place = at % bytes.length
        bytes[place] = (bytes[place] ?? 0) ^ xor
        const result = await read(bytes, coding)
        // The other two have no checksum by default: all that can be asked of them is an answer.
        if (typeof result === 'string' || (coding !== 'gzip' && coding !== 'deflate')) return
        expect(result).toEqual({ bytes: Buffer.from(text), complete: true })
      },
    )
    await fc.assert(property, { numRuns: RUNS })
  })

  test('random bytes give an answer', async () => {
    const starts = [Buffer.alloc(0), coded.subarray(0, 12), coded.subarray(0, 40)]
    const property = fc.asyncProperty(
      fc.constantFrom(...starts),
      fc.uint8Array({ maxLength: 200 }),
      fc.boolean(),
      async (start, bytes, complete) => {
        const all = Buffer.concat([start, bytes])
        const result = await decode(all, coding, complete, LIMITS)
        if (typeof result !== 'string')
          expect(result.bytes.length).toBeLessThanOrEqual(LIMITS.bytes)
      },
    )
    await fc.assert(property, { numRuns: RUNS })
  })
})

describe('gzip, beyond the data', () => {
  const body = zlib.gzipSync(JSON_TEXT).subarray(10)
  const header = (flags: number, ...rest: number[]) =>
    Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, ...rest]), body])

  test.each([
    ['a name', header(0x08, 0x61, 0), [0x61, 0]],
    ['a comment', header(0x10, 0), [0]],
    ['an extra field', header(0x04, 2, 0, 1, 2), [2, 0, 1, 2]],
    ['all of them', header(0x1c, 0, 0, 0x61, 0, 0x62, 0), [0, 0, 0x61, 0, 0x62, 0]],
    ['that it is text', header(0x01), null],
  ])('%s is skipped, and told', async (_, bytes, beside) => {
    const told = beside && { beside: Buffer.from(beside) }
    expect(await read(bytes, 'gzip')).toEqual({ bytes: JSON_TEXT, complete: true, ...told })
    expect(await read(bytes, 'x-gzip')).toMatchObject({ complete: true })
  })

  test.each([
    ['a reserved flag', header(0x20)],
    ['a checksum of the header', header(0x02, 0, 0)],
    ['another method', Buffer.concat([Buffer.from([0x1f, 0x8b, 7]), header(0).subarray(3)])],
    [
      'a name without an end',
      Buffer.concat([header(0x08).subarray(0, 10), Buffer.alloc(5_000, 1)]),
    ],
    ['an extra field beyond the end', header(0x04, 0xff, 0xff).subarray(0, 100)],
    ['raw deflated data', zlib.deflateRawSync(JSON_TEXT)],
  ])('%s: malformed', async (_, bytes) => {
    expect(await read(bytes, 'gzip')).toBe('malformed')
  })

  test('of layers all is told; of Brotli nobody knows', async () => {
    const named = header(0x08, 0x61, 0)
    const twice = await read(zlib.gzipSync(named), 'gzip, gzip', { layers: 2 })
    expect(twice).toMatchObject({ beside: Buffer.from('a\0') })
    const br = zlib.brotliCompressSync(named)
    expect(await read(br, 'gzip, br', { layers: 2 })).toMatchObject({
      bytes: JSON_TEXT,
      beside: null,
    })
  })

  test('raw data is not deflate, whatever some senders think', async () => {
    expect(await read(zlib.deflateRawSync(JSON_TEXT), 'deflate')).toBe('malformed')
  })
})

describe('codings', () => {
  test.each([
    ...['identity', '', 'compress', 'snappy', 'gzip;q=1', '"gzip"', 'aws-chunked', 'gzip,'],
    ...['gzip, gzip', 'gzip, identity', 'identity, gzip'],
  ])('%j is not undone', async (coding) => {
    expect(await read(zlib.gzipSync(JSON_TEXT), coding)).toBe('coding')
  })

  test('several are, in their order, as far as the limit goes', async () => {
    const twice = zlib.brotliCompressSync(zlib.gzipSync(JSON_TEXT))
    const want = { bytes: JSON_TEXT, complete: true }
    expect(await read(twice, 'gzip, br', { layers: 2 })).toMatchObject(want)
    expect(await read(twice, 'br, gzip', { layers: 2 })).toBe('malformed')
    expect(await read(twice, 'gzip, br')).toBe('coding')
    const deep = zlib.gzipSync(zlib.gzipSync(Buffer.alloc(40_000_000)))
    expect(await read(deep, 'gzip, gzip', { layers: 2 })).toBe('bomb')
  })
})

test('a zstd window beyond what HTTP allows (RFC 9659) is refused', async () => {
  const { ZSTD_c_windowLog, ZSTD_c_enableLongDistanceMatching } = zlib.constants
  const params = { [ZSTD_c_windowLog]: 27, [ZSTD_c_enableLongDistanceMatching]: 1 }
  const noise = Buffer.alloc(9_000_000, 'abc')
  const stream = zlib.createZstdCompress({ params })
  const pieces: Buffer[] = []
  stream.on('data', (piece: Buffer) => pieces.push(piece))
  stream.end(noise)
  await new Promise((resolve) => stream.on('end', resolve))
  expect(await read(Buffer.concat(pieces), 'zstd', { ratio: 1e6, bytes: 2 ** 25 })).toBe(
    'malformed',
  )
})
