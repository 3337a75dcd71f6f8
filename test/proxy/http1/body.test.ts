import { describe, expect, test } from 'vitest'
import { UNTIL_CLOSE, UNTOLD } from '../../../src/proxy/exchange/message.ts'
import { BodyReader } from '../../../src/proxy/http1/body.ts'
import { responseLength } from '../../../src/proxy/http1/head.ts'
import {
  answer,
  bytes,
  bytewise,
  cut,
  get,
  lines,
  post,
  requestHead,
  responseHead,
} from './support.ts'

interface ReadBody {
  readonly payload: string
  readonly state: 'done' | 'more' | 'broken'
  /** What follows the body. */
  readonly rest: string
  readonly trailers: readonly string[] | null
}

function readBody(framing: number, pieces: readonly Buffer[]): ReadBody {
  const reader = new BodyReader(framing)
  let payload = ''
  let rest = ''
  for (const piece of pieces) {
    if (reader.broken) break
    const at = reader.read(piece, 0)
    payload += piece.toString('latin1', reader.start, reader.end)
    rest += piece.toString('latin1', at)
  }
  const state = reader.broken ? 'broken' : reader.done ? 'done' : 'more'
  return { payload, state, rest, trailers: reader.trailers?.list ?? null }
}

const readChunked = (text: string) => readBody(UNTOLD, [bytes(text)])

describe('a body of known length', () => {
  test.each([
    { length: 0, sent: '', want: { payload: '', state: 'done', rest: '' } },
    { length: 0, sent: 'GET', want: { payload: '', state: 'done', rest: 'GET' } },
    { length: 5, sent: 'hell', want: { payload: 'hell', state: 'more', rest: '' } },
    { length: 5, sent: 'hello', want: { payload: 'hello', state: 'done', rest: '' } },
    { length: 5, sent: 'helloGET', want: { payload: 'hello', state: 'done', rest: 'GET' } },
    { length: 4, sent: '0\r\n\r\n', want: { payload: '0\r\n\r', state: 'done', rest: '\n' } },
  ])('$length bytes of $sent', ({ length, sent, want }) => {
    expect(readBody(length, [bytes(sent)])).toMatchObject(want)
    expect(readBody(length, bytewise(bytes(sent)))).toMatchObject(want)
  })

  test('is done before anything came when it is empty', () => {
    expect(new BodyReader(0).done).toBe(true)
    expect(new BodyReader(1).done).toBe(false)
  })

  test('begins where the head ended', () => {
    const reader = new BodyReader(3)
    const buffer = bytes('headabcnext')
    expect(reader.read(buffer, 4)).toBe(7)
    expect(buffer.toString('latin1', reader.start, reader.end)).toBe('abc')
  })
})

test('a body that lasts until the connection closes takes everything and is never done', () => {
  const want = { payload: 'abc\r\n\r\nGET', state: 'more', rest: '' }
  expect(readBody(UNTIL_CLOSE, [bytes('abc\r\n\r\nGET')])).toMatchObject(want)
})

