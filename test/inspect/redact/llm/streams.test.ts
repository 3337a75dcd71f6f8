/**
 * Streams of models, in the forms that their SDKs read: what goes over several events is found, what the events say together is the text
 * without it, and what is said again at the end is the same.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../../../src/inspect/redact/redactor.ts'
import { label, markers } from '../../../support/markers.ts'
import { redact, redactAllWays } from '../../../support/redact.ts'

const SSE = 'text/event-stream'
const RUNS = Number(process.env.FUZZ_RUNS ?? 15)

type Event = Record<string, unknown>

interface Api {
  readonly type: string
  /** The stream that says pieces of a text. */
  readonly write: (pieces: readonly string[]) => string
  /** What the pieces say together. */
  readonly read: (events: readonly Event[]) => string
  /** What is said again. */
  readonly again?: (events: readonly Event[]) => string[]
}

const sse = (events: readonly (Event | string)[]) =>
  events
    .map((event) => {
      const name = typeof event === 'object' && typeof event.type === 'string' ? event.type : null
      const data = typeof event === 'string' ? event : JSON.stringify(event)
      return `${name ? `event: ${name}\n` : ''}data: ${data}\n\n`
    })
    .join('')

const chat = (choice: Event) => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, ...choice }],
})
const texts = (events: readonly Event[], ...path: (string | number)[]) =>
  events
    .map((event) =>
      path.reduce<unknown>((value, key) => (value as Event | undefined)?.[key], event),
    )
    .filter((value) => typeof value === 'string')
    .join('')

const APIS: Record<string, Api> = {
  'chat completions': {
    type: SSE,
    write: (pieces) =>
      sse([
        chat({ delta: { role: 'assistant', content: '' } }),
        ...pieces.map((content) => chat({ delta: { content } })),
        chat({ delta: {}, finish_reason: 'stop' }),
        { object: 'chat.completion.chunk', choices: [], usage: { total_tokens: 1 } },
        '[DONE]',
      ]),
    read: (events) => texts(events, 'choices', 0, 'delta', 'content'),
  },
  'chat completions, the end in the last piece': {
    type: SSE,
    write: (pieces) =>
      sse(
        pieces.map((content, i) =>
          chat({ delta: { content }, finish_reason: i === pieces.length - 1 ? 'stop' : null }),
        ),
      ),
    read: (events) => texts(events, 'choices', 0, 'delta', 'content'),
  },
  'calls in chat completions': {
    type: SSE,
    write: (pieces) =>
      sse([
        ...pieces.map((args) =>
          chat({ delta: { tool_calls: [{ index: 0, function: { arguments: args } }] } }),
        ),
        chat({ delta: {}, finish_reason: 'tool_calls' }),
        '[DONE]',
      ]),
    read: (events) =>
      texts(events, 'choices', 0, 'delta', 'tool_calls', 0, 'function', 'arguments'),
  },
  responses: {
    type: SSE,
    write: (pieces) => {
      const text = pieces.join('')
      const part = { type: 'output_text', text }
      return sse([
        { type: 'response.created', sequence_number: 0 },
        ...pieces.map((delta) => ({
          type: 'response.output_text.delta',
          item_id: 'msg_1',
          output_index: 0,
          content_index: 0,
          delta,
        })),
        {
          type: 'response.output_text.done',
          item_id: 'msg_1',
          output_index: 0,
          content_index: 0,
          text,
        },
        { type: 'response.content_part.done', item_id: 'msg_1', part },
        { type: 'response.completed', response: { output: [{ content: [part] }] } },
      ])
    },
    read: (events) => texts(events, 'delta'),
    again: (events) => [
      texts(events, 'text'),
      texts(events, 'part', 'text'),
      texts(events, 'response', 'output', 0, 'content', 0, 'text'),
    ],
  },
  messages: {
    type: SSE,
    write: (pieces) =>
      sse([
        { type: 'message_start', message: { content: [] } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'ping' },
        ...pieces.map((text) => ({
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'text_delta', text },
        })),
        { type: 'content_block_stop', index: 0 },
        { type: 'message_stop' },
      ]),
    read: (events) => texts(events, 'delta', 'text'),
  },
  'calls in messages': {
    type: SSE,
    write: (pieces) =>
      sse([
        { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', input: {} } },
        ...pieces.map((partial_json) => ({
          type: 'content_block_delta',
          index: 1,
          delta: { type: 'input_json_delta', partial_json },
        })),
        { type: 'content_block_stop', index: 1 },
      ]),
    read: (events) => texts(events, 'delta', 'partial_json'),
  },
  gemini: {
    type: SSE,
    write: (pieces) =>
      sse(
        pieces.map((text, i) => ({
          candidates: [
            {
              content: { role: 'model', parts: [{ text }] },
              ...(i === pieces.length - 1 ? { finishReason: 'STOP' } : {}),
            },
          ],
        })),
      ),
    read: (events) => texts(events, 'candidates', 0, 'content', 'parts', 0, 'text'),
  },
  cohere: {
    type: SSE,
    write: (pieces) =>
      sse([
        ...pieces.map((text) => ({
          type: 'content-delta',
          index: 0,
          delta: { message: { content: { text } } },
        })),
        { type: 'content-end', index: 0 },
        { type: 'message-end' },
      ]),
    read: (events) => texts(events, 'delta', 'message', 'content', 'text'),
  },
  ollama: {
    type: 'application/x-ndjson',
    write: (pieces) =>
      [
        ...pieces.map((content) => ({ model: 'm', message: { content }, done: false })),
        { model: 'm', message: { content: '' }, done: true },
      ]
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    read: (events) => texts(events, 'message', 'content'),
  },
  'AI SDK': {
    type: SSE,
    write: (pieces) =>
      sse([
        { type: 'text-start', id: '1' },
        ...pieces.map((delta) => ({ type: 'text-delta', id: '1', delta })),
        { type: 'text-end', id: '1' },
        '[DONE]',
      ]),
    read: (events) => texts(events, 'delta'),
  },
}

