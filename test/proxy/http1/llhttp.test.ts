/**
 * Every message we accept, Node's parser accepts as well and reads in the same way: start line, fields in order, where the body
 * ends and what is in it. The reverse need not hold: we refuse more.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAuthority } from '../../../src/model/authority.ts'
import type { Fields } from '../../../src/proxy/exchange/fields.ts'
import type { RequestHead } from '../../../src/proxy/exchange/message.ts'
import { TargetReader, type Tunnel } from '../../../src/proxy/exchange/target.ts'
import { authority } from '../../support/nouns.ts'
import { chunkStream, cuts, requestStream, responseStream } from './hostile.ts'
import { isLlhttpMethod, type LlhttpMessage, readWithLlhttp } from './llhttp.ts'
import { bytes, cut, type Read, RUNS, readRequests, readResponses } from './support.ts'

const TUNNEL: Tunnel = { mode: 'connect', scheme: 'https', authority: authority('a.example:443') }

/** Whether the request line names something a proxy may be asked for; the rest is refused a step later. */
function isUsable(head: RequestHead): boolean {
  if (head.method === 'CONNECT') return 'value' in parseAuthority(head.target, null)
  return [TUNNEL, null].some((tunnel) => !('code' in new TargetReader(tunnel).read(head)))
}

/** llhttp does something of its own with what follows these, even where they are trailers. */
function mayEndConnection({ head, trailers }: Read<{ version: string; fields: Fields }>): boolean {
  const names = [...head.fields.list, ...trailers].filter((_, i) => i % 2 === 0)
  return head.version === '1.0' || names.some((name) => ENDING.has(name.toLowerCase()))
}
const ENDING = new Set(['connection', 'proxy-connection', 'upgrade'])

function expectSameReading(
  ours: Read<{ version: string; fields: Fields }>,
  theirs: LlhttpMessage | undefined,
  start: readonly [string, string],
): void {
  expect(theirs).toMatchObject({
    start,
    version: ours.head.version,
    list: ours.head.fields.list,
  })
  if (ours.state === 'complete') {
    expect(theirs).toMatchObject({ body: ours.body, trailers: ours.trailers, complete: true })
  } else expect(theirs?.body.startsWith(ours.body)).toBe(true)
}

/** @param places where both are given the bytes in pieces */
function compareRequests(text: string, places: readonly number[] = []): number {
  const { messages } = readRequests(cut(bytes(text), places))
  const first = messages[0]?.head.method ?? ''
  // Where the method is one llhttp does not know, it is asked about the same request with another.
  const known = isLlhttpMethod(first)
  const asked = known ? text : text.replace(first, 'PATCH')
  const theirs = readWithLlhttp(cut(bytes(asked), places), null).messages
  let compared = 0
  for (const [i, message] of messages.entries()) {
    const { method, target } = message.head
    if (!isUsable(message.head) || (i > 0 && !isLlhttpMethod(method))) break
    expectSameReading(message, theirs[i], [i > 0 || known ? method : 'PATCH', target])
    compared++
    if (method === 'CONNECT' || mayEndConnection(message)) break
  }
  return compared
}

function compareResponses(text: string, methods: readonly string[]): number {
  const { messages } = readResponses([bytes(text)], methods)
  const theirs = readWithLlhttp(bytes(text), methods).messages
  let compared = 0
  for (const [i, message] of messages.entries()) {
    const { status, reason } = message.head
    // The relay ends the exchange at 101.
    if (status === 101) break
    expectSameReading(message, theirs[i], [String(status), reason])
    compared++
    if (mayEndConnection(message)) break
  }
  return compared
}

describe('whatever we accept, llhttp reads in the same way', () => {
  test('requests', () => {
    let compared = 0
    const property = fc.property(requestStream, (text) => {
      compared += compareRequests(text)
    })
    fc.assert(property, { numRuns: 3 * RUNS })
    expect(compared).toBeGreaterThan(RUNS)
  })

  test('requests, both in pieces', () => {
    let compared = 0
    const property = fc.property(requestStream, cuts, (text, places) => {
      compared += compareRequests(text, places)
    })
    fc.assert(property, { numRuns: RUNS })
    expect(compared).toBeGreaterThan(RUNS / 4)
  })

  test('bodies in chunks, and what follows them', () => {
    let compared = 0
    const property = fc.property(chunkStream, cuts, (text, places) => {
      const whole = compareRequests(text)
      expect(compareRequests(text, places)).toBe(whole)
      compared += whole
    })
    fc.assert(property, { numRuns: RUNS })
    // Both messages of many streams, not only the head of the first.
    expect(compared).toBeGreaterThan(1.1 * RUNS)
  })

  test('responses', () => {
    let compared = 0
    const methods = fc.array(fc.constantFrom('GET', 'POST', 'HEAD'), { maxLength: 3 })
    const property = fc.property(responseStream, methods, (text, asked) => {
      compared += compareResponses(text, asked)
    })
    fc.assert(property, { numRuns: 3 * RUNS })
    expect(compared).toBeGreaterThan(RUNS)
  })
})
