/** What of a request is looked at to place it: nothing else than what the origin will get, and no more than fits. */

import { describe, expect, test } from 'vitest'
import { BodyPeek, MAX_PEEK, MAX_PEEK_CLIENT, toView } from '../../../src/proxy/exchange/peek.ts'
import { TargetReader } from '../../../src/proxy/exchange/target.ts'
import { authority } from '../../support/nouns.ts'
import { bytes, post, requestHead } from '../http1/support.ts'

const TUNNEL = { mode: 'connect', scheme: 'https', authority: authority('a.example:443') } as const

function view(...fields: readonly string[]) {
  const head = requestHead(post(...fields))
  const target = new TargetReader(TUNNEL).read(head)
  if ('code' in target) throw new Error(target.detail)
  return toView(head, target, new BodyPeek('192.0.2.1').view(head))
}

describe('a field of the head', () => {
  test.each<[string, readonly string[], string, readonly string[]]>([
    ['in another case', ['X-Geo: eu'], 'x-geo', ['eu']],
    ['twice', ['X-Geo: eu', 'x-geo: us'], 'x-geo', ['eu', 'us']],
    ['that Connection takes away', ['X-Geo: eu', 'Connection: X-Geo'], 'x-geo', []],
    [
      'that one of two Connections takes away',
      ['Connection: a', 'Connection: b, x-geo', 'X-Geo: eu'],
      'x-geo',
      [],
    ],
    [
      'that says what to do, taken away',
      ['X-Amz-Target: A.List', 'Connection: x-amz-target'],
      'x-amz-target',
      [],
    ],
    ['that ends at every hop', ['TE: trailers'], 'te', []],
    ['for proxies', ['Proxy-Geo: eu'], 'proxy-geo', []],
  ])('%s', (_, fields, name, want) => {
    expect(view(...fields).header(name)).toEqual(want)
  })
})

test.each<[string, readonly string[], string | null, string | null]>([
  ['neither', [], null, null],
  ['one each', ['Content-Type: a/b', 'Content-Encoding: gzip'], 'a/b', 'gzip'],
  [
    'a second coding',
    ['Content-Encoding: identity', 'Content-Encoding: gzip'],
    null,
    'identity, gzip',
  ],
  [
    'a second type',
    ['Content-Type: a/b', 'Content-Type: a/b; charset=utf-7'],
    'a/b, a/b; charset=utf-7',
    null,
  ],
  [
    'a coding the origin will not get',
    ['Content-Encoding: gzip', 'Connection: content-encoding'],
    null,
    null,
  ],
])('how a body is written: %s', (_, fields, contentType, contentEncoding) => {
  expect(view(...fields).body).toMatchObject({ contentType, contentEncoding })
})

describe('a body', () => {
  const head = requestHead(post('Content-Length: 5'))

  test('is read as it comes, and complete when somebody says so', () => {
    using peek = new BodyPeek('192.0.2.1')
    for (const piece of ['ab', '', 'cde']) peek.feed(bytes(piece), piece.length)
    expect(Buffer.from(peek.view(head).bytes).toString()).toBe('abcde')
    expect([peek.done, peek.view(head).complete]).toEqual([false, false])
    peek.end(true)
    expect([peek.done, peek.view(head).complete]).toEqual([true, true])
    peek.feed(bytes('f'), 1)
    expect(Buffer.from(peek.view(head).bytes).toString()).toBe('abcde')
  })

  test('is looked at up to a bound, all of one client up to another, and all that come at once up to a third', () => {
    const most = Buffer.alloc(MAX_PEEK, 0x20)
    using peeks = new DisposableStack()
    const fill = (client: string) => {
      for (let i = 0; i < MAX_PEEK_CLIENT / MAX_PEEK; i++) {
        const peek = peeks.use(new BodyPeek(client))
        expect(peek.done).toBe(false)
        peek.feed(most, most.length)
        expect([peek.done, peek.view(head).complete]).toEqual([true, false])
      }
    }
    const isFull = (client: string) => new BodyPeek(client).done
    fill('192.0.2.1')
    expect([isFull('192.0.2.1'), isFull('192.0.2.2')]).toEqual([true, false])
    fill('192.0.2.2')
    expect(isFull('192.0.2.3')).toBe(true)
    peeks.dispose()
    expect([isFull('192.0.2.1'), isFull('192.0.2.3')]).toEqual([false, false])
  })

  test('of hardly any payload in much framing counts with its framing', () => {
    using peek = new BodyPeek('192.0.2.1')
    peek.feed(bytes('a'), MAX_PEEK)
    expect(peek.done).toBe(true)
  })
})