function parse(body: string): Event[] {
  return body
    .split('\n')
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

/** Every place where it can be cut into so many pieces of a letter or more. */
function cuts(text: string): string[][] {
  const out = [[text], [...text]]
  for (let i = 1; i < text.length; i += 3) {
    out.push([text.slice(0, i), text.slice(i)])
    if (i % 5 > 0) continue
    out.push([text.slice(0, i), '', text.slice(i, i + 1), text.slice(i + 1)])
  }
  return out
}

describe.each(Object.keys(APIS))('%s', (name) => {
  const api = APIS[name] as Api

  test.each([
    ['call XX1234XX, or XX1234XXXX9999XX', 'call [mark], or [mark][mark]'],
    ['XX12345 and XX', 'XX12345 and XX'],
    ['{"to":"XX1234XX","secret":1234}', '{"to":"[mark]","secret":0}'],
    ['{"to":"\\u0058X1234XX', '{"to":"[mark]'],
  ])(
    '%s',
    (text, want) => {
      const bytewise = redact(api.write([...text]), api.type, 'bytes')
      expect(bytewise.text).toBe(redact(api.write([...text]), api.type).text)
      for (const [i, pieces] of cuts(text).entries()) {
        const stream = api.write(pieces)
        // The first two are cut everywhere; of the others each is cut at other places.
        const redacted = redactAllWays(stream, api.type, {}, i < 2 ? [1, 0] : [7, i]).text
        const events = parse(redacted)
        expect(api.read(events)).toBe(want)
        expect(events.length).toBe(parse(stream).length)
        for (const again of api.again?.(events) ?? []) expect(again).toBe(want)
      }
    },
    120_000,
  )

  test('never more than one event behind', () => {
    const redactor = createRedactor({ contentType: api.type, scan: markers, replace: label })
    const stream = api.write(['a', 'XX', '1', '2', '3', '4', 'XX', 'b', 'X', 'c'])
    const events = stream
      .split(/(?<=\n)(?=(?:data|event)?[^\n]*\{)/)
      .filter((event) => event !== '')
    let came = ''
    let sent = 0
    for (const event of events) {
      came += Buffer.concat(redactor.push(Buffer.from(event))).toString()
      sent += parse(event).length
      expect(sent - parse(came).length).toBeLessThanOrEqual(1)
    }
  })
})

test('texts that come side by side are kept apart', () => {
  const piece = (index: number, content: string) => ({
    object: 'chat.completion.chunk',
    choices: [{ index, delta: { content } }],
  })
  const stream = sse([
    piece(0, 'a XX12'),
    piece(1, '34XX'),
    piece(0, '34XX'),
    piece(1, ' XX'),
    piece(0, ' b'),
    piece(1, '5678XX'),
  ])
  const events = parse(redactAllWays(stream, SSE).text)
  const of = (index: number) =>
    texts(
      events
        .map((event) => (event.choices as Event[])[0] as Event)
        .filter((choice) => choice.index === index),
      'delta',
      'content',
    )
  expect(of(0)).toBe('a [mark] b')
  expect(of(1)).toBe('34XX [mark]')
})

test('two pieces of a text in one event', () => {
  const event = (...parts: string[]) => ({
    candidates: [{ content: { parts: parts.map((text) => ({ text })) } }],
  })
  const { text } = redactAllWays(sse([event('a XX', '1234'), event('XX b')]), SSE)
  expect(parse(text)).toEqual([event('a [mark]', ''), event(' b')])
})

test('what is signed, and signatures, are left in answers of models, and read elsewhere', () => {
  const delta = (inner: Event) => ({ type: 'content_block_delta', index: 0, delta: inner })
  const stream = sse([
    delta({ type: 'thinking_delta', thinking: 'XX1234XX' }),
    delta({ type: 'signature_delta', signature: 'XX1234XX' }),
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'redacted_thinking', data: 'XX1234XX' },
    },
    { type: 'response.output_audio.delta', item_id: 'item_1', delta: 'XX1234XX' },
    { type: 'response.output_item.done', item: { encrypted_content: 'XX1234XX' } },
    { candidates: [{ content: { parts: [{ thoughtSignature: 'XX1234XX' }] } }] },
  ])
  expect(redactAllWays(stream, SSE, { sealed: 'left-in-answers' }).text).toBe(stream)
  for (const sealed of ['left', 'read'] as const) {
    expect(redactAllWays(stream, SSE, { sealed }).text).not.toContain('XX1234XX')
  }
  const pieces = sse([
    delta({ type: 'thinking_delta', thinking: 'a XX12' }),
    delta({ type: 'thinking_delta', thinking: '34XX b' }),
  ])
  const events = parse(redactAllWays(pieces, SSE).text)
  expect(texts(events, 'delta', 'thinking')).toBe('a [mark] b')
})

