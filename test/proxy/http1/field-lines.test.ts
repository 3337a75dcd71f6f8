import { describe, expect, test } from 'vitest'
import type { Code } from '../../../src/model/errors.ts'
import { parseFields } from '../../../src/proxy/http1/field-lines.ts'

/** A header section of these lines. */
const section = (...all: readonly string[]) => parseFields(`${[...all, ''].join('\r\n')}\r\n`, 0)

function fieldsOf(...all: readonly string[]) {
  const fields = section(...all)
  if ('code' in fields) throw new Error(fields.detail)
  return fields
}

function codeOf(...all: readonly string[]): Code | null {
  const fields = section(...all)
  return 'code' in fields ? fields.code : null
}

test('names and values are kept: case, order, doubles, inner white space', () => {
  const { list } = fieldsOf('X-b: 1', 'x-A: 2', 'X-b: 3', 'x-B: a \t b', 'Set-Cookie: a', 'Empty:')
  expect(list).toEqual([
    ...['X-b', '1', 'x-A', '2', 'X-b', '3', 'x-B', 'a \t b', 'Set-Cookie', 'a', 'Empty', ''],
  ])
})

test('an empty section has no fields', () => {
  const fields = fieldsOf()
  expect(fields.list).toEqual([])
  expect({ ...fields }).toEqual({
    host: null,
    contentLength: -1,
    chunked: false,
    close: false,
    keepAlive: false,
    keepAliveSeconds: null,
    nominated: null,
    proxyAuthorization: null,
    overridesMethod: false,
    bindsConnection: false,
    via: null,
    upgrade: null,
    wantsTrailers: false,
    forwardable: '',
    secret: null,
  })
})

test.each(["!#$%&'*+-.^_`|~09azAZ", 'a', '-', '__proto__', 'constructor'])(
  'the name %s is a token',
  (name) => expect(fieldsOf(`${name}: v`).list).toEqual([name, 'v']),
)

test('a name has none of the other characters', () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code)
    if (/[!#$%&'*+\-.^_`|~0-9A-Za-z:]/.test(character)) continue
    for (const name of [`${character}a`, `a${character}a`, `a${character}`]) {
      expect(codeOf(`${name}: v`), JSON.stringify(name)).toBe('request-malformed')
    }
  }
})

test.each([
  { name: 'an empty name', all: [': v'] },
  { name: 'a name alone', all: ['a'] },
  { name: 'a space before the colon', all: ['a : v'] },
  { name: 'a tab before the colon', all: ['a\t: v'] },
  { name: 'a space before the first name', all: [' a: v'] },
  { name: 'obs-fold with a space', all: ['a: v', ' w'] },
  { name: 'obs-fold with a tab', all: ['a: v', '\tw'] },
  { name: 'obs-fold that looks like a field', all: ['a: v', ' Transfer-Encoding: chunked'] },
  { name: 'a line of white space', all: ['a: v', ' ', 'b: w'] },
  { name: 'a bare LF before the next field', all: ['a: v\nContent-Length: 5'] },
  { name: 'a bare CR before the next field', all: ['a: v\rContent-Length: 5'] },
  { name: 'CR CR LF', all: ['a: v\r'] },
  { name: 'LF CR LF', all: ['a: v\n'] },
  { name: 'a value of CR', all: ['a:\r'] },
])('$name is malformed', ({ all }) => {
  expect(codeOf(...all)).toBe('request-malformed')
})

test('a value has HTAB, SP, visible characters and obs-text, and no other control characters', () => {
  for (let code = 0; code < 256; code++) {
    const value = `x${String.fromCharCode(code)}y`
    const allowed = code === 9 || (code >= 0x20 && code !== 0x7f)
    const fields = section(`a: ${value}`)
    if (allowed) expect(fields).toMatchObject({ list: ['a', value] })
    else expect(fields, `character ${code}`).toMatchObject({ code: 'request-malformed' })
  }
})

test('a character beyond latin-1 is in no name and no value', () => {
  expect(codeOf('a: \u0130')).toBe('request-malformed')
  expect(codeOf('\u212a: v')).toBe('request-malformed')
})