describe('a chunked body', () => {
  test.each([
    { name: 'empty', sent: '0\r\n\r\n', payload: '' },
    { name: 'one chunk', sent: '5\r\nhello\r\n0\r\n\r\n', payload: 'hello' },
    { name: 'two chunks', sent: '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', payload: 'hello' },
    { name: 'chunks of one byte', sent: '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n', payload: 'abc' },
    { name: 'digits in both cases', sent: 'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n' },
    { name: 'zeros before a size', sent: '0005\r\nhello\r\n0\r\n\r\n', payload: 'hello' },
    { name: 'zeros as the last size', sent: '000000000000\r\n\r\n', payload: '' },
    {
      name: 'line ends in the payload',
      sent: '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n',
      payload: '\r\n0\r\n\r\n',
    },
    { name: 'an extension', sent: '5;a=b\r\nhello\r\n0;c\r\n\r\n', payload: 'hello' },
    { name: 'a quoted extension', sent: '5;a="b;c\td"\r\nhello\r\n0\r\n\r\n', payload: 'hello' },
    { name: 'two extensions', sent: '5;a=b;c\r\nhello\r\n0\r\n\r\n', payload: 'hello' },
    {
      name: 'quotes and 8-bit bytes in an extension',
      sent: '5;a="\\"\xe9\\\\"\r\nhello\r\n0\r\n\r\n',
      payload: 'hello',
    },
  ])('$name', ({ sent, payload = '01234567890123456789' }) => {
    const want = { payload, state: 'done', rest: 'GET', trailers: null }
    for (let at = 0; at <= sent.length; at++) {
      const pieces = cut(bytes(`${sent}GET`), [at])
      expect(readBody(UNTOLD, pieces), `cut at ${at}`).toEqual(want)
    }
    expect(readBody(UNTOLD, bytewise(bytes(`${sent}GET`)))).toEqual(want)
  })

  test('is not done before its last byte', () => {
    const sent = '5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n'
    for (let at = 0; at < sent.length; at++) {
      expect(readChunked(sent.slice(0, at)).state, `${at} bytes`).toBe('more')
    }
    expect(readChunked(sent).state).toBe('done')
  })

  test.each([
    { name: 'no size', sent: '\r\nhello' },
    { name: 'a space before the size', sent: ' 5\r\nhello' },
    { name: 'a space behind the size', sent: '5 \r\nhello' },
    { name: 'a tab behind the size', sent: '5\t\r\nhello' },
    { name: 'a space before the extension', sent: '5 ;a\r\nhello' },
    { name: 'a vertical tab behind the size', sent: '5\x0b\r\nhello' },
    { name: 'a minus', sent: '-5\r\nhello' },
    { name: 'a minus before zero', sent: '-0\r\n\r\n' },
    { name: 'a plus', sent: '+5\r\nhello' },
    { name: '0x', sent: '0x5\r\nhello' },
    { name: 'an underscore', sent: '0_5\r\nhello' },
    { name: 'a dot', sent: '5.0\r\nhello' },
    { name: 'a comma', sent: '5,5\r\nhello' },
    { name: 'no hexadecimal digit', sent: 'g\r\nhello' },
    { name: 'a digit beyond ASCII', sent: '\xb2\r\nhi' },
    { name: 'NUL', sent: '5\0\r\nhello' },
    { name: '13 digits', sent: '1000000000000\r\n' },
    { name: '13 digits that are zeros', sent: '0000000000005\r\nhello' },
    { name: '17 digits', sent: '10000000000000005\r\nhello' },
    { name: 'LF alone behind the size', sent: '5\nhello' },
    { name: 'CR alone behind the size', sent: '5\rhello' },
    { name: 'CR CR LF behind the size', sent: '5\r\r\nhello' },
    { name: 'LF alone behind an extension', sent: '5;a\nhello' },
    { name: 'CR alone in an extension', sent: '5;a\rb\r\nhello' },
    { name: 'an empty extension', sent: '5;\r\nhello\r\n0\r\n\r\n' },
    { name: 'an empty value', sent: '5;a=\r\nhello\r\n0\r\n\r\n' },
    { name: 'a space before an extension', sent: '5; a\r\nhello\r\n0\r\n\r\n' },
    { name: 'a space behind an extension', sent: '5;a \r\nhello\r\n0\r\n\r\n' },
    { name: 'a space around =', sent: '5;a = b\r\nhello\r\n0\r\n\r\n' },
    { name: 'an open quote', sent: '5;a="b\r\nhello\r\n0\r\n\r\n' },
    { name: 'an escaped last quote', sent: '5;a="b\\"\r\nhello\r\n0\r\n\r\n' },
    { name: 'something behind a quote', sent: '5;a="b"c\r\nhello\r\n0\r\n\r\n' },
    { name: 'a quote in a name', sent: '5;a"b"\r\nhello\r\n0\r\n\r\n' },
    { name: 'an 8-bit name', sent: '5;\xe9\r\nhello\r\n0\r\n\r\n' },
    { name: 'NUL in an extension', sent: '5;a\0\r\nhello' },
    { name: 'LF in a quoted extension', sent: '5;a="\n"\r\nhello' },
    { name: 'a longer chunk than it says', sent: '5\r\nhellooo\r\n0\r\n\r\n' },
    { name: 'a shorter chunk than it says', sent: '5\r\nhell\r\n0\r\n\r\n' },
    { name: 'nothing between chunks', sent: '5\r\nhello0\r\n\r\n' },
    { name: 'LF alone behind a chunk', sent: '5\r\nhello\n0\r\n\r\n' },
    { name: 'CR alone behind a chunk', sent: '5\r\nhello\r0\r\n\r\n' },
    { name: 'another byte for CR behind a chunk', sent: '5\r\nhelloX\n0\r\n\r\n' },
    { name: 'LF LF behind a chunk', sent: '5\r\nhello\n\n0\r\n\r\n' },
    { name: 'two line ends behind a chunk', sent: '5\r\nhello\r\n\r\n0\r\n\r\n' },
    { name: 'LF alone at the end', sent: '0\r\n\n' },
    { name: 'LF alone behind the last size', sent: '0\n\r\n' },
    { name: 'CR alone at the end', sent: '0\r\n\rX\n' },
  ])('$name breaks it, however it is cut', ({ sent }) => {
    for (let at = 0; at <= sent.length; at++) {
      const read = readBody(UNTOLD, cut(bytes(sent), [at]))
      expect(read.state, `cut at ${at}`).toBe('broken')
    }
    expect(readBody(UNTOLD, bytewise(bytes(sent))).state).toBe('broken')
  })

  test('a size of 12 digits is only waited for', () => {
    expect(readChunked('ffffffffffff\r\nabc')).toMatchObject({ payload: 'abc', state: 'more' })
  })

  test.each([
    { name: 'in one chunk', piece: `1;${'e'.repeat(16 * 1024)}\r\nx\r\n`, times: 1 },
    { name: 'that never end', piece: `1;${'e'.repeat(16 * 1024 + 1)}`, times: 1 },
    { name: 'in many', piece: '1;eeeeee\r\nx\r\n', times: 2_049 },
  ])('extensions of more than 16 KB break it: $name', ({ piece, times }) => {
    expect(readChunked(piece.repeat(times)).state).toBe('broken')
    expect(readBody(UNTOLD, bytewise(bytes(piece.repeat(times)))).state).toBe('broken')
  })

  test('extensions of almost 16 KB pass', () => {
    expect(readChunked(`1;${'e'.repeat(16_000)}\r\nx\r\n0\r\n\r\n`).state).toBe('done')
    expect(readChunked(`${'1;eeeeee\r\nx\r\n'.repeat(2_000)}0\r\n\r\n`).state).toBe('done')
  })

  test('payload is moved together in its own buffer, and what follows is untouched', () => {
    const buffer = bytes('HEAD2\r\nab\r\n3;x\r\ncde\r\n0\r\n\r\nNEXT')
    const reader = new BodyReader(UNTOLD)
    const at = reader.read(buffer, 4)
    expect(buffer.toString('latin1', reader.start, reader.end)).toBe('abcde')
    expect(buffer.toString('latin1', 0, 4)).toBe('HEAD')
    expect(buffer.toString('latin1', at)).toBe('NEXT')
  })

  test('nothing is taken once it is done', () => {
    const reader = new BodyReader(UNTOLD)
    reader.read(bytes('0\r\n\r\n'), 0)
    expect(reader.read(bytes('5\r\nhello'), 0)).toBe(0)
    expect(reader.end - reader.start).toBe(0)
  })
})