test('how likely the tokens were is not told where they are not', () => {
  const piece = (content: string) =>
    chat({ delta: { content }, logprobs: { content: [{ token: content }] } })
  const { text } = redactAllWays(sse([piece('a '), piece('XX12'), piece('34XX'), piece(' b')]), SSE)
  expect(parse(text).map((event) => (event.choices as Event[])[0]?.logprobs)).toEqual([
    { content: [{ token: 'a ' }] },
    null,
    null,
    { content: [{ token: ' b' }] },
  ])
})

test('an event like many before it is read as if it were the first', () => {
  const value = fc.oneof(
    fc.constantFrom(
      'a',
      'XX1234XX',
      '\\"XX1234XX',
      'XX12',
      '{"secret":1234}',
      '"',
      'ä',
      '1234',
      '',
    ),
    fc.constantFrom(1, 1234, -0.5, null, true, ['XX1234XX'], {}),
  )
  const member = (key: string) => fc.option(value).map((it) => (it === null ? {} : { [key]: it }))
  const event = fc
    .tuple(member('note'), member('secret'), member('type'), member('finish_reason'))
    .map(([note, secret, type, reason]) => ({
      ...type,
      ...note,
      choices: [{ index: 0, ...reason, delta: { role: 'assistant', inner: secret } }],
    }))
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      // Twice each, so that forms are learnt, and of use.
      const all = [...events, ...events].flatMap((each) => [each, each])
      for (const body of [
        all.map((each) => `${JSON.stringify(each)}\n`),
        all.map((e) => sse([e])),
      ]) {
        const type = body[0]?.startsWith('{') ? 'application/x-ndjson' : SSE
        const each = body.map((part) => redact(part, type).text).join('')
        expect(redact(body.join(''), type).text).toBe(each)
      }
    }),
    { numRuns: RUNS * 10 },
  )
})

