import { describe, expect, test } from 'vitest'
import { parseResponseHead } from '../../../src/proxy/http1/head.ts'
import { answer, lines, responseHead } from './support.ts'

test.each([
  { line: 'HTTP/1.1 200 OK', want: [200, 'OK', '1.1'] },
  { line: 'HTTP/1.0 200 OK', want: [200, 'OK', '1.0'] },
  { line: 'HTTP/1.1 404 Not Found at all', want: [404, 'Not Found at all', '1.1'] },
  { line: 'HTTP/1.1 200 ', want: [200, '', '1.1'] },
  { line: 'HTTP/1.1 200', want: [200, '', '1.1'] },
  { line: 'HTTP/1.1 200  OK', want: [200, ' OK', '1.1'] },
  { line: 'HTTP/1.1 200 a\tb', want: [200, 'a\tb', '1.1'] },
  { line: 'HTTP/1.1 200 caf\xe9', want: [200, 'caf\xe9', '1.1'] },
  { line: 'HTTP/1.1 100 Continue', want: [100, 'Continue', '1.1'] },
  { line: 'HTTP/1.1 599 x', want: [599, 'x', '1.1'] },
  { line: 'HTTP/1.1 999 x', want: [999, 'x', '1.1'] },
])('$line', ({ line, want }) => {
  const { status, reason, version } = responseHead(lines(line))
  expect([status, reason, version]).toEqual(want)
})

test.each([
  { name: 'nothing', text: '\r\n' },
  { name: 'a lower-case protocol', text: lines('http/1.1 200 OK') },
  { name: 'another protocol', text: lines('ICY 200 OK') },
  { name: 'HTTP/2.0', text: lines('HTTP/2.0 200 OK') },
  { name: 'HTTP/1.2', text: lines('HTTP/1.2 200 OK') },
  { name: 'HTTP/0.9', text: lines('HTTP/0.9 200 OK') },
  { name: 'HTTP/1.10', text: lines('HTTP/1.10 200 OK') },
  { name: 'a space before the protocol', text: lines(' HTTP/1.1 200 OK') },
  { name: 'two spaces before the status', text: lines('HTTP/1.1  200 OK') },
  { name: 'a tab before the status', text: lines('HTTP/1.1\t200 OK') },
  { name: 'a tab behind the status', text: lines('HTTP/1.1 200\tOK') },
  { name: 'a status of two digits', text: lines('HTTP/1.1 99 x') },
  { name: 'a status of four digits', text: lines('HTTP/1.1 2000 x') },
  { name: 'a status below 100', text: lines('HTTP/1.1 099 x') },
  { name: 'a status of 000', text: lines('HTTP/1.1 000 x') },
  { name: 'a sign in the status', text: lines('HTTP/1.1 +20 x') },
  { name: 'a hexadecimal status', text: lines('HTTP/1.1 0x1 x') },
  { name: 'a status of other digits', text: lines('HTTP/1.1 \xb2\xb2\xb2 x') },
  { name: 'no status', text: lines('HTTP/1.1 OK') },
  { name: 'the protocol alone', text: lines('HTTP/1.1') },
  { name: 'a bare CR in the reason', text: lines('HTTP/1.1 200 a\rb: c') },
  { name: 'a bare LF in the reason', text: lines('HTTP/1.1 200 a\nb: c') },
  { name: 'NUL in the reason', text: lines('HTTP/1.1 200 a\0b') },
  { name: 'LF alone', text: 'HTTP/1.1 200 OK\n\n' },
  { name: 'an empty line first', text: `\r\n${answer()}` },
  { name: 'two heads', text: answer() + answer() },
  { name: 'a broken field', text: answer('a b: c') },
  { name: 'obs-fold', text: answer('a: b', ' c') },
  { name: 'a space before the colon', text: answer('Content-Length : 5') },
  { name: 'a list of lengths', text: answer('Content-Length: 5, 5') },
  { name: 'two lengths', text: answer('Content-Length: 5', 'Content-Length: 5') },
  { name: 'length and chunked', text: answer('Content-Length: 5', 'Transfer-Encoding: chunked') },
  { name: 'gzip, chunked', text: answer('Transfer-Encoding: gzip, chunked') },
  { name: 'chunked in HTTP/1.0', text: lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked') },
  { name: 'a length taken away', text: answer('Connection: content-length', 'Content-Length: 5') },
  { name: '1001 fields', text: answer(...Array<string>(1_001).fill('a: b')) },
])('refused: $name', ({ text }) => {
  expect(parseResponseHead(text)).toBeNull()
})

describe('an answer that has no body by its status', () => {
  test.each(['100', '101', '103', '199', '204'])('%s promises none', (status) => {
    expect(parseResponseHead(lines(`HTTP/1.1 ${status} x`))).not.toBeNull()
    expect(parseResponseHead(lines(`HTTP/1.1 ${status} x`, 'Content-Length: 0'))).not.toBeNull()
    expect(parseResponseHead(lines(`HTTP/1.1 ${status} x`, 'Content-Length: 5'))).toBeNull()
    expect(
      parseResponseHead(lines(`HTTP/1.1 ${status} x`, 'Transfer-Encoding: chunked')),
    ).toBeNull()
  })

  test('304 may say what 200 would have', () => {
    expect(parseResponseHead(lines('HTTP/1.1 304 x', 'Content-Length: 5'))).not.toBeNull()
    expect(parseResponseHead(lines('HTTP/1.1 304 x', 'Transfer-Encoding: chunked'))).not.toBeNull()
  })
})

test('what the relay has to know is read', () => {
  const { fields } = responseHead(
    answer('Connection: close, X-Hop', 'Keep-Alive: timeout=7', 'Via: 1.1 a', 'Content-Length: 3'),
  )
  expect(fields).toMatchObject({
    close: true,
    nominated: ['x-hop'],
    keepAliveSeconds: 7,
    via: '1.1 a',
    contentLength: 3,
  })
})
