/** What nobody is to read or change where APIs of models have it; and that nothing hides there. */

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RECOGNIZERS } from '../../../src/inspect/recognizers/registry.ts'
import type { Sealed } from '../../../src/inspect/redact/reader.ts'
import { createScanner } from '../../../src/inspect/scan/create-scanner.ts'
import { redact, redactAllWays } from '../../support/redact.ts'

const MARK = 'XX1234XX'
const bytes = Buffer.concat([Buffer.from([0x12, 0, 1, 0xff, 0xd9]), randomBytes(400)])
/** Base64 in which there is a mark. */
const SEALED = `${bytes.toString('base64', 0, 90)}${MARK}${bytes.toString('base64', 90, 300)}`
const PICTURE = `iVBORw0KGgoAAAANSUhEUgAA${SEALED}`
const FERNET = `gAAAAABo8MGi${Buffer.from(SEALED, 'base64').toString('base64url')}_-${MARK}`
const thinking = { type: 'thinking', thinking: 'I think XX9999XX.', signature: SEALED }
const redacted = { type: 'redacted_thinking', data: SEALED }
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PICTURE } }
const reasoning = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: FERNET }
const reasoningContent = { reasoningText: { text: `I think ${MARK}.`, signature: SEALED } }

describe('left as it is between an agent and models, read between others', () => {
  const left = { sealed: 'left' } as const
  test.each<[string, object]>([
    [
      'thoughts that come back',
      { messages: [{ role: 'assistant', content: [thinking, redacted] }] },
    ],
    [
      'the signature first',
      { messages: [{ content: [{ signature: SEALED, thinking: MARK, type: 'thinking' }] }] },
    ],
    ['the signature last', { content: [{ thinking: `${MARK} ${MARK}`, signature: SEALED }] }],
    ['thoughts in an answer', { type: 'message', content: [thinking, redacted] }],
    ['thoughts in a batch', { requests: [{ params: { messages: [{ content: [thinking] }] } }] }],
    ['a picture', { messages: [{ role: 'user', content: [image] }] }],
    [
      'a picture of a tool',
      { messages: [{ content: [{ type: 'tool_result', content: [image] }] }] },
    ],
    ['a picture in a URL', { image_url: { url: `data:image/png;base64,${PICTURE}` } }],
    ['a picture of MCP', { result: { content: [{ type: 'image', data: PICTURE }] } }],
    ['a resource of MCP', { result: { contents: [{ uri: 'a:b', blob: PICTURE }] } }],
    ['encrypted reasoning', { input: [reasoning] }],
    ['in an answer', { object: 'response', output: [reasoning] }],
    ['of Bedrock', { messages: [{ content: [{ reasoningContent }] }] }],
    ['all of it, of Bedrock', { content: [{ reasoningContent: { redactedContent: SEALED } }] }],
    [
      'a picture of Bedrock',
      { content: [{ image: { format: 'png', source: { bytes: PICTURE } } }] },
    ],
    ['of Gemini', { contents: [{ parts: [{ text: '', thoughtSignature: SEALED }] }] }],
    ['of Gemini, the other way', { contents: [{ parts: [{ thought_signature: SEALED }] }] }],
    ['data of Gemini', { contents: [{ parts: [{ inlineData: { data: PICTURE } }] }] }],
    ['sound', { content: [{ type: 'input_audio', input_audio: { data: SEALED, format: 'mp3' } }] }],
    [
      'a file',
      { content: [{ type: 'file', file: { file_data: `data:audio/mp3;base64,${SEALED}` } }] },
    ],
    ['pictures that were made', { data: [{ b64_json: PICTURE }] }],
    ['embeddings', { data: [{ object: 'embedding', embedding: SEALED, index: 0 }] }],
    [
      'embeddings in numbers',
      { data: [{ embedding: [0.41111111, -1e-7, 12, 0.1234567890123456] }] },
    ],
    [
      'of OpenRouter',
      {
        messages: [
          { reasoning_details: [{ type: 'reasoning.text', text: MARK, signature: SEALED }] },
        ],
      },
    ],
  ])('%s', (_, body) => {
    const text = JSON.stringify(body)
    expect(redactAllWays(text, 'application/json', left).text).toBe(text)
    const escaped = text.replaceAll('/', '\\/')
    expect(redact(escaped, 'application/json', 'whole', left).text).toBe(escaped)
    const event = `data: ${text}\n\n`
    expect(redact(event, 'text/event-stream', 'bytes', left).text).toBe(event)
    const elsewhere = redactAllWays(text, 'application/json').text
    expect(elsewhere).not.toMatch(/XX\d{4}XX/)
    expect(JSON.parse(elsewhere)).toBeTypeOf('object')
    expect(redact(event, 'text/event-stream', 'bytes').text).not.toMatch(/XX\d{4}XX/)
  })
})

