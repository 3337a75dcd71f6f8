/** Documents of GraphQL: values under the names of their arguments, and what comes out is a document. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDocument } from '../../../src/inspect/redact/graphql.ts'
import { Tokens } from '../../../src/inspect/redact/graphql-tokens.ts'
import { createMessageRedactor } from '../../../src/inspect/redact/message-redactor.ts'
import { label, markers } from '../../support/markers.ts'
import { redact, redactAllWays } from '../../support/redact.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 200)
const TYPE = 'application/graphql'

describe('a document', () => {
  test.each([
    ['a string', '{ user(mail: "XX1234XX") { name } }', '{ user(mail: "[mark]") { name } }'],
    [
      'its name',
      '{ user(secret: "1234", id: "1234") { id } }',
      '{ user(secret: "[secret]", id: "1234") { id } }',
    ],
    [
      'a number',
      '{ user(secret: 1234, n: -1.5e3) { id } }',
      '{ user(secret: 0, n: -1.5e3) { id } }',
    ],
    [
      'a list',
      'query { users(secret: ["1234", "x"]) { id } }',
      'query { users(secret: ["[secret]", "x"]) { id } }',
    ],
    [
      'an object',
      'mutation M { add(input: {secret: "1234", list: [{secret: "1234"}]}) { id } }',
      'mutation M { add(input: {secret: "[secret]", list: [{secret: "[secret]"}]}) { id } }',
    ],
    [
      'a variable',
      'query Q($secret: String = "1234") { a(b: $secret) }',
      'query Q($secret: String = "[secret]") { a(b: $secret) }',
    ],
    ['an escape', '{ a(b: "\\u0058X1234XX\\n\\"") }', '{ a(b: "[mark]\\n\\"") }'],
    ['the other escape', '{ a(b: "\\u{58}X1234X\\u{000058}") }', '{ a(b: "[mark]") }'],
    ['JSON in it', '{ a(b: "{\\"secret\\":1234}") }', '{ a(b: "{\\"secret\\":0}") }'],
    [
      'a block',
      '{ a(b: """\n  hello "XX1234XX"\n  \\""" XX1234XX""") }',
      '{ a(b: """\n  hello "[mark]"\n  \\""" [mark]""") }',
    ],
    ['a block under a name', '{ a(secret: """1234""") }', '{ a(secret: """[secret]""") }'],
    ['a comment', '# XX1234XX\nquery { a } # XX1234XX', '# [mark]\nquery { a } # [mark]'],
    [
      'an empty string',
      '{ a(b: "", c: "XX1234XX", d: """""") }',
      '{ a(b: "", c: "[mark]", d: """""") }',
    ],
    [
      'parts',
      'fragment F on User @x(secret: "1234") { a }\nquery { ...F ... on U { a } }',
      'fragment F on User @x(secret: "[secret]") { a }\nquery { ...F ... on U { a } }',
    ],
    ['behind a mark of order', '\ufeff{ a(b: "XX1234XX") }', '\ufeff{ a(b: "[mark]") }'],
  ])('%s', (_, before, after) => {
    expect(redactAllWays(before, TYPE).text).toBe(after)
    const [first, second] = [before, after].map((query) => JSON.stringify({ query, n: 1 }))
    expect(redactAllWays(first ?? '', 'application/json').text).toBe(second)
    const [form, want] = [before, after].map((query) => String(new URLSearchParams({ query })))
    const got = redactAllWays(form ?? '', 'application/x-www-form-urlencoded').text
    expect(new URLSearchParams(got).get('query')).toBe(new URLSearchParams(want).get('query'))
  })

  test('in a part, in a list of requests, and in a message of a subscription', () => {
    const ask = (query: string) => JSON.stringify({ query })
    const [before, after] = ['{ a(secret: "1234") }', '{ a(secret: "[secret]") }'].map(ask)
    const part = (operations = '') =>
      `--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${operations}\r\n--b--\r\n`
    const { text } = redactAllWays(part(before), 'multipart/form-data; boundary=b')
    expect(text).toBe(part(after))
    const list = redactAllWays(`[${before},${before}]`, 'application/json').text
    expect(list).toBe(`[${after},${after}]`)
    const redactor = createMessageRedactor({ scan: markers, replace: label })
    const subscribe = (payload = '') => `{"id":"1","type":"subscribe","payload":${payload}}`
    const [message] = redactor.push({ isText: true, bytes: Buffer.from(subscribe(before)) })
    expect(String(message?.bytes)).toBe(subscribe(after))
  })

  test('places are names', () => {
    const query = '{ user(in: {mail: "XX1234XX"}) { id(x: ["XX1234XX"]) } }'
    const body = JSON.stringify({ query, variables: { secret: '1234' } })
    expect(redactAllWays(body, 'application/json').findings).toEqual([
      'mark $.query.mail 1',
      'mark $.query.x 1',
      'secret $.variables.secret 1',
    ])
    expect(redactAllWays(query, TYPE).findings).toEqual(['mark mail 1', 'mark x 1'])
  })

  test.each([
    ['quotes', 'a"""b', '{ a(b: """a\'\'\'b""") }', '{ a(b: "a\\"\\"\\"b") }'],
    ['a quote at the end', 'a"', '{ a(b: """a\'""") }', '{ a(b: "a\\"") }'],
    ['a backslash at the end', 'a\\', '{ a(b: """a\\ """) }', '{ a(b: "a\\\\") }'],
    ['lines', 'a\nb', '{ a(b: """a\nb""") }', '{ a(b: "a\\nb") }'],
  ])('what takes its place ends nothing: %s', (_, value, block, string) => {
    const replace = () => Buffer.from(value)
    const by = (query: string) => redact(query, TYPE, 'whole', { replace }).text
    expect(by('{ a(b: """XX1234XX""") }')).toBe(block)
    expect(by('{ a(b: "XX1234XX") }')).toBe(string)
    expect(by('{ a } # XX1234XX')).not.toContain('\n')
  })
})

describe('what is no document is read as ever', () => {
  test.each([
    ['prose', 'query the table for XX1234XX'],
    ['SQL', "select * from t where a = 'XX1234XX'"],
    ['nothing', ''],
    ['a string without end', '{ a(b: "XX1234XX) }'],
    ['a bracket without end', 'query { a(b: "XX1234XX") '],
    ['brackets that are not a pair', '{ a(b: "XX1234XX"] }'],
    ['a sign that is none', '{ a(b: "XX1234XX") ; }'],
    ['a number with letters', '{ a(b: 12x, c: "XX1234XX") }'],
    ['a schema', 'type A { a: Int } # XX1234XX'],
    ['a name that is a mark', 'query XX1234XX'],
  ])('%s', (_, text) => {
    const want = text.replaceAll('XX1234XX', '[mark]')
    expect(redactAllWays(text, TYPE).text).toBe(want)
    const body = JSON.stringify({ query: text })
    expect(redactAllWays(body, 'application/json').text).toBe(JSON.stringify({ query: want }))
  })

  test('JSON', () => {
    expect(redactAllWays('{"secret":1234}', TYPE).text).toBe('{"secret":0}')
    const body = JSON.stringify({ query: '{"secret":1234}' })
    expect(redactAllWays(body, 'application/json').text).toBe(
      JSON.stringify({ query: '{"secret":0}' }),
    )
  })

  test('what is larger than a mebibyte', () => {
    const pad = 'y'.repeat(1024 * 1024)
    expect(redact(`{ a(b: "${pad} XX1234XX") }`, TYPE).text).toBe(`{ a(b: "${pad} [mark]") }`)
  })

  test('only under the name `query`', () => {
    const body = JSON.stringify({ text: '{ a(secret: 1234) }' })
    expect(redactAllWays(body, 'application/json').text).toBe(body)
  })
})

test('any pieces: no mark is left, and a document stays one', () => {
  const pieces = fc.array(
    fc.constantFrom(
      ...'{ } ( ) [ ] : $ ! ... a query # \n "XX1234XX" "" """XX1234XX""" """\\"""""" secret 1234 "\\u0058X1234XX" \\ "'.split(
        ' ',
      ),
      ' ',
    ),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(pieces, (list) => {
      const query = list.join('')
      const { text } = redact(query, TYPE)
      expect(text).not.toMatch(/XX\d{4}XX/)
      const kinds = (said: string) => {
        const bytes = Buffer.from(said)
        if (!isDocument(bytes, 0, bytes.length)) return null
        return [...new Tokens(bytes, 0, bytes.length)].map(({ kind, mark }) => kind + mark)
      }
      const before = kinds(query)
      if (before) expect(kinds(text)).toEqual(before)
    }),
    { numRuns: RUNS },
  )
})
