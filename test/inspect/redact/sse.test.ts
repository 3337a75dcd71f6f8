/** Server-sent events: every event stays one, and what is in it is found. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../../src/inspect/redact/redactor.ts'
import { label, markers } from '../../support/markers.ts'
import { redact, redactAllWays } from '../../support/redact.ts'

const TYPE = 'text/event-stream'
const RUNS = Number(process.env.FUZZ_RUNS ?? 100)

describe('what is found', () => {
  test.each([
    ['text', 'data: a XX1234XX\n\n', 'data: a [mark]\n\n'],
    ['without a blank', 'data:XX1234XX\n\n', 'data:[mark]\n\n'],
    ['JSON', 'data: {"a":"\\u0058X1234XX"}\n\n', 'data: {"a":"[mark]"}\n\n'],
    ['JSON over lines', 'data: {"secret":\ndata:  1234}\n\n', 'data: {"secret":\ndata:  0}\n\n'],
    ['carriage returns', 'data: XX1234XX\r\r', 'data: [mark]\r\r'],
    ['both', 'data: XX1234XX\r\n\r\n', 'data: [mark]\r\n\r\n'],
    ['in a comment', ': XX1234XX\n\n', ': [mark]\n\n'],
    ['in a comment within', 'data: 1\n: XX1234XX\n\n', 'data: 1\n: [mark]\n\n'],
    ['in an id', 'id: XX1234XX\ndata: XX1234XX\n\n', 'id: [mark]\ndata: [mark]\n\n'],
    ['in a field that is none', 'XX1234XX\ndata\n\n', '[mark]\ndata\n\n'],
    ['behind a mark of order', '\ufeffdata: {"secret":1234}\n\n', '\ufeffdata: {"secret":0}\n\n'],
    ['without a blank line', 'data: {"secret":1234}\n', 'data: {"secret":0}\n'],
    ['without an end', 'data: {"secret":"XX1234XX', 'data: {"secret":"[mark]'],
    ['not events', 'hello XX1234XX', 'hello [mark]'],
    ['half of it in each event', 'data: XX12\n\ndata: 34XX\n\n', 'data: XX12\n\ndata: 34XX\n\n'],
  ])('%s', (_, body, want) => {
    expect(redactAllWays(body, TYPE).text).toBe(want)
  })

  test('what takes its place is no other line', () => {
    const replace = () => Buffer.from('a\n\ndata: b')
    expect(redact('data: XX1234XX\n\n', TYPE, 'whole', { replace }).text).toBe(
      'data: a data: b\n\n',
    )
  })

  test('an event that is too large is read as text, with its escapes', () => {
    const body = `data: {"a":"${'y'.repeat(300)}\\u0058X1234XX"}\ndata: XX1234XX\n\ndata: {"secret":1234}\n\n`
    const { text } = redactAllWays(body, TYPE, { limits: { event: 200 } })
    expect(text).toBe(
      `data: {"a":"${'y'.repeat(300)}[mark]"}\ndata: [mark]\n\ndata: {"secret":0}\n\n`,
    )
  })
})

test('an event goes on as soon as it ends, a comment as soon as its line does', () => {
  const redactor = createRedactor({ contentType: TYPE, scan: markers, replace: label })
  const push = (text: string) => Buffer.concat(redactor.push(Buffer.from(text))).toString()
  expect(push('data: 1\n')).toBe('')
  expect(push('\n')).toBe('data: 1\n\n')
  expect(push(': ping\n')).toBe(': ping\n')
  expect(push('data: XX12')).toBe('')
})

test('an event without end: little is kept', () => {
  const redactor = createRedactor({
    contentType: TYPE,
    scan: markers,
    replace: label,
    limits: { event: 10_000 },
  })
  const piece = Buffer.from('x'.repeat(5000))
  let came = 0
  for (let i = 1; i < 2000; i++) {
    for (const out of redactor.push(piece)) came += out.length
    expect(i * 5000 - came).toBeLessThan(20_000)
  }
})

test('any events, cut anywhere: the same, as many, and nothing left', () => {
  const line = fc.tuple(
    fc.constantFrom('data: ', 'data:', 'event: ', 'id:', ': ', 'data', ''),
    fc.constantFrom('', 'XX1234XX', '{"a":"XX1234XX"}', '["XX', '1234', '"\\u0058X1234XX"', 'ä'),
  )
  const events = fc.array(fc.array(line, { maxLength: 4 }), { maxLength: 5 })
  const eol = fc.constantFrom('\n', '\r\n', '\r')
  fc.assert(
    fc.property(events, eol, (list, newline) => {
      const body = list
        .map((lines) => [...lines.map((parts) => parts.join('')), '', ''].join(newline))
        .join('')
      const { text } = redactAllWays(body, TYPE)
      expect(text).not.toMatch(/XX\d{4}XX/)
      expect(text.split(newline).map((part) => part === '')).toEqual(
        body.split(newline).map((part) => part === ''),
      )
    }),
    { numRuns: RUNS },
  )
})