test.each([
  { line: 'a:v', want: 'v' },
  { line: 'a: v', want: 'v' },
  { line: 'a: \t v \t', want: 'v' },
  { line: 'a:', want: '' },
  { line: 'a: \t ', want: '' },
  { line: 'a: b: c', want: 'b: c' },
  { line: 'a: \xa0v\xa0', want: '\xa0v\xa0' },
  { line: 'a: caf\xc3\xa9', want: 'caf\xc3\xa9' },
])('only blanks around a value are not part of it: $line', ({ line, want }) => {
  expect(fieldsOf(line).list).toEqual(['a', want])
})

describe('Content-Length', () => {
  test.each([
    { value: '0', want: 0 },
    { value: '1', want: 1 },
    { value: ' \t 42', want: 42 },
    { value: '999999999999999', want: 999_999_999_999_999 },
  ])('$value is a length', ({ value, want }) => {
    expect(fieldsOf(`Content-Length:${value}`).contentLength).toBe(want)
  })

  test.each([
    ...['', ' ', '+5', '-5', '-0', '05', '00', '5.0', '5e1', '0x5', '5_0', '5 0', '5;0', "'5'"],
    ...['"5"', '5,5', '5, 5', ',5', '5,', '5 ,5', 'five', '\xb2', '\xa05', '5\xa0', '0b1', '0o7'],
    ...['1000000000000000', '9007199254740993', '18446744073709551616', '5\t5', 'Infinity', 'NaN'],
    // What some readers take away, others do not.
    ...['5 ', '5\t', '5 \t '],
  ])('%j is none', (value) => {
    expect(codeOf(`Content-Length: ${value}`)).toBe('request-framing')
  })

  test.each([
    { name: 'two that are equal', all: ['Content-Length: 5', 'Content-Length: 5'] },
    { name: 'two that differ', all: ['Content-Length: 5', 'content-length: 6'] },
    { name: 'zero and another', all: ['Content-Length: 0', 'Content-Length: 5'] },
  ])('$name', ({ all }) => {
    expect(codeOf(...all)).toBe('request-framing')
  })

  test.each(['Content_Length', 'Content-Length-', 'Content.Length', 'XContent-Length'])(
    '%s is another field',
    (name) => expect(fieldsOf(`${name}: 5`).contentLength).toBe(-1),
  )
})

