import { describe, expect, test } from 'vitest'
import { HeadBuffer } from '../../../src/proxy/http1/head-buffer.ts'
import { bytes, bytewise, cut, get, post } from './support.ts'

/** Pushes all pieces, taking what there is after each; gives the heads and what is left. */
function read(pieces: readonly Buffer[]): { heads: string[]; left: string } {
  const held = new HeadBuffer()
  const heads: string[] = []
  for (const piece of pieces) {
    held.push(piece)
    for (let head = held.take(); head !== null; head = held.take()) heads.push(head)
  }
  return { heads, left: held.drain()?.toString('latin1') ?? '' }
}

test.each([
  { name: 'nothing', sent: '', want: { heads: [], left: '' } },
  {
    name: 'a part of a head',
    sent: get().slice(0, -1),
    want: { heads: [], left: get().slice(0, -1) },
  },
  { name: 'one head', sent: get(), want: { heads: [get()], left: '' } },
  { name: 'two heads', sent: get() + post(), want: { heads: [get(), post()], left: '' } },
  { name: 'a head and more', sent: `${get()}GET`, want: { heads: [get()], left: 'GET' } },
  { name: 'an empty line first', sent: `\r\n${get()}`, want: { heads: [get()], left: '' } },
  {
    name: 'an empty line between',
    sent: `${get()}\r\n${post()}`,
    want: { heads: [get(), post()], left: '' },
  },
  { name: 'an empty line alone', sent: '\r\n', want: { heads: [], left: '\r\n' } },
  // Only one is skipped; the parser refuses what follows.
  {
    name: 'two empty lines first',
    sent: `\r\n\r\n${get()}`,
    want: { heads: [`\r\n\r\n${get()}`.slice(2)], left: '' },
  },
  { name: 'three empty lines', sent: '\r\n\r\n\r\n', want: { heads: ['\r\n\r\n'], left: '' } },
  {
    name: '8-bit bytes',
    sent: get('a: \xe9\xff'),
    want: { heads: [get('a: \xe9\xff')], left: '' },
  },
  { name: 'CR before the end', sent: 'a\r\r\n\r\nb', want: { heads: ['a\r\r\n\r\n'], left: 'b' } },
])('$name, in two pieces cut anywhere and byte by byte', ({ sent, want }) => {
  const whole = bytes(sent)
  for (let at = 0; at <= whole.length; at++) {
    expect(read(cut(whole, [at])), `cut at ${at}`).toEqual(want)
  }
  expect(read(bytewise(whole))).toEqual(want)
})

test('says how much it holds', () => {
  const held = new HeadBuffer()
  expect([held.length, held.isBlank, held.drain()]).toEqual([0, true, null])
  held.push(bytes('\r\n'))
  expect([held.length, held.isBlank]).toEqual([2, true])
  held.push(bytes('\r\nG'))
  expect([held.length, held.isBlank]).toEqual([5, false])
  expect(held.drain()?.toString()).toBe('\r\n\r\nG')
  expect([held.length, held.isBlank, held.take()]).toEqual([0, true, null])
})

test('does not copy what follows a head in the same piece', () => {
  const held = new HeadBuffer()
  const piece = bytes(`${get()}body`)
  held.push(piece)
  held.take()
  const rest = held.drain()
  piece.write('X', piece.length - 1)
  expect(rest?.toString()).toBe('bodX')
})

test('never writes into a piece it was given', () => {
  const held = new HeadBuffer()
  const pool = bytes('GET / HT|untouched')
  held.push(pool.subarray(0, 8))
  held.push(bytes('TP/1.1'))
  expect(pool.toString()).toBe('GET / HT|untouched')
})

describe('a line that ends in LF alone will never become a head', () => {
  test.each([
    { name: 'no line end yet', sent: 'GET / HTTP/1.1', want: false },
    { name: 'CR LF', sent: 'GET / HTTP/1.1\r\nHost: a\r\n', want: false },
    { name: 'CR alone', sent: 'GET / HTTP/1.1\rHost: a', want: false },
    { name: 'LF alone', sent: 'GET / HTTP/1.1\n', want: true },
    { name: 'LF alone in the second line', sent: 'GET / HTTP/1.1\r\nHost: a\n', want: true },
    { name: 'LF alone at the start', sent: '\nGET', want: true },
    { name: 'an empty line of LF alone', sent: 'a\r\n\n', want: true },
  ])('$name', ({ sent, want }) => {
    const whole = bytes(sent)
    for (const pieces of [[whole], bytewise(whole), cut(whole, [whole.length - 1])]) {
      const held = new HeadBuffer()
      for (const piece of pieces) {
        held.push(piece)
        held.take()
      }
      expect(held.hasBareLf).toBe(want)
    }
  })

  test('is forgotten with the bytes', () => {
    const held = new HeadBuffer()
    held.push(bytes('a\n'))
    held.take()
    held.drain()
    expect(held.hasBareLf).toBe(false)
  })
})

test('a head sent byte by byte is searched once, not once for each byte', () => {
  const searched = (size: number) => {
    const held = new HeadBuffer()
    const piece = bytes('a')
    let bytesSearched = 0
    const indexOf = Buffer.prototype.indexOf
    Buffer.prototype.indexOf = function (this: Buffer, value: never, from?: number) {
      bytesSearched += this.length - (from ?? 0)
      return indexOf.call(this, value, from)
    } as typeof indexOf
    try {
      for (let i = 0; i < size; i++) {
        held.push(piece)
        held.take()
      }
    } finally {
      Buffer.prototype.indexOf = indexOf
    }
    return bytesSearched
  }
  expect(searched(20_000)).toBeLessThan(2.1 * searched(10_000))
})
