/** Forms, bodies in parts, character sets, and what is not what it says it is. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact, redactAllWays } from '../../support/redact.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 50)
const FORM = 'application/x-www-form-urlencoded'

describe('forms', () => {
  test.each([
    ['a value', 'a=XX1234XX&b=1', 'a=%5Bmark%5D&b=1'],
    ['percent-encoded', 'a=%58X12%334XX+x%20y', 'a=%5Bmark%5D+x%20y'],
    ['a value under its name', 'secret=1234&x=1234', 'secret=%5Bsecret%5D&x=1234'],
    ['an encoded name', 'sec%72et=12%334', 'sec%72et=%5Bsecret%5D'],
    ['a name', 'XX1234XX=1&=2&&b', '%5Bmark%5D=1&=2&&b'],
    ['JSON in a value', 'p=%7B%22secret%22%3A1234%7D', 'p=%7B%22secret%22%3A0%7D'],
    ['wrong encodings', 'a=%5&b=%zzXX1234XX%', 'a=%5&b=%zz%5Bmark%5D%'],
    ['more equals signs', 'a=b=XX1234XX=', 'a=b=%5Bmark%5D='],
    ['no form', 'XX1234XX', '%5Bmark%5D'],
    ['a name without end', `${'n'.repeat(5000)}XX1234XX=1`, `${'n'.repeat(5000)}%5Bmark%5D=1`],
  ])('%s', (_, body, want) => {
    expect(redactAllWays(body, FORM).text).toBe(want)
  })

  test('where it stood', () => {
    const { findings } = redact('card=XX1234XX&XX1234XX=XX1234XX&u12345=XX1234XX', FORM)
    expect(findings).toEqual(['mark card 1', 'mark body 2', 'mark * 1'])
  })

  test('any form: the same values, without marks', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('XX1234XX', 'XX 1', '+XX1234XX&', '%58'))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), (pairs) => {
        const body = new URLSearchParams(pairs).toString().replaceAll('X', '%58')
        const { text: now } = redactAllWays(body, FORM)
        const want = pairs.map((pair) => pair.map((each) => each.replace(/XX\d{4}XX/g, '[mark]')))
        expect([...new URLSearchParams(now)]).toEqual(want)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('parts', () => {
  const TYPE = 'multipart/form-data; boundary="b1"'
  const part = (fields: string, body: string) => `--b1\r\n${fields}\r\n\r\n${body}\r\n`

  test('each by its own type, under its name, without a length', () => {
    const body = `before XX1234XX\r\n${part('Content-Disposition: form-data; name="secret"', '1234')}${part(
      'Content-Disposition: form-data; name="f"; filename="XX1234XX.json"\r\nContent-Length: 24\r\nContent-Type: application/json',
      '{"a":"\\u0058X1234XX"}',
    )}${part('Content-Disposition: form-data; name="e"', '')}${part('X: y', 'a\r\n--b\r\nXX1234XX')}--b1--\r\nXX1234XX`
    const want = `before [mark]\r\n${part('Content-Disposition: form-data; name="secret"', '[secret]')}${part(
      'Content-Disposition: form-data; name="f"; filename="[mark].json"\r\nContent-Type: application/json',
      '{"a":"[mark]"}',
    )}${part('Content-Disposition: form-data; name="e"', '')}${part('X: y', 'a\r\n--b\r\n[mark]')}--b1--\r\n[mark]`
    const redacted = redactAllWays(body, TYPE)
    expect(redacted.text).toBe(want)
    expect(redacted.findings).toContain('mark f$.a 1')
    expect(redacted.unscannable).toEqual([])
  })

  test.each([
    ['without an end', '--b1\r\nA: b\r\n\r\nXX1234XX', '--b1\r\nA: b\r\n\r\n[mark]'],
    ['without a body', '--b1\r\nA: XX1234XX', '--b1\r\nA: [mark]'],
    ['without parts', 'XX1234XX', '[mark]'],
    [
      'with fields without end',
      `--b1\r\n${'A: b\r\n'.repeat(3000)}XX1234XX`,
      `--b1\r\n${'A: b\r\n'.repeat(3000)}[mark]`,
    ],
    [
      'a boundary without end',
      `--b1${' '.repeat(17_000)}XX1234XX`,
      `--b1${' '.repeat(17_000)}[mark]`,
    ],
    ['with line feeds only', '--b1\nA: b\n\nXX1234XX\n--b1--\n', '--b1\nA: b\n\n[mark]\n--b1--\n'],
    [
      'in parts',
      '--b1\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nXX1234XX\r\n--c--\r\n--b1--',
      '--b1\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n[mark]\r\n--c--\r\n--b1--',
    ],
  ])('%s', (_, body, want) => {
    expect(redactAllWays(body, TYPE).text).toBe(want)
  })

  test('fields that go over several lines, and names of files in their own coding', () => {
    const form = part('Content-Type:\r\n application/x-www-form-urlencoded', 'a=%58X1234XX')
    expect(redactAllWays(`${form}--b1--`, TYPE).text).toContain('a=%5Bmark%5D')
    const coded = part('Content-Transfer-Encoding:\r\n\tbase64', 'WFgxMjM0WFg=')
    expect(redactAllWays(`${coded}--b1--`, TYPE).unscannable).toEqual(['binary body'])
    const file = part("Content-Disposition: form-data; filename*=utf-8''%58X1234XX", '')
    expect(redactAllWays(`${file}--b1--`, TYPE).text).toContain("filename*=utf-8''%5Bmark%5D\r\n")
  })

  test.each([
    ['a boundary with more behind it', `${part('A: b', '--b1x\r\nc')}--b1--`],
    ['an end with more behind it', `--b1--x\r\n${part('A: b', 'c')}--b1--`],
    ['a part of UTF-16 that does not say so', `${part('A: b', 'X\0X\0')}--b1--`],
  ])('what others may read otherwise cannot be read: %s', (_, body) => {
    const reason = body.includes('\0') ? 'binary body' : 'malformed body'
    expect(redactAllWays(body, TYPE).unscannable).toEqual([reason])
    expect(redact(body, TYPE, 'bytes').unscannable).toEqual([reason])
  })

  test('what is not text is said to be so', () => {
    const png = '\x89PNG\r\n\x1a\n\0\0XX1234XX'
    const body = Buffer.from(
      `${part('Content-Disposition: form-data; name="p"; filename="p.png"\r\nContent-Type: image/png', png)}--b1--`,
      'latin1',
    )
    const redacted = redactAllWays(body, TYPE)
    expect(redacted.unscannable).toEqual(['binary p'])
    expect(redacted.bytes.equals(body)).toBe(true)
    expect(redact('x', 'multipart/form-data').unscannable).toEqual(['malformed body'])
  })
})

describe('what it is by its bytes', () => {
  const png = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0', 'latin1')

  test.each<[string, string | null, Buffer | string, string, string[]]>([
    [
      'JSON called bytes',
      'application/octet-stream',
      '{"a":"\\u0058X1234XX"}',
      '{"a":"[mark]"}',
      [],
    ],
    ['JSON called a picture', 'image/png', '{"secret":1234}', '{"secret":0}', []],
    ['JSON called text', 'text/plain; charset=utf-8', ' {"secret":1234}', ' {"secret":0}', []],
    ['a form without a type', null, 'a=1&secret=1234', 'a=1&secret=%5Bsecret%5D', []],
    ['text without a type', null, 'a XX1234XX b', 'a [mark] b', []],
    [
      'other letters',
      'text/plain; charset=iso-8859-1',
      Buffer.from('\xe4XX1234XX', 'latin1'),
      '\ufffd[mark]',
      [],
    ],
    ['a picture', 'image/png', png, png.toString(), ['binary body']],
    ['a picture called JSON', 'application/json', png, png.toString(), ['binary body']],
    [
      'something compressed',
      'text/plain',
      Buffer.from('\x1f\x8b\x08abc', 'latin1'),
      '\x1f\ufffd\x08abc',
      ['binary body'],
    ],
    ['a set nobody reads', 'text/plain; charset=utf-7', 'XX1234XX', 'XX1234XX', ['charset body']],
    ['nothing', null, '', '', []],
    ['one byte', null, 'X', 'X', []],
  ])('%s', (_, type, body, want, unscannable) => {
    const redacted = redactAllWays(body, type)
    expect(redacted.text).toBe(want)
    expect(redacted.unscannable).toEqual(unscannable)
  })

  test.each([
    ['le', 'application/json; charset=utf-16le', ''],
    ['be', 'application/json; charset=UTF-16BE', ''],
    ['le', 'application/json; charset=utf-16', '\ufeff'],
    ['be', 'application/json', '\ufeff'],
    ['le', 'application/json', ''],
    ['be', null, ''],
  ])('UTF-16 %s, %s', (order, type, mark) => {
    const encode = (text: string) => {
      const bytes = Buffer.from(text, 'utf16le')
      return order === 'le' ? bytes : bytes.swap16()
    }
    const redacted = redactAllWays(encode(`${mark}{"ä😀":"XX1234XX","secret":1234}`), type)
    expect(redacted.bytes.equals(encode(`${mark}{"ä😀":"[mark]","secret":0}`))).toBe(true)
    expect(redacted.unscannable).toEqual([])
  })
})
