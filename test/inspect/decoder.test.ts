/** Bodies are given to their readers decoded, or as they were; many at once wait for one another, and none is forgotten. */

import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { BodyDecoder } from '../../src/inspect/decoder.ts'
import type { BodyView } from '../../src/model/request-view.ts'

const LIMITS = { bytes: 4 * 1024 * 1024, ratio: 100, layers: 1 }
const body = (bytes: Uint8Array, contentEncoding: string): BodyView => ({
  bytes,
  complete: true,
  contentType: 'application/json',
  contentEncoding,
})

function decoder() {
  const faults: string[] = []
  return { faults, it: new BodyDecoder({ limits: LIMITS, onFault: (fault) => faults.push(fault) }) }
}

test('the reader gets the body without its coding, and what it gives comes back', async () => {
  const { it, faults } = decoder()
  const seen = await it.decode(body(zlib.gzipSync('{}'), 'gzip'), (plain) => plain)
  expect(seen).toEqual({
    bytes: Buffer.from('{}'),
    complete: true,
    contentType: 'application/json',
    contentEncoding: null,
  })
  expect(await it.decode(body(zlib.gzipSync('{}'), 'gzip'), async () => 'later')).toBe('later')
  expect(faults).toEqual([])
})

test('or as it was, and somebody is told', async () => {
  const { it, faults } = decoder()
  const broken = body(Buffer.from('{}'), 'gzip')
  expect(await it.decode(broken, (plain) => plain)).toBe(broken)
  const unknown = body(Buffer.from('{}'), 'snappy')
  expect(await it.decode(unknown, (plain) => plain)).toBe(unknown)
  expect(faults).toEqual(['malformed', 'coding'])
})

test('a reader that throws gives its room back', async () => {
  const { it } = decoder()
  const large = body(zlib.gzipSync(Buffer.alloc(50_000, 'x')), 'gzip')
  const fail = () => {
    throw new Error('read')
  }
  for (let i = 0; i < 500; i++) await expect(it.decode(large, fail)).rejects.toThrow('read')
})

test('many at once are all decoded', async () => {
  const { it, faults } = decoder()
  // Each may become four mebibytes: there is room for 32 of them.
  const noise = Buffer.alloc(60_000)
  for (let i = 0, x = 1; i < noise.length; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0
    noise[i] = x >>> 24
  }
  const coded = body(zlib.gzipSync(noise), 'gzip')
  expect(coded.bytes.length).toBeGreaterThan(42_000)
  const all = Array.from({ length: 200 }, () => it.decode(coded, ({ bytes }) => bytes.length))
  expect(await Promise.all(all)).toEqual(Array(200).fill(60_000))
  expect(faults).toEqual([])
})