describe('trailers', () => {
  test.each([
    { name: 'one', sent: 'A: b\r\n', want: ['A', 'b'] },
    { name: 'two', sent: 'A: b\r\na:c\r\n', want: ['A', 'b', 'a', 'c'] },
    { name: 'an empty value', sent: 'A:\r\n', want: ['A', ''] },
  ])('$name', ({ sent, want }) => {
    const whole = bytes(`1\r\nx\r\n0\r\n${sent}\r\nGET`)
    for (let at = 0; at <= whole.length; at++) {
      expect(readBody(UNTOLD, cut(whole, [at])), `cut at ${at}`).toEqual({
        payload: 'x',
        state: 'done',
        rest: 'GET',
        trailers: want,
      })
    }
    expect(readBody(UNTOLD, bytewise(whole)).trailers).toEqual(want)
  })

  test.each([
    { name: 'no colon', sent: 'A\r\n\r\n' },
    { name: 'an empty name', sent: ': b\r\n\r\n' },
    { name: 'a space before the colon', sent: 'A : b\r\n\r\n' },
    { name: 'obs-fold', sent: 'A: b\r\n c\r\n\r\n' },
    { name: 'a line of white space', sent: ' \r\n\r\n' },
    { name: 'a bare CR', sent: 'A: b\rC: d\r\n\r\n' },
    { name: 'a bare LF', sent: 'A: b\nC: d\r\n\r\n' },
    { name: 'LF alone at the end of a line', sent: 'A: b\n\r\n' },
    { name: 'LF alone at the end', sent: 'A: b\r\n\n' },
    { name: 'CR CR LF at the end', sent: '\r\r\n\r\n' },
    { name: 'NUL', sent: 'A: \0\r\n\r\n' },
    { name: 'a length', sent: 'Content-Length: 5\r\n\r\n' },
    { name: 'length zero', sent: 'content-length: 0\r\n\r\n' },
    { name: 'a broken length', sent: 'Content-Length: +5\r\n\r\n' },
    { name: 'a coding', sent: 'Transfer-Encoding: chunked\r\n\r\n' },
    { name: 'a broken coding', sent: 'Transfer-Encoding: gzip\r\n\r\n' },
    { name: 'a chunk', sent: '5\r\nhello\r\n0\r\n\r\n' },
    { name: 'the next request', sent: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' },
    { name: 'more than 16 KB', sent: `A: ${'b'.repeat(16 * 1024)}\r\n\r\n` },
    { name: 'more than 16 KB in lines', sent: `${'A: b\r\n'.repeat(3_000)}\r\n` },
    { name: 'a line that never ends', sent: 'b'.repeat(16 * 1024 + 1) },
    { name: 'more than 1000 fields', sent: `${'a:\r\n'.repeat(1_001)}\r\n` },
  ])('$name breaks the body', ({ sent }) => {
    const whole = bytes(`0\r\n${sent}`)
    for (const pieces of [[whole], cut(whole, [4]), cut(whole, [9]), bytewise(whole)]) {
      expect(readBody(UNTOLD, pieces)).toMatchObject({ state: 'broken', trailers: null })
    }
  })
})

describe('how long the body of a request is', () => {
  test.each([
    { name: 'nothing said', text: get(), want: 0 },
    { name: 'a length', text: post('Content-Length: 7'), want: 7 },
    { name: 'chunked', text: post('Transfer-Encoding: chunked'), want: UNTOLD },
    // No method changes it (RFC 9112 section 6).
    { name: 'GET with a length', text: get('Content-Length: 7'), want: 7 },
    {
      name: 'HEAD, chunked',
      text: lines('HEAD / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'),
    },
    {
      name: 'DELETE, chunked',
      text: lines('DELETE / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'),
    },
    { name: 'HTTP/1.0 without a length', text: lines('POST / HTTP/1.0'), want: 0 },
    { name: 'Connection: close', text: post('Connection: close'), want: 0 },
  ])('$name', ({ text, want = UNTOLD }) => {
    expect(requestHead(text).body).toBe(want)
  })
})

describe('how long the body of a response is', () => {
  const length = 'Content-Length: 7'
  const chunked = 'Transfer-Encoding: chunked'
  test.each([
    { method: 'GET', text: answer(), want: UNTIL_CLOSE },
    { method: 'GET', text: answer(length), want: 7 },
    { method: 'GET', text: answer(chunked), want: UNTOLD },
    { method: 'GET', text: answer('Connection: close', length), want: 7 },
    { method: 'GET', text: lines('HTTP/1.0 200 OK'), want: UNTIL_CLOSE },
    { method: 'GET', text: lines('HTTP/1.0 200 OK', length), want: 7 },
    { method: 'HEAD', text: answer(), want: 0 },
    { method: 'HEAD', text: answer(length), want: 0 },
    { method: 'HEAD', text: answer(chunked), want: 0 },
    { method: 'HEAD', text: lines('HTTP/1.1 404 x', chunked), want: 0 },
    // Methods are case-sensitive: this one is not HEAD.
    { method: 'head', text: answer(length), want: 7 },
    { method: 'GET', text: lines('HTTP/1.1 100 x'), want: 0 },
    { method: 'GET', text: lines('HTTP/1.1 103 x'), want: 0 },
    { method: 'GET', text: lines('HTTP/1.1 204 x'), want: 0 },
    { method: 'GET', text: lines('HTTP/1.1 304 x'), want: 0 },
    { method: 'GET', text: lines('HTTP/1.1 304 x', length), want: 0 },
    { method: 'GET', text: lines('HTTP/1.1 304 x', chunked), want: 0 },
    { method: 'GET', text: lines('HTTP/1.1 205 x', length), want: 7 },
    { method: 'GET', text: lines('HTTP/1.1 500 x'), want: UNTIL_CLOSE },
    { method: 'POST', text: lines('HTTP/1.1 201 x', chunked), want: UNTOLD },
  ])('$method, $text', ({ method, text, want }) => {
    expect(responseLength(responseHead(text), method)).toBe(want)
  })
})
