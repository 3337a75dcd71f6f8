/** What an encoder remembers of the values it has written is bounded, whatever they were cut from. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { FrameBuffer } from '../../../src/proxy/http2/frame-buffer.ts'
import { MAX_FRAME_BYTES } from '../../../src/proxy/http2/frames.ts'
import { HpackEncoder } from '../../../src/proxy/http2/hpack/encoder.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const SESSIONS = 10
const NAMES = 100
/** A head of 60,000 bytes, as it comes from a socket. */
const head = () => Buffer.alloc(60_000, 'x').toString('latin1')

test.each([
  ['long values', (text: string) => text],
  ['short values of long heads', (text: string) => text.slice(100, 140)],
])('%s', (_, toValue) => {
  collect()
  const before = process.memoryUsage().heapUsed
  const encoders = Array.from({ length: SESSIONS }, () => {
    const encoder = new HpackEncoder()
    for (let i = 0; i < NAMES; i++) {
      const frames = new FrameBuffer()
      frames.headers(1, [`x-${i}`, toValue(head())], null, true, encoder, MAX_FRAME_BYTES)
    }
    return encoder
  })
  collect()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
  expect(encoders).toHaveLength(SESSIONS)
})