describe('Transfer-Encoding', () => {
  test.each(['chunked', 'Chunked', 'CHUNKED', '\tchunked', '  chunked'])(
    '%j is chunked',
    (value) => {
      expect(fieldsOf(`Transfer-Encoding:${value}`).chunked).toBe(true)
    },
  )

  test.each([
    ...['', 'identity', 'gzip', 'chunked,', ',chunked', 'chunked;', 'chunked;q=1', 'chunked ;a'],
    ...['gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'chunked chunked', 'xchunked'],
    ...['chunked\xa0', '\xa0chunked', 'chunk', 'chunkedx', '"chunked"', "'chunked'", 'chun ked'],
    ...[
      'chunked ',
      'chunked\t',
      'chunked \t',
      'chunked\xad',
      'identity, chunked',
      'chunked, identity',
      'cow',
      'chunked\xff',
      'ch\xfcnked',
    ],
  ])('%j is refused', (value) => {
    expect(codeOf(`Transfer-Encoding: ${value}`)).toBe('request-framing')
  })

  test.each([
    'chunked\x0b',
    '\x0bchunked',
    'chunked\x0c',
    'chunked\0',
    '\x0b',
    'chun\rked',
    '\nchunked',
  ])('%j is not even a value', (value) =>
    expect(codeOf(`Transfer-Encoding: ${value}`)).toBe('request-malformed'),
  )

  test.each([
    { name: 'twice', all: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'] },
    { name: 'chunked, then another', all: ['Transfer-Encoding: chunked', 'transfer-encoding: x'] },
    { name: 'another, then chunked', all: ['Transfer-Encoding: x', 'Transfer-Encoding: chunked'] },
    { name: 'with a length behind it', all: ['Transfer-Encoding: chunked', 'Content-Length: 5'] },
    { name: 'with a length before it', all: ['Content-Length: 5', 'Transfer-Encoding: chunked'] },
    { name: 'with length zero', all: ['Content-Length: 0', 'Transfer-Encoding: chunked'] },
  ])('$name', ({ all }) => {
    expect(codeOf(...all)).toBe('request-framing')
  })

  test.each([
    'Transfer_Encoding',
    'Transfer-Encodings',
    'Transfer.Encoding',
    'X-Transfer-Encoding',
  ])('%s is another field', (name) => expect(fieldsOf(`${name}: chunked`).chunked).toBe(false))
})

describe('Connection', () => {
  test.each([
    { all: ['Connection: close'], want: { close: true, keepAlive: false, nominated: null } },
    { all: ['Connection: Keep-Alive'], want: { close: false, keepAlive: true, nominated: null } },
    { all: ['connection: CLOSE, keep-alive'], want: { close: true, keepAlive: true } },
    { all: ['Connection: ,, close ,'], want: { close: true, nominated: null } },
    { all: ['Connection:'], want: { close: false, keepAlive: false, nominated: null } },
    { all: ['Connection: X-A,\tx-b'], want: { nominated: ['x-a', 'x-b'] } },
    {
      all: ['Connection: a', 'Connection: close, b'],
      want: { close: true, nominated: ['a', 'b'] },
    },
    { all: ['Connection: Upgrade'], want: { nominated: ['upgrade'] } },
    // Only the whole option counts, never a part of it.
    { all: ['Connection: notclose'], want: { close: false, nominated: ['notclose'] } },
    { all: ['Connection: close-not'], want: { close: false, nominated: ['close-not'] } },
    { all: ['Connection: close keep-alive'], want: { close: false, keepAlive: false } },
    { all: ['X-Connection: close'], want: { close: false } },
  ])('$all', ({ all, want }) => {
    expect(fieldsOf(...all)).toMatchObject(want)
  })

  test.each([
    ...['Host', 'content-length', 'Transfer-Encoding', 'authorization', 'Cookie', 'close, host'],
    ...['\tHOST\t', 'x,cookie,y', '\xa0host'],
  ])('nothing a reader needs can be taken away: %s', (value) => {
    expect(codeOf(`Connection: ${value}`)).toBe('request-malformed')
  })

  test('64 names are nominated, a 65th is refused, in one field or in many', () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}`)
    expect(fieldsOf(`Connection: ${names(64)}`).nominated).toEqual(names(64))
    expect(codeOf(`Connection: ${names(65)}`)).toBe('request-malformed')
    expect(codeOf(...names(65).map((name) => `Connection: ${name}`))).toBe('request-malformed')
  })
})

describe('Keep-Alive', () => {
  test.each([
    { value: 'timeout=5', want: 5 },
    { value: 'timeout=5, max=100', want: 5 },
    { value: 'max=100,Timeout=30', want: 30 },
    { value: 'timeout=0', want: 0 },
    { value: 'max=100', want: null },
    { value: 'timeout=', want: null },
    { value: 'timeout=-1', want: null },
    { value: 'xtimeout=5', want: null },
    { value: '', want: null },
  ])('$value', ({ value, want }) => {
    expect(fieldsOf(`Keep-Alive: ${value}`).keepAliveSeconds).toBe(want)
  })
})

test('Proxy-Authorization is kept; two are refused', () => {
  expect(fieldsOf('proxy-AUTHORIZATION: Bearer a').proxyAuthorization).toBe('Bearer a')
  expect(codeOf('Proxy-Authorization: a', 'Proxy-Authorization: a')).toBe('request-malformed')
})

test('all Via values are joined', () => {
  expect(fieldsOf('Via: 1.1 a', 'x: y', 'VIA: 1.0 b, 1.1 c').via).toBe('1.1 a, 1.0 b, 1.1 c')
})

describe('schemes that authenticate a connection', () => {
  test.each([
    ['Authorization: NTLM TlRMTVNTUAAB', true],
    ['authorization:\tnegotiate YII', true],
    ['WWW-Authenticate: Negotiate', true],
    ['WWW-Authenticate: Basic realm="x", NTLM', true],
    ['WWW-Authenticate: Kerberos ', true],
    ['Authorization: Bearer negotiate', false],
    ['Authorization: Basic bnRsbQ==', false],
    ['Authorization: NTLMv9 x', false],
    ['X-Authorization: NTLM x', false],
    ['WWW-Authenticate: Basic realm="ntlm"', false],
  ])('%s', (line, want) => {
    expect(fieldsOf(line).bindsConnection).toBe(want)
  })
})
