import { describe, expect, test } from 'vitest'
import { FramedPeek } from '../../../src/proxy/http1/request-body.ts'
import { bytes, bytewise, post, requestHead } from './support.ts'

describe('a body that is looked at', () => {
  const head = requestHead(post('Transfer-Encoding: chunked'))
  const sent = bytes('3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n')

  test.each([
    ['at once', [sent]],
    ['byte by byte', bytewise(sent)],
  ])('in chunks, %s, with the next request behind it', (_, pieces) => {
    using peek = new FramedPeek(head, '192.0.2.1')
    for (const piece of pieces) peek.feed(piece)
    const done = peek.done
    const { bytes: read, complete } = peek.view()
    expect([Buffer.from(read).toString(), complete, done]).toEqual(['abcde', true, true])
  })

  test('stays as it came', () => {
    const piece = Buffer.from(sent)
    using peek = new FramedPeek(head, '192.0.2.1')
    peek.feed(piece)
    expect(piece).toEqual(sent)
  })

  test('that is broken is over, and not complete', () => {
    using peek = new FramedPeek(head, '192.0.2.1')
    peek.feed(bytes('3\r\nabcX'))
    expect([peek.done, peek.view().complete]).toEqual([true, false])
  })
})
