/** Event streams of AWS: frames stay frames, with checksums that are right. */

import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { redact, redactAllWays } from '../../support/redact.ts'

const TYPE = 'application/vnd.amazon.eventstream'

function frame(type: string, payload: unknown): Buffer {
  const header = (name: string, value: string) =>
    Buffer.concat([
      Buffer.of(name.length),
      Buffer.from(name),
      Buffer.of(7, 0, value.length),
      Buffer.from(value),
    ])
  const headers = Buffer.concat([header(':message-type', 'event'), header(':event-type', type)])
  const body = Buffer.from(JSON.stringify(payload))
  const prelude = Buffer.alloc(8)
  prelude.writeUInt32BE(16 + headers.length + body.length, 0)
  prelude.writeUInt32BE(headers.length, 4)
  const all = Buffer.concat([prelude, sum(prelude), headers, body])
  return Buffer.concat([all, sum(all)])
}

function sum(bytes: Buffer): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(crc32(bytes))
  return out
}

const text = (said: string) => ({ contentBlockIndex: 0, delta: { text: said }, p: 'abc' })
const stream = (...said: string[]) =>
  Buffer.concat([
    frame('messageStart', { role: 'assistant' }),
    ...said.map((each) => frame('contentBlockDelta', text(each))),
    frame('contentBlockStop', { contentBlockIndex: 0 }),
    frame('messageStop', { stopReason: 'end_turn' }),
  ])

test('a text that goes over several messages', () => {
  const { bytes, findings } = redactAllWays(stream('a XX1', '234', 'XX b', ' XX1234XX'), TYPE)
  expect(bytes.equals(stream('a ', '[mark]', ' b', ' [mark]'))).toBe(true)
  expect(findings).toEqual(['mark $.delta.text 2'])
  expect(redactAllWays(stream('a', ' XX12'), TYPE).bytes.equals(stream('a', ' XX12'))).toBe(true)
})

test('calls, and what the model thought', () => {
  const delta = (inner: unknown) =>
    frame('contentBlockDelta', { contentBlockIndex: 1, delta: inner })
  const body = (first: string, second: string) =>
    Buffer.concat([
      delta({ reasoningContent: { text: 'XX1234XX' } }),
      delta({ toolUse: { input: first } }),
      delta({ toolUse: { input: second } }),
      frame('contentBlockStop', { contentBlockIndex: 1 }),
    ])
  const said = body('{"a":"XX12', '34XX","secret":1234}')
  const { bytes } = redactAllWays(said, TYPE, { sealed: 'left-in-answers' })
  const inputs = [...bytes.toString('latin1').matchAll(/"input":("(?:[^"\\]|\\.)*")/g)]
  expect(inputs.map(([, input = '']) => JSON.parse(input)).join('')).toBe(
    '{"a":"[mark]","secret":0}',
  )
  expect(bytes.includes('XX1234XX')).toBe(true)
  for (const sealed of ['left', 'read'] as const) {
    expect(redactAllWays(said, TYPE, { sealed }).bytes.includes('XX1234XX')).toBe(false)
  }
})

test('events of a model, once more in Base64', () => {
  const chunk = (said: string) => {
    const event = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: said },
    }
    const bytes = Buffer.from(JSON.stringify(event)).toString('base64')
    return frame('chunk', { bytes, p: 'ab' })
  }
  const { bytes } = redactAllWays(Buffer.concat([chunk('a XX12'), chunk('34XX b')]), TYPE)
  expect(bytes.equals(Buffer.concat([chunk('a [mark]'), chunk(' b')]))).toBe(true)
})

test('a first message of any size, and changed checksums of those around it', () => {
  for (const size of [1, 200, 255, 256, 65_280, 65_536, 70_000, 300_000]) {
    const pad = 'y'.repeat(size)
    const body = frame('contentBlockDelta', text(`XX1234XX ${pad}. `))
    const { bytes } = redact(body, TYPE, 7)
    expect(bytes.equals(frame('contentBlockDelta', text(`[mark] ${pad}. `)))).toBe(true)
  }
})

test('what is no message is read as text', () => {
  const good = frame('contentBlockDelta', text('XX1234XX'))
  const bad = Buffer.from(good)
  bad[20] = (bad[20] as number) ^ 1
  for (const body of [bad, Buffer.from('hello XX1234XX, and so on'), good.subarray(0, -1)]) {
    const { bytes } = redactAllWays(Buffer.concat([good, body]), TYPE)
    expect(bytes.includes('XX1234XX')).toBe(false)
    expect(bytes.includes('[mark]')).toBe(true)
  }
})
