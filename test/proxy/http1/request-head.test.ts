import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Code } from '../../../src/model/errors.ts'
import { parseRequestHead } from '../../../src/proxy/http1/head.ts'
import { get, lines, requestHead } from './support.ts'

const HOST = 'Host: a.example'

/** The code of the refusal; null when the head is accepted. */
function codeOf(text: string): Code | null {
  const head = parseRequestHead(text)
  return 'code' in head ? head.code : null
}

describe('the request line', () => {
  test.each([
    { line: 'GET / HTTP/1.1', want: ['GET', '/', '1.1'] },
    { line: 'GET / HTTP/1.0', want: ['GET', '/', '1.0'] },
    { line: 'OPTIONS * HTTP/1.1', want: ['OPTIONS', '*', '1.1'] },
    { line: 'CONNECT a.example:443 HTTP/1.1', want: ['CONNECT', 'a.example:443', '1.1'] },
    { line: 'GET http://a.example/b?c=d HTTP/1.1', want: ['GET', 'http://a.example/b?c=d', '1.1'] },
    // Methods are case-sensitive tokens, known or not (RFC 9110 section 9.1).
    { line: 'get / HTTP/1.1', want: ['get', '/', '1.1'] },
    { line: 'X-Odd!#$1234 / HTTP/1.1', want: ['X-Odd!#$1234', '/', '1.1'] },
    // What is in a target is the business of the origin; it travels as it came.
    { line: 'GET /a/../b%2F%zz HTTP/1.1', want: ['GET', '/a/../b%2F%zz', '1.1'] },
    { line: 'GET /"<>[]^`{|}\\~ HTTP/1.1', want: ['GET', '/"<>[]^`{|}\\~', '1.1'] },
    { line: `GET /${'a'.repeat(40_000)} HTTP/1.1`, want: ['GET', `/${'a'.repeat(40_000)}`, '1.1'] },
  ])('$line is read', ({ line, want }) => {
    const { method, target, version } = requestHead(lines(line, HOST))
    expect([method, target, version]).toEqual(want)
  })

  test.each([
    { name: 'nothing', line: '' },
    { name: 'a method alone', line: 'GET' },
    { name: 'no target', line: 'GET HTTP/1.1' },
    { name: 'an empty target', line: 'GET  HTTP/1.1' },
    { name: 'no version (HTTP/0.9)', line: 'GET /' },
    { name: 'a space before the method', line: ' GET / HTTP/1.1' },
    { name: 'two spaces after the method', line: 'GET  / HTTP/1.1' },
    { name: 'two spaces before the version', line: 'GET /  HTTP/1.1' },
    { name: 'a space at the end', line: 'GET / HTTP/1.1 ' },
    { name: 'a word too many', line: 'GET / a HTTP/1.1' },
    { name: 'a tab after the method', line: 'GET\t/ HTTP/1.1' },
    { name: 'a tab before the version', line: 'GET /\tHTTP/1.1' },
    { name: 'a tab in the target', line: 'GET /\ta HTTP/1.1' },
    { name: 'a vertical tab', line: 'GET\x0b/ HTTP/1.1' },
    { name: 'a form feed', line: 'GET /\x0cHTTP/1.1' },
    { name: 'a no-break space', line: 'GET\xa0/ HTTP/1.1' },
    { name: 'a bare CR in place of a space', line: 'GET\r/ HTTP/1.1' },
    { name: 'a bare CR in the target', line: 'GET /\ra HTTP/1.1' },
    { name: 'a bare CR at the end', line: 'GET / HTTP/1.1\r' },
    { name: 'a bare LF in the target', line: 'GET /\na HTTP/1.1' },
    { name: 'a bare LF before the version', line: 'GET /\nHTTP/1.1' },
    { name: 'NUL in the target', line: 'GET /\0 HTTP/1.1' },
    { name: 'DEL in the target', line: 'GET /\x7f HTTP/1.1' },
    { name: 'UTF-8 in the target', line: 'GET /caf\xc3\xa9 HTTP/1.1' },
    { name: 'latin-1 in the target', line: 'GET /caf\xe9 HTTP/1.1' },
    { name: 'a fragment', line: 'GET /a#b HTTP/1.1' },
    { name: 'a colon in the method', line: 'GET: / HTTP/1.1' },
    { name: 'digits for a method', line: '4111111111111111 / HTTP/1.1' },
    { name: 'a method with five digits', line: 'a1b2c3d4e5 / HTTP/1.1' },
    { name: 'a quote in the method', line: 'G"T / HTTP/1.1' },
    { name: 'an 8-bit method', line: 'G\xc9T / HTTP/1.1' },
    { name: 'a lower-case version', line: 'GET / http/1.1' },
    { name: 'another protocol', line: 'GET / ICAP/1.1' },
    { name: 'a version without a dot', line: 'GET / HTTP/11' },
    { name: 'a version without a minor', line: 'GET / HTTP/1.' },
    { name: 'a long version', line: 'GET / HTTP/1.10' },
    { name: 'a zero before the version', line: 'GET / HTTP/01.1' },
    { name: 'a sign in the version', line: 'GET / HTTP/+1.1' },
    { name: 'a comma in the version', line: 'GET / HTTP/1,1' },
  ])('$name is malformed', ({ line }) => {
    expect(codeOf(lines(line, HOST))).toBe('request-malformed')
  })

  test.each(['HTTP/0.9', 'HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/9.9'])(
    '%s is a version that is not spoken here',
    (version) => {
      expect(codeOf(lines(`GET / ${version}`, HOST))).toBe('request-version')
    },
  )

  test('the HTTP/2 preface is refused', () => {
    expect(codeOf('PRI * HTTP/2.0\r\n\r\n')).toBe('request-version')
  })
})