/** With what its Base64 says, twice. */
function decoded(text: string, times = 2): string {
  if (times === 0) return text
  const said = text.match(/[A-Za-z0-9+/]{8,}={0,2}/g) ?? []
  const inner = said.map((run) => decoded(Buffer.from(run, 'base64').toString('latin1'), times - 1))
  return [text, ...inner].join('\n')
}

describe('nothing hides there', () => {
  const short = Buffer.from([0, 1, 2]).toString('base64')
  test.each<[string, object]>([
    ['in a field of that name elsewhere', { signature: `${SEALED.slice(0, 90)}${MARK}` }],
    [
      'in a field of that name of another',
      { a: { thoughtSignature: `${SEALED.slice(0, 90)}${MARK}` } },
    ],
    ['as it is', { content: [{ signature: MARK }] }],
    ['short', { content: [{ data: `${short}${MARK}` }] }],
    ['before what looks like it', { content: [{ signature: `${MARK} ${SEALED}` }] }],
    ['behind it', { content: [{ signature: `${SEALED} ${MARK}` }] }],
    ['at once behind it', { content: [{ signature: `${SEALED}.${MARK}` }] }],
    ['in it, with a separator', { content: [{ signature: `${SEALED}-${MARK}-${SEALED}` }] }],
    ['in digits', { content: [{ signature: `${'1234'.repeat(30)}${MARK}` }] }],
    ['in the other alphabet', { content: [{ signature: `sk-${SEALED}` }] }],
    ['as a thought that is not signed', { content: [{ type: 'thinking', thinking: MARK }] }],
    [
      'as a thought with a signature that is none',
      { content: [{ type: 'thinking', thinking: MARK, signature: 'yes' }] },
    ],
    [
      'as a thought with the signature of another',
      { content: [{ type: 'thinking', thinking: MARK }, { signature: SEALED }] },
    ],
    [
      'as a thought with a signature within',
      { content: [{ thinking: MARK, content: [{ signature: SEALED }] }] },
    ],
    [
      'as a thought of Bedrock that is not signed',
      { content: [{ reasoningContent: { reasoningText: { text: MARK } } }] },
    ],
    ['as a thought of a block that is none', { content: [{ type: 'text', thinking: MARK }] }],
    ['as a thought of nobody', { thinking: MARK }],
    ['behind a block that is one', { content: [thinking, { type: 'text', text: MARK }] }],
    ['next to a thought', { content: [{ ...thinking, note: MARK }] }],
    [
      'in a text in a text',
      { content: JSON.stringify({ content: [{ ...thinking, thinking: MARK }] }) },
    ],
    ['in Base64 of a text', { source: { data: Buffer.from(`To ${MARK}.`).toString('base64') } }],
    [
      'in Base64 of JSON',
      {
        source: {
          bytes: Buffer.from(JSON.stringify({ a: 'b'.repeat(99), c: MARK })).toString('base64'),
        },
      },
    ],
  ])('%s', (_, body) => {
    const { text } = redactAllWays(JSON.stringify(body), 'application/json', { sealed: 'left' })
    const read = decoded(text.replaceAll(SEALED, ''))
    expect(read).not.toContain(MARK)
    expect(read).toContain('[mark]')
  })

  test('what is said of thoughts, and how long is waited for a signature', () => {
    const of = (block: object, options = {}) =>
      redact(JSON.stringify({ content: [block, MARK] }), 'application/json', 'bytes', {
        sealed: 'left',
        ...options,
      })
    const thought = { type: 'thinking', thinking: MARK.repeat(20), signature: SEALED }
    expect(of(thought).findings).toEqual(['mark $.content[] 1'])
    const unsigned = ['mark $.content[].thinking 20', 'mark $.content[] 1']
    expect(of({ ...thought, signature: '' }).findings).toEqual(unsigned)
    expect(of(thought, { limits: { event: 100 } }).findings).toContain(unsigned[0])
  })

  test('files that have text in them are said to be unread', () => {
    const file = (head: string, sealed: Sealed = 'left') => {
      const data = Buffer.concat([Buffer.from(head, 'latin1'), bytes]).toString('base64')
      const body = JSON.stringify({ source: { data } })
      return redact(body, 'application/json', 'whole', { sealed }).unscannable
    }
    expect(file('%PDF-1.7\n')).toEqual(['binary $.source.data'])
    expect(file('PK\x03\x04')).toEqual(['binary $.source.data'])
    expect(file('\x89PNG\r\n')).toEqual([])
    expect(file('\x89PNG\r\n', 'read')).toEqual(['binary $.source.data'])
    expect(file('\x12\x00\x01', 'read')).toEqual([])
  })

  test('one in another, many times over', () => {
    for (const layer of ['data:,', 'data:;base64,', '"data:,', '{"a":"']) {
      const { text } = redact(
        `{"a":${JSON.stringify(`${layer.repeat(50_000)} ${MARK}`)}}`,
        'application/json',
      )
      expect(text).not.toContain(MARK)
    }
  })
})