test.each<[string, string, string]>([
  ['another key at the end', '{"a":1,"b":{"aaaaaaaa":true}}', '{"a":1,"b":{"XX1234XX":true}}'],
  ['another key before', '{"b":{"aaaaaaaa":true},"a":1}', '{"b":{"XX1234XX":true},"a":1}'],
  ['another text', '{"a":"b","n":"c"}', '{"a":"b","n":"\\u0058X1234XX"}'],
  ['JSON in a text', '{"a":"b"}', '{"a":"{\\"secret\\":1234}"}'],
  ['a number where a text was', '{"secret":"b"}', '{"secret":1234}'],
  ['a text where a number was', '{"secret":1}', '{"secret":"1234"}'],
  ['another number', '{"secret":1}', '{"secret":1234}'],
  ['a number that is none', '{"a":1}', '{"a":1-"XX1234XX"}'],
  ['a wrong escape', '{"a":"b"}', '{"a":"\\x XX1234XX"}'],
  ['a raw line feed', '{"a":"b"}', '{"a":"\nXX1234XX"}'],
  ['more behind it', '{"a":"b"}', '{"a":"b"} XX1234XX'],
  ['less of it', '{"a":"b","c":1}', '{"a":"XX1234XX'],
])('an event with %s than those before it', (_, before, event) => {
  for (const [type, write] of [
    [SSE, (data: string) => `data: ${data.replaceAll('\n', '\ndata: ')}\n\n`],
    ['application/x-ndjson', (data: string) => `${data}\n`],
  ] as const) {
    const stream = write(before).repeat(4) + write(event)
    const want = redact(write(before), type).text.repeat(4) + redact(write(event), type).text
    expect(redactAllWays(stream, type).text).toBe(want)
    expect(want).not.toMatch(/XX\d{4}XX|secret":"?1234/)
  }
})

test('many texts at a time: one more than are kept ends the oldest', () => {
  const stream = (others: number) =>
    sse([
      chat({ index: 0, delta: { content: 'XX12' } }),
      ...Array.from({ length: others }, (_, i) => chat({ index: i + 1, delta: { content: 'a' } })),
      chat({ index: 0, delta: { content: '34XX' } }),
    ])
  expect(redact(stream(255), SSE).text).not.toMatch(/XX12|34XX/)
  expect(redact(stream(256), SSE).text).toBe(stream(256))
})

test('a stream that ends in the middle: what is not a find is said, comments do not wait', () => {
  const stream = sse([chat({ delta: { content: 'a XX12' } })])
  const redactor = createRedactor({ contentType: SSE, scan: markers, replace: label })
  const push = (text: string) => Buffer.concat(redactor.push(Buffer.from(text))).toString()
  expect(push(stream)).toBe('')
  expect(push(': ping\n\n')).toBe(': ping\n')
  expect(Buffer.concat(redactor.end()).toString()).toBe(`${stream}\n`)
})

test('what waits is bounded', () => {
  const redactor = createRedactor({
    contentType: SSE,
    scan: markers,
    replace: label,
    limits: { held: 10_000 },
  })
  const push = (text: string) =>
    redactor.push(Buffer.from(text)).reduce((sum, { length }) => sum + length, 0)
  let held = 0
  const first = sse([chat({ delta: { content: 'XX12' } })])
  held += first.length - push(first)
  for (let i = 0; i < 1000; i++) {
    const other = sse([{ type: 'ping', i }])
    held += other.length - push(other)
    expect(held).toBeLessThan(11_000)
  }
})

test('any text in any pieces of any API', () => {
  const text = fc
    .array(
      fc.constantFrom('XX1234XX', 'X', 'XX', '12', '34', ' ', '"', '\\', '{', '[', 'ä', '😀', '\n'),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(APIS)),
      text,
      fc.array(fc.nat(5), { maxLength: 8 }),
      (name, said, sizes) => {
        const api = APIS[name] as Api
        const pieces: string[] = []
        let rest = [...said]
        for (const size of sizes) {
          pieces.push(rest.slice(0, size).join(''))
          rest = rest.slice(size)
        }
        pieces.push(rest.join(''))
        const redacted = redact(api.write(pieces), api.type).text
        expect(redact(api.write(pieces), api.type, 'bytes').text).toBe(redacted)
        const now = api.read(parse(redacted))
        expect(redacted).not.toMatch(/XX\d{4}XX/)
        expect(now).not.toMatch(/XX\d{4}XX/)
        for (const again of api.again?.(parse(redacted)) ?? []) expect(again).toBe(now)
        if (!/XX\d{4}XX/.test(said)) expect(now).toBe(said)
      },
    ),
    { numRuns: RUNS },
  )
})