describe('Host', () => {
  test.each([
    { name: 'one', text: lines('GET / HTTP/1.1', HOST), want: null },
    { name: 'one in another case', text: lines('GET / HTTP/1.1', 'hOST: a.example'), want: null },
    { name: 'an empty one', text: lines('GET / HTTP/1.1', 'Host:'), want: null },
    { name: 'none in HTTP/1.0', text: lines('GET / HTTP/1.0'), want: null },
    { name: 'none in HTTP/1.1', text: lines('GET / HTTP/1.1'), want: 'request-malformed' },
    { name: 'two that are equal', text: get(HOST), want: 'request-malformed' },
    { name: 'two that differ', text: get('host: b.example'), want: 'request-malformed' },
    {
      name: 'two in HTTP/1.0',
      text: lines('GET / HTTP/1.0', HOST, HOST),
      want: 'request-malformed',
    },
    { name: 'an empty one and another', text: get('Host:'), want: 'request-malformed' },
  ] satisfies { name: string; text: string; want: Code | null }[])('$name', ({ text, want }) => {
    expect(codeOf(text)).toBe(want)
  })
})

describe('Transfer-Encoding in HTTP/1.0', () => {
  test('is refused: an old origin would not see where the body ends', () => {
    expect(codeOf(lines('POST / HTTP/1.0', HOST, 'Transfer-Encoding: chunked'))).toBe(
      'request-framing',
    )
  })
})

describe('what is not one whole head is refused', () => {
  test.each([
    { name: 'nothing', text: '' },
    { name: 'an empty line', text: '\r\n' },
    { name: 'two empty lines', text: '\r\n\r\n' },
    { name: 'no empty line at the end', text: `GET / HTTP/1.1\r\n${HOST}\r\n` },
    { name: 'no line end at all', text: 'GET / HTTP/1.1' },
    { name: 'a character behind the end', text: `${get()}X` },
    { name: 'a second head behind the end', text: get() + get() },
    { name: 'LF alone', text: get().replaceAll('\r\n', '\n') },
    { name: 'CR alone', text: get().replaceAll('\r\n', '\r') },
    { name: 'LF CR', text: get().replaceAll('\r\n', '\n\r') },
    { name: 'an empty line of LF alone', text: `GET / HTTP/1.1\r\n${HOST}\r\n\n` },
    { name: 'an empty line of two CR', text: `GET / HTTP/1.1\r\n${HOST}\r\n\r\r\n` },
  ])('$name', ({ text }) => {
    expect(codeOf(text)).toBe('request-malformed')
  })
})

describe('limits', () => {
  test('1000 fields pass', () => {
    const many = Array.from({ length: 999 }, (_, i) => `X-${i}: ${i}`)
    expect(requestHead(get(...many)).fields.list).toHaveLength(2_000)
  })

  test('1001 fields are too many', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `X-${i}: ${i}`)
    expect(codeOf(get(...many))).toBe('request-head-too-large')
  })

  test('one value may fill a whole head', () => {
    const value = 'a'.repeat(64_000)
    expect(requestHead(get(`Cookie: ${value}`)).fields.list.at(-1)).toBe(value)
  })
})

test('a name or a credential that outlives its head does not keep the whole of it in memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const padding = `X: ${'x'.repeat(60_000)}`
  const kept: unknown[] = []
  const before = used()
  for (let i = 0; i < 200; i++) {
    const name = `host-number-${i}.a.example`
    const credentials = `Proxy-Authorization: Bearer ${'t'.repeat(40)}`
    const text = lines(`CONNECT ${name}:443 HTTP/1.1`, `Host: ${name}`, credentials, padding)
    // A string of its own, as one that was read from a socket.
    const { target, fields } = requestHead(Buffer.from(text).toString('latin1'))
    kept.push(target, fields.host, fields.proxyAuthorization)
  }
  expect(used() - before).toBeLessThan(kept.length * 2_000)
})