describe('Base64 of a text that nobody says is some', () => {
  const type = 'application/json'
  const long = `${'All is well. '.repeat(20)}To ${MARK}. ${'ÄÖÜ '.repeat(9)}`
  test.each<[string, string, string]>([
    ['a short one', 'base64', `To ${MARK}`],
    ['with bytes at the end', 'base64', `To ${MARK}!!`],
    ['a long one', 'base64', long],
    ['the other alphabet', 'base64url', `>>>???${long}`],
    ['in another script', 'base64', `Кому: ${MARK} и всем`],
    ['JSON', 'base64', JSON.stringify({ secret: 1234, to: MARK, filler: 'x'.repeat(90) })],
    ['twice', 'base64', Buffer.from(`hello to ${MARK}, once more`).toString('base64')],
  ])('%s: read, and written again in the same way', (_, encoding, text) => {
    const coded = Buffer.from(text).toString(encoding as 'base64')
    for (const body of [
      { x: coded },
      [coded],
      { a: { b: `${coded}` } },
      { content: [{ y: coded }] },
    ]) {
      const { text: left, findings } = redactAllWays(JSON.stringify(body), type)
      expect(findings.length).toBeGreaterThan(0)
      const [, now = ''] = /"([^"]{12,})"/.exec(left) ?? []
      const want = redact(text, 'text/plain').text
      expect(Buffer.from(now, 'base64').toString()).toBe(want)
      expect(now).toBe(Buffer.from(want).toString(encoding as 'base64'))
    }
    expect(Buffer.from(redactAllWays(coded, 'text/plain').text, 'base64').toString()).not.toContain(
      MARK,
    )
  })

  test.each([
    ['not all of it', `${Buffer.from(`To ${MARK}.`.repeat(9)).toString('base64')} and more`],
    [
      'a blank in it',
      `${Buffer.from('hello to all').toString('base64')} ${Buffer.from('hello to all').toString('base64')}`,
    ],
    ['no text', SEALED],
    ['text and then none', Buffer.concat([Buffer.from('a'.repeat(60)), bytes]).toString('base64')],
    ['an id', 'chatcmpl-9xKQ2mVbT7LrW4nYpZ8sDfGhJ'],
    ['digits', '12345678901234567890123456789012'],
  ])('%s: as it stands', (_, text) => {
    const { text: left } = redactAllWays(JSON.stringify({ x: text }), type)
    expect(left).toBe(JSON.stringify({ x: text.replaceAll(MARK, '[mark]') }))
  })
})

