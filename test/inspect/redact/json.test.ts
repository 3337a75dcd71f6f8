/** JSON: what is in it is found however it is written, and all else stays as it is. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../../src/inspect/redact/redactor.ts'
import { label, markers } from '../../support/markers.ts'
import { redact, redactAllWays } from '../../support/redact.ts'

const TYPE = 'application/json'
const RUNS = Number(process.env.FUZZ_RUNS ?? 100)

describe('what is found', () => {
  test.each([
    ['in a string', '{"a":"say XX1234XX now"}', '{"a":"say [mark] now"}'],
    ['in a list', '["x", "XX1234XX" ]', '["x", "[mark]" ]'],
    ['in a key', '{"XX1234XX":1}', '{"[mark]":1}'],
    ['in the same key again', '[{"XX1234XX":1},{"XX1234XX":2}]', '[{"[mark]":1},{"[mark]":2}]'],
    [
      'under the same key again',
      '[{"secret":1234},{"secret":1235}]',
      '[{"secret":0},{"secret":0}]',
    ],
    ['alone', '"XX1234XX"', '"[mark]"'],
    ['twice', '["XX1234XXXX1234XX"]', '["[mark][mark]"]'],
    ['escaped', '["\\u0058X12\\u00334XX\\n"]', '["[mark]\\n"]'],
    ['next to escapes', '["\\n\\"XX1234XX\\\\\\/\\u00e9"]', '["\\n\\"[mark]\\\\\\/\\u00e9"]'],
    ['next to a pair', '["\\ud83d\\ude00XX1234XX\\ud83d"]', '["\\ud83d\\ude00[mark]\\ud83d"]'],
    ['next to other letters', '["äXX1234XXß😀"]', '["ä[mark]ß😀"]'],
    ['a number under its key', '{"secret": 1234 }', '{"secret": 0 }'],
    ['a whole number kept as a decimal', '{"secret":1234.00}', '{"secret":0}'],
    ['a decimal', '{"secret":1234.50}', '{"secret":1234.50}'],
    ['a number in a list under its key', '{"secret":[1234,5]}', '{"secret":[0,5]}'],
    ['a number of the same key twice', '{"secret":1234,"secret":1235}', '{"secret":0,"secret":0}'],
    ['an escaped key', '{"sec\\u0072et":1234}', '{"sec\\u0072et":0}'],
    ['line by line', '{"a":"XX1234XX"}\n{"a":"XX1234XX"}\n', '{"a":"[mark]"}\n{"a":"[mark]"}\n'],
    ['one after another', '{"a":"XX1234XX"}["XX1234XX"]', '{"a":"[mark]"}["[mark]"]'],
    ['as a sequence', '\x1e{"a":"XX1234XX"}\n\x1e1\n', '\x1e{"a":"[mark]"}\n\x1e1\n'],
    ['behind a mark of order', '\ufeff{"a":"XX1234XX"}', '\ufeff{"a":"[mark]"}'],
    ['without an end', '{"a":"b XX1234XX', '{"a":"b [mark]'],
    ['in an open escape', '{"a":"XX1234XX\\u00', '{"a":"[mark]\\u00'],
    ['behind wrong escapes', '["\\x \\uZZ XX1234XX"]', '["\\x \\uZZ [mark]"]'],
    ['with raw line feeds', '["a\nXX1234XX"]', '["a\n[mark]"]'],
  ])('%s', (_, body, want) => {
    expect(redactAllWays(body, TYPE).text).toBe(want)
  })

  test.each([
    ['text', 'hello XX1234XX', 'hello [mark]'],
    ['text in brackets', '[see XX1234XX]', '[see [mark]]'],
    ['without quotes', '{a: XX1234XX}', '{a: [mark]}'],
    ['a number and more', '12 XX1234XX', '12 [mark]'],
    ['a mark between numbers', '[1, XX1234XX, 2]', '[1, [mark], 2]'],
    ['what goes on behind it', '{"a":1} XX1234XX', '{"a":1} [mark]'],
    ['closed too often', '{"a":1}}"XX1234XX"', '{"a":1}}"[mark]"'],
    ['closed wrongly', '{"a":1]"XX1234XX"', '{"a":1]"[mark]"'],
    ['escapes in what is none', '{a:"\\u0058X1234XX"}', '{a:"[mark]"}'],
    ['comments', '{// XX1234XX\n"a":1}', '{// [mark]\n"a":1}'],
    ['too many brackets', `${'['.repeat(600)}"XX1234XX"`, `${'['.repeat(600)}"[mark]"`],
    ['a key without end', `{"${'k'.repeat(5000)}XX1234XX":1}`, `{"${'k'.repeat(5000)}[mark]":1}`],
    ['bytes that are no text', '{"a":"\xff\xfeXX1234XX"}', '{"a":"\xff\xfe[mark]"}'],
  ])('not JSON: %s', (_, body, want) => {
    expect(redactAllWays(Buffer.from(body, 'latin1'), TYPE).bytes.toString('latin1')).toBe(want)
  })

  test('JSON in strings, ten deep, and deeper than is opened', () => {
    for (const depth of [1, 2, 6, 10]) {
      let body: unknown = { secret: '1234', text: 'an XX1234XX and "quotes"' }
      let want: unknown = { secret: '[secret]', text: 'an [mark] and "quotes"' }
      for (let i = 0; i < depth; i++) {
        body = { arguments: JSON.stringify(body) }
        want = { arguments: JSON.stringify(want) }
      }
      const text = JSON.stringify(body)
      const redacted = depth < 4 ? redactAllWays(text, TYPE) : redact(text, TYPE)
      expect(redacted.text).toBe(JSON.stringify(want))
      expect(redact(text, TYPE, 'bytes').text).toBe(redacted.text)
    }
    const shallow = redact('{"a":"{\\"b\\":\\"XX1234XX\\"}"}', TYPE, 'whole', {
      limits: { depth: 0 },
    })
    expect(shallow.text).toBe('{"a":"{\\"b\\":\\"[mark]\\"}"}')
  })

  test('where it stood, and no data in that', () => {
    const messages = [{ content: 'XX1234XX' }, { content: 'XX1234XX' }]
    const body = { messages, 'me@x.test': 'XX1234XX' }
    expect(redactAllWays(JSON.stringify(body), TYPE).findings).toEqual([
      'mark $.messages[].content 2',
      'mark $.* 1',
    ])
    const inKey = redact('{"XX1234XX":{"a":"XX1234XX"}}', TYPE)
    expect(inKey.findings).toEqual(['mark $.* 1', 'mark $.*.a 1'])
    const open = redactAllWays(`[{"${'k'.repeat(60)}\\" XX1234XX`, TYPE)
    expect(open.findings).toEqual(['mark $[].* 1'])
    const nested = redact('{"args":"{\\"to\\":\\"XX1234XX\\"}"}', TYPE)
    expect(nested.findings).toEqual(['mark $.args$.to 1'])
  })

  test('a key that one leaves as it is, is not known to be clean to others', () => {
    const body = '{"XX5678XX":1}'
    expect(redact(body, TYPE, 'whole', { replace: () => null }).text).toBe(body)
    expect(redact(body, TYPE).text).toBe('{"[mark]":1}')
  })

  test('what takes its place is escaped, and a number is one or a string', () => {
    const made = 'a "b"\\\n'
    const replace = () => Buffer.from(made)
    const read = (body: string) => JSON.parse(redact(body, TYPE, 'whole', { replace }).text)
    expect(read('["XX1234XX"]')).toEqual([made])
    expect(read('{"secret":1234}')).toEqual({ secret: made })
    expect(JSON.parse(read('["[\\"XX1234XX\\"]"]')[0])).toEqual([made])
  })
})

test('one line of many megabytes: little is kept', () => {
  const piece = Buffer.from(`${'x'.repeat(65_527)} XX1234XX`)
  const redactor = createRedactor({ contentType: TYPE, scan: markers, replace: label })
  const size = (pieces: Buffer[]) => pieces.reduce((sum, { length }) => sum + length, 0)
  let came = size(redactor.push(Buffer.from('["')))
  for (let i = 1; i <= 800; i++) {
    came += size(redactor.push(piece))
    expect(2 + i * (piece.length - 2) - came).toBeLessThan(64)
  }
  expect(came + size(redactor.end())).toBe(2 + 800 * (piece.length - 2))
})

test('any JSON, cut anywhere: the same, valid, and nothing left', () => {
  const mark = fc.constantFrom(
    'XX1234XX',
    'a XX9999XX b',
    '😀XX0000XX',
    '"XX1111XX\\',
    'XX12',
    '[XX',
    '{"a":"XX1234XX"}',
  )
  const text = fc.oneof(fc.string({ unit: 'binary' }), mark)
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(true, null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  }))
  const written = fc
    .tuple(value, fc.constantFrom(0, 2), fc.boolean())
    .map(([json, indent, isEscaped]) => {
      const plain = JSON.stringify(json, null, indent)
      return isEscaped ? plain.replace(/X/g, '\\u0058') : plain
    })
  fc.assert(
    fc.property(written, fc.nat(), (body, at) => {
      const whole = redact(body, TYPE)
      expect(redact(body, TYPE, at % (Buffer.byteLength(body) + 1)).text).toBe(whole.text)
      expect(redact(body, TYPE, 'bytes').text).toBe(whole.text)
      expect(JSON.stringify(JSON.parse(whole.text))).not.toMatch(/XX\d{4}XX/)
      if (!/X/.test(JSON.stringify(JSON.parse(body)))) expect(whole.text).toBe(body)
    }),
    { numRuns: RUNS },
  )
})

describe('a URL in a string', () => {
  test.each([
    ['https://a.test/?m=%58X1234XX&n=1', 'https://a.test/?m=[mark]&n=1'],
    ['http://a.test/X%581234X%58/b', 'http://a.test/[mark]/b'],
    ['https://a.test/ says X%581234XX', 'https://a.test/ says [mark]'],
    ['https://a.test/100%zz%', 'https://a.test/100%zz%'],
    ['https://a.test/?a=b', 'https://a.test/?a=b'],
    ['https:', 'https:'],
    ['X%581234XX', 'X%581234XX'],
  ])('%s', (url, want) => {
    const body = (text: string) => JSON.stringify({ a: text, b: [text] })
    expect(redactAllWays(body(url), 'application/json').text).toBe(body(want))
    expect(redactAllWays(url, 'text/plain').text).toBe(want)
    const form = `u=${encodeURIComponent(url)}`
    const { text } = redactAllWays(form, 'application/x-www-form-urlencoded')
    expect(decodeURIComponent(text)).toBe(`u=${want}`)
  })
})
