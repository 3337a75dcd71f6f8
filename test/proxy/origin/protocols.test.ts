/** What is remembered of an origin's versions of HTTP, and for how long. */

import { expect, test } from 'vitest'
import { OriginProtocols } from '../../../src/proxy/origin/protocols.ts'

const HOUR = 3_600_000
const AT = 'a.example:443'

function remember() {
  let now = 0
  const protocols = new OriginProtocols(() => now)
  const pass = (ms: number) => {
    now += ms
  }
  return { protocols, pass, said: () => [protocols.of(AT), protocols.isHttp2Alone(AT)] }
}

test('nothing of whom nobody has asked', () => {
  expect(remember().said()).toEqual([null, false])
})

test('one that chooses HTTP/2 may speak HTTP/1.1 as well', () => {
  const { protocols, said } = remember()
  protocols.learn(AT, 'h2')
  expect(said()).toEqual(['h2', false])
})

test('one that has refused HTTP/1.1 speaks HTTP/2 alone, for an hour, whatever it chooses meanwhile', () => {
  const { protocols, pass, said } = remember()
  protocols.refusesHttp1(AT)
  expect(said()).toEqual(['h2', true])
  pass(HOUR / 2)
  protocols.learn(AT, 'h2')
  expect(said()).toEqual(['h2', true])
  pass(HOUR / 2)
  // Then it is asked for HTTP/1.1 once more.
  expect(said()).toEqual(['h2', false])
})

test('until it chooses HTTP/1.1', () => {
  const { protocols, said } = remember()
  protocols.refusesHttp1(AT)
  protocols.learn(AT, 'http/1.1')
  expect(said()).toEqual(['http/1.1', false])
})