describe('ids and names of models have nothing in them that is looked for', () => {
  const scan = createScanner(RECOGNIZERS)
  const replace = (type: string) => Buffer.from(`[${type}]`)
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const some = (size: number, of = letters) =>
    [...randomBytes(size)].map((byte) => of[byte % of.length]).join('')
  test.each<[string, () => object]>([
    [
      'OpenAI',
      () => ({
        id: `chatcmpl-${some(24)}`,
        tool_calls: [{ id: `call_${some(24)}` }],
        tool_call_id: `call_${some(24)}`,
      }),
    ],
    [
      'Responses',
      () => ({
        previous_response_id: `resp_${some(48, '0123456789abcdef')}`,
        input: [{ id: `fc_${some(48, '0123456789abcdef')}`, call_id: `call_${some(24)}` }],
      }),
    ],
    [
      'Anthropic',
      () => ({
        id: `msg_01${some(22)}`,
        content: [{ id: `toolu_01${some(22)}`, tool_use_id: `toolu_01${some(22)}` }],
      }),
    ],
    ['Bedrock', () => ({ toolUse: { toolUseId: `tooluse_${some(22)}` } })],
    [
      'Mistral',
      () => ({
        id: some(32, '0123456789abcdef'),
        tool_calls: [{ id: some(9) }],
        tool_call_id: some(9),
      }),
    ],
    [
      'Gemini',
      () => ({
        responseId: some(23),
        functionCall: { id: some(8, '0123456789abcdef') },
        nextPageToken: `C${some(30)}=`,
      }),
    ],
    [
      'models',
      () => ({
        model: [
          'claude-sonnet-4-5-20250929',
          'gpt-4o-2024-08-06',
          'claude-sonnet-4@20250514',
          'meta-llama/Llama-3.3-70B-Instruct',
          'anthropic.claude-3-5-sonnet-20241022-v2:0',
          'ft:gpt-4o-mini-2024-07-18:acme::AbC1dEf2',
          'models/gemini-2.5-flash',
        ],
      }),
    ],
  ])('%s', (_, make) => {
    const many = JSON.stringify(Array.from({ length: 500 }, make))
    const { findings } = redact(many, 'application/json', 'whole', { scan, replace })
    expect(findings).toEqual([])
  })
})

test('anything in such fields, cut anywhere: the same, and JSON', () => {
  const piece = fc.constantFrom(
    ...[MARK, btoa(MARK), 'iVBORw0KGgoAAAANSUhEUgAA', 'gAAAA', 'JVBERi0xLjcK', SEALED.slice(0, 70)],
    ...['=', '-', '_', '+', '/', ' ', '\n', '.', ',', '\0', '"', '\\', '%58'],
    ...['data:', 'data:image/png;base64,', 'data:text/plain,', ';base64,'],
  )
  const value = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''))
  const key = fc.constantFrom('data', 'signature', 'thinking', 'text', 'encrypted_content', 'x')
  const blocks = fc.array(fc.array(fc.tuple(key, value), { maxLength: 4 }), { maxLength: 3 })
  fc.assert(
    fc.property(blocks, fc.nat(), (content, at) => {
      // Keys may come twice.
      const members = (block: [string, string][]) =>
        block.map((pair) => pair.map((each) => JSON.stringify(each)).join(':')).join(',')
      const body = `{"input":[{"content":[${content.map((block) => `{${members(block)}}`)}]}]}`
      const whole = redact(body, 'application/json')
      expect(() => JSON.parse(whole.text)).not.toThrow()
      for (const cut of ['bytes', at % body.length] as const) {
        expect(redact(body, 'application/json', cut)).toEqual(whole)
      }
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 150) },
  )
})
