/** Lists of chunks, as Gemini answers without `alt=sse`: texts go over chunks, and each chunk goes on when it ends. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../../src/inspect/redact/redactor.ts'
import { label, markers } from '../../support/markers.ts'
import { redact, redactAllWays } from '../../support/redact.ts'

const TYPE = 'application/json; charset=UTF-8'
const RUNS = Number(process.env.FUZZ_RUNS ?? 50)

const chunk = (text: string, finishReason?: string) => ({
  candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason, index: 0 }],
  modelVersion: 'm',
})
/** As the service writes it. */
const stream = (chunks: readonly object[]) =>
  `[${chunks.map((one) => JSON.stringify(one, null, 2)).join('\n,\r\n')}\n]\n`
const textOf = (body: string) =>
  JSON.parse(body)
    .map((one: ReturnType<typeof chunk>) => one.candidates[0]?.content.parts[0]?.text)
    .join('')

test('a text over several chunks', () => {
  const body = stream([chunk('a XX1'), chunk('234'), chunk('XX b {"'), chunk(' XX1234XX', 'STOP')])
  const { text, findings } = redactAllWays(body, TYPE)
  expect(text).toBe(
    stream([chunk('a '), chunk('[mark]'), chunk(' b {"'), chunk(' [mark]', 'STOP')]),
  )
  expect(findings).toEqual(['mark $.candidates[].content.parts[].text 2'])
})

test('calls, and fields that are no text', () => {
  const call = (secret: number, say: string) => ({
    candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: { secret, say } } }] } }],
  })
  expect(redactAllWays(stream([call(1234, 'XX1234XX')]), TYPE).text).toBe(
    stream([call(0, '[mark]')]),
  )
})

test('a chunk goes on as soon as it ends', () => {
  const redactor = createRedactor({ contentType: TYPE, scan: markers, replace: label })
  const push = (text: string) => Buffer.concat(redactor.push(Buffer.from(text))).toString()
  const [first, second] = [chunk('a XX12'), chunk('b')].map((one) => JSON.stringify(one))
  expect(push(`[${JSON.stringify(chunk('hello. '))}`)).toBe(`[${JSON.stringify(chunk('hello. '))}`)
  expect(push(',\n')).toBe(',\n')
  expect(push(first ?? '')).toBe('')
  expect(push(`,${second}`)).toBe(`${first},${second}`)
  expect(push(']')).toBe(']')
})

describe('what is no such list after all', () => {
  const one = JSON.stringify(chunk('XX1234XX'))
  test.each([
    ['another list', '[{"candidate":"XX1234XX"},{"secret":1234}]'],
    ['an empty list', '[]'],
    ['a list of lists', '[["XX1234XX"]]'],
    ['an object', '{"candidates":"XX1234XX"}'],
    ['a list that ends with something else', `[${one},1234,"XX1234XX"]`],
    ['something behind it', `[${one}] XX1234XX`],
    ['something before it', `XX1234XX [${one}]`],
    ['no end', `[${one},{"a":"XX1234XX`],
    ['a chunk that is no JSON', `[${one},{a: XX1234XX},${one}]`],
    ['blanks', ' '.repeat(300)],
    ['blanks before', `${' '.repeat(300)}[${one}]`],
  ])('%s', (_, body) => {
    const { text } = redactAllWays(body, 'application/json')
    expect(text).toBe(body.replaceAll('XX1234XX', '[mark]').replace('"secret":1234', '"secret":0'))
  })

  test('a chunk that is too large is read as it comes', () => {
    const body = `[${one},{"a":"${'y'.repeat(3000)} XX1234XX"},${one}]`
    const { text } = redactAllWays(body, TYPE, { limits: { event: 1000 } })
    expect(text).toBe(body.replaceAll('XX1234XX', '[mark]'))
  })
})

test('any pieces of a text', () => {
  const piece = fc.constantFrom('XX12', '34XX', 'X', 'XX1234XX', 'ä', '"', '\\', ']', '{', '1', '')
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const { text } = redactAllWays(stream(pieces.map((each) => chunk(each))), TYPE)
      const together = pieces.join('')
      expect(textOf(text)).toBe(redact(together, 'text/plain').text)
    }),
    { numRuns: RUNS },
  )
})
