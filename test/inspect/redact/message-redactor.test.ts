/** Messages of a WebSocket: as many come out as went in, in their order, and what goes over several is found. */

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createMessageRedactor,
  type WholeMessage,
} from '../../../src/inspect/redact/message-redactor.ts'
import { label, markers } from '../../support/markers.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 100)
const open = () => createMessageRedactor({ scan: markers, replace: label })
const text = (said: string): WholeMessage => ({ isText: true, bytes: Buffer.from(said) })
const binary = (bytes: Buffer | string): WholeMessage => ({
  isText: false,
  bytes: Buffer.from(bytes),
})
const said = (messages: readonly WholeMessage[]) => messages.map(({ bytes }) => String(bytes))

describe('each by itself', () => {
  test.each([
    ['JSON', '{"a":"\\u0058X1234XX","secret":1234}', '{"a":"[mark]","secret":0}'],
    ['JSON in a list', '[1, "XX1234XX"]', '[1, "[mark]"]'],
    ['text', 'hello XX1234XX', 'hello [mark]'],
    ['nothing', '', ''],
    ['what is no JSON after all', '{"a": XX1234XX', '{"a": [mark]'],
    ['JSON of Socket.IO', '42["say",{"secret":1234}]', '42["say",{"secret":0}]'],
    ['the same, with more', '451-/a/b,12["XX1234XX"]', '451-/a/b,12["[mark]"]'],
    ['JSON of SockJS', 'a["{\\"secret\\":1234}"]', 'a["{\\"secret\\":0}"]'],
    ['what only begins like that', '42 XX1234XX[', '42 [mark]['],
    ['JSON with the mark of SignalR', '{"secret":1234}\x1e', '{"secret":0}\x1e'],
    ['lines of JSON', '{"secret":1234}\n{"a":"XX1234XX"}', '{"secret":0}\n{"a":"[mark]"}'],
  ])('%s', (_, before, after) => {
    // Such framing is for texts.
    const isFramed = /^\w+.*\[/.test(before)
    for (const message of isFramed ? [text(before)] : [text(before), binary(before)]) {
      const redactor = open()
      const passed = redactor.push(message)
      expect(said(passed)).toEqual([after])
      expect(passed[0]?.isText).toBe(message.isText)
      expect(redactor.unscannable).toEqual([])
    }
  })

  test('places and counts', () => {
    const redactor = open()
    redactor.push(text('{"a":[{"b":"XX1234XX XX1234XX"}]}'))
    redactor.push(text('{"a":[{"b":"XX1234XX"}]}'))
    redactor.push(text('XX1234XX'))
    expect(redactor.findings).toEqual([
      { type: 'mark', path: '$.a[].b', count: 3 },
      { type: 'mark', path: 'body', count: 1 },
    ])
  })

  test('a mark that is half in one and half in the next is none', () => {
    const redactor = open()
    expect(said(redactor.push(text('XX12')))).toEqual(['XX12'])
    expect(said(redactor.push(text('34XX')))).toEqual(['34XX'])
  })

  test.each([
    ['bytes', binary(Buffer.from([0, 1, 2])), 'binary'],
    ['what is too large', text('x'.repeat(4 * 1024 * 1024 + 1)), 'size'],
  ])('%s cannot be read, and stay in their place', (_, message, reason) => {
    const redactor = open()
    redactor.push(delta('XX12'))
    const passed = [message, delta('34XX')].flatMap((one) => redactor.push(one))
    passed.push(...redactor.end())
    expect(redactor.unscannable).toEqual([{ reason, path: 'body' }])
    expect(passed).toHaveLength(3)
    expect(passed[1]).toBe(message)
  })
})

const delta = (piece: string, item = 'item_1') =>
  text(
    JSON.stringify({
      type: 'response.output_text.delta',
      item_id: item,
      content_index: 0,
      delta: piece,
    }),
  )
const done = (whole: string, item = 'item_1') =>
  text(
    JSON.stringify({
      type: 'response.output_text.done',
      item_id: item,
      content_index: 0,
      text: whole,
    }),
  )
const pieceOf = ({ bytes }: WholeMessage): string => JSON.parse(String(bytes)).delta ?? ''

describe('texts over several (Realtime of OpenAI)', () => {
  test('what is found goes over them; what is said at the end is the same', () => {
    const redactor = open()
    const passed = [delta('a XX1'), delta('234X'), delta('X b'), done('a XX1234XX b')].map((one) =>
      redactor.push(one),
    )
    expect(passed.map((each) => each.length)).toEqual([0, 1, 2, 1])
    expect(passed.flat().map(pieceOf).join('')).toBe('a [mark] b')
    expect(String(passed.flat().at(-1)?.bytes)).toContain('"text":"a [mark] b"')
  })

  test('one waits at most, until the next of its text; others behind it as well', () => {
    const redactor = open()
    expect(redactor.push(delta('b X'))).toEqual([])
    expect(redactor.held).toBe(delta('b X').bytes.length)
    expect(redactor.push(text('{"type":"ping"}'))).toEqual([])
    expect(redactor.held).toBe(delta('b X').bytes.length + 15)
    expect(redactor.push(delta('c', 'item_2'))).toEqual([])
    expect(redactor.push(delta('y')).map(pieceOf)).toEqual(['b X', '', 'c', 'y'])
    expect(redactor.held).toBe(0)
  })

  test('at the end what waits is said', () => {
    const redactor = open()
    expect(redactor.push(delta('b XX12'))).toEqual([])
    expect(redactor.end().map(pieceOf)).toEqual(['b XX12'])
  })

  test('not more waits than a mebibyte', () => {
    const redactor = open()
    redactor.push(delta('X'))
    let passed = 0
    for (let i = 0; i < 30; i++) passed += redactor.push(text('y'.repeat(100_000))).length
    expect(passed).toBeGreaterThan(20)
  })

  test('calls and transcripts', () => {
    for (const type of [
      'response.function_call_arguments.delta',
      'response.output_audio_transcript.delta',
      'conversation.item.input_audio_transcription.delta',
    ]) {
      const redactor = open()
      const say = (piece: string) =>
        text(JSON.stringify({ type, item_id: 'i', content_index: 0, delta: piece }))
      const passed = ['"XX1', '234XX', '"'].flatMap((piece) => redactor.push(say(piece)))
      expect([...passed, ...redactor.end()].map(pieceOf).join('')).toBe('"[mark]"')
    }
  })

  test('a transcript ends with its own message', () => {
    const redactor = open()
    const type = 'conversation.item.input_audio_transcription'
    const say = (end: string, event: object) =>
      redactor.push(
        text(JSON.stringify({ type: type + end, item_id: 'i', content_index: 0, ...event })),
      )
    expect(say('.delta', { delta: 'a XX1' })).toEqual([])
    expect(say('.delta', { delta: '234XX' }).map(pieceOf)).toEqual(['a [mark]', ''])
    expect(say('.delta', { delta: ' b X' })).toEqual([])
    expect(said(say('.completed', { transcript: 'a XX1234XX b X' })).join('')).toMatch(
      /" b X".*"a \[mark\] b X"/,
    )
  })

  test('texts that never end are not kept for ever', () => {
    const redactor = open()
    expect(redactor.push(delta('XX12', 'item_0'))).toEqual([])
    const others = Array.from({ length: 300 }, (_, i) => delta('a. ', `item_${i + 1}`))
    expect(others.flatMap((one) => redactor.push(one))).toHaveLength(301)
  })

  test('of a protocol that nobody knows: what is no piece ends them', () => {
    const redactor = open()
    const piece = (said: string) => text(JSON.stringify({ type: 'token', id: 1, delta: said }))
    const last = text('{"type":"final"}')
    const sent = [piece('a XX1'), piece('234XX'), piece(' b X'), last]
    const passed = sent.map((one) => redactor.push(one))
    expect(passed.at(-1)?.at(-1)).toBe(last)
    expect(passed.flat().map(pieceOf).join('')).toBe('a [mark] b X')
    expect(redactor.held).toBe(0)
  })

  test('Gemini Live, in bytes: what the model says, and what it has heard', () => {
    const redactor = open()
    const say = (serverContent: object) => binary(JSON.stringify({ serverContent }))
    const part = (piece: string) => say({ modelTurn: { parts: [{ text: piece }] } })
    const heard = (piece: string) => say({ inputTranscription: { text: piece } })
    const sent = [part('a XX1'), heard('XX12'), part('234XX'), heard('34XX'), part(' b X')]
    const passed = sent.flatMap((one) => redactor.push(one))
    expect(passed).toHaveLength(4)
    passed.push(...redactor.push(say({ turnComplete: true })))
    const together = said(passed).map((one) => JSON.parse(one).serverContent)
    expect(together).toHaveLength(6)
    const model = together.map(({ modelTurn }) => modelTurn?.parts[0].text ?? '').join('')
    const human = together.map(({ inputTranscription }) => inputTranscription?.text ?? '').join('')
    expect([model, human]).toEqual(['a [mark] b X', '[mark]'])
  })

  test('any pieces of any texts', () => {
    const piece = fc.constantFrom('XX12', '34XX', 'X', 'XX1234XX', 'ä "', '{"secret":', '1', '')
    const pieces = fc.array(fc.tuple(piece, fc.constantFrom('a', 'b')), { maxLength: 12 })
    fc.assert(
      fc.property(pieces, (list) => {
        const redactor = open()
        const sent = list.map(([each, item]) => delta(each, item))
        const passed = [...sent.flatMap((one) => redactor.push(one)), ...redactor.end()]
        expect(passed).toHaveLength(sent.length)
        for (const item of ['a', 'b']) {
          const own = passed.filter(({ bytes }) => bytes.includes(`"item_id":"${item}"`))
          expect(own).toHaveLength(list.filter(([, of]) => of === item).length)
          expect(own.map(pieceOf).join('')).not.toMatch(/XX\d{4}XX/)
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('bytes that nobody expects', () => {
    const redactor = open()
    for (let i = 0; i < 200; i++) {
      const message = binary(randomBytes(i))
      const [passed] = redactor.push(message)
      expect(passed?.bytes.equals(message.bytes)).toBe(true)
    }
  })
})
