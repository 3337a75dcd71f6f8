/** What clients of SOCKS may say: read strictly, cut anywhere, and never by guessing. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  MAX_TOKEN,
  SocksNegotiation,
  type SocksVersion,
  sayRefused,
} from '../../../src/proxy/socks/negotiation.ts'
import { RUNS } from '../http1/support.ts'

interface Heard {
  /** What was said to the client, in hex. */
  readonly said: string
  /** The authority asked for and the token, `more`, or what is wrong. */
  readonly end: string
  readonly left: string
}

/** Gives the bytes in pieces of those sizes, the last again and again. */
function hear(
  version: SocksVersion,
  bytes: Buffer,
  sizes: readonly number[] = [bytes.length],
): Heard {
  const negotiation = new SocksNegotiation(version)
  const said: string[] = []
  let held: Buffer = Buffer.alloc(0)
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1)
    held = Buffer.concat([held, bytes.subarray(at, at + size)])
    at += size
    for (;;) {
      const step = negotiation.next(held)
      if (step.kind === 'more') break
      if (step.kind === 'reply') {
        said.push(step.bytes.toString('hex'))
        held = held.subarray(step.length)
        continue
      }
      const rest = Buffer.concat([held, bytes.subarray(at)])
      if (step.kind === 'fault') {
        said.push(step.bytes.toString('hex'))
        return {
          said: said.join(' '),
          end: `${step.problem.code}: ${step.problem.detail}`,
          left: '',
        }
      }
      const left = rest.toString('latin1', step.length)
      return { said: said.join(' '), end: `${step.authority.text} ${step.token}`, left }
    }
  }
  return { said: said.join(' '), end: 'more', left: '' }
}

const name = (text: string) => Buffer.from([3, text.length, ...Buffer.from(text, 'latin1')])
const port = (number: number) => Buffer.from([number >> 8, number & 255])
const request = (address: Buffer, command = 1, number = 443) =>
  Buffer.concat([Buffer.from([5, command, 0]), address, port(number)])
const greeting = (...methods: number[]) => Buffer.from([5, methods.length, ...methods])
const password = (user: string, pass: string) =>
  Buffer.from([1, user.length, ...Buffer.from(user), pass.length, ...Buffer.from(pass)])
const version4 = (address: number[], user: string, host = '') =>
  Buffer.concat([
    Buffer.from([4, 1]),
    port(80),
    Buffer.from(address),
    Buffer.from(`${user}\0${host === '' ? '' : `${host}\0`}`, 'latin1'),
  ])

const long = `${'h'.repeat(40)}.${'p'.repeat(240)}.${'s'.repeat(86)}`

describe('clients that are served', () => {
  test.each<[string, SocksVersion, Buffer, string, string]>([
    [
      'a name',
      5,
      Buffer.concat([greeting(0), request(name('API.de.test'))]),
      '0500',
      'api.de.test:443 null',
    ],
    [
      'IPv4',
      5,
      Buffer.concat([greeting(0, 1), request(Buffer.from([1, 192, 0, 2, 1]))]),
      '0500',
      '192.0.2.1:443 null',
    ],
    [
      'IPv6',
      5,
      Buffer.concat([
        greeting(0),
        request(Buffer.from([4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
      ]),
      '0500',
      '[2001:db8::1]:443 null',
    ],
    [
      'a token as password',
      5,
      Buffer.concat([greeting(0, 2), password('agent', 'a.b.c'), request(name('a.test'))]),
      '0502 0100',
      'a.test:443 a.b.c',
    ],
    [
      'a token over both fields',
      5,
      Buffer.concat([
        greeting(2),
        password(long.slice(0, 255), long.slice(255)),
        request(name('a.test')),
      ]),
      '0502 0100',
      `a.test:443 ${long}`,
    ],
    [
      'a name without a password, as Java sends it',
      5,
      Buffer.concat([greeting(0, 2), password('root', ''), request(name('a.test'))]),
      '0502 0100',
      'a.test:443 null',
    ],
    [
      'an address spelt as a name',
      5,
      Buffer.concat([greeting(0), request(name('0x7f.1'))]),
      '0500',
      '127.0.0.1:443 null',
    ],
    ['version 4', 4, version4([192, 0, 2, 1], ''), '', '192.0.2.1:80 null'],
    ['version 4 with a token', 4, version4([192, 0, 2, 1], 'a.b.c'), '', '192.0.2.1:80 a.b.c'],
    ['version 4a', 4, version4([0, 0, 0, 1], '', 'a.test'), '', 'a.test:80 null'],
    ['version 4, 0.0.0.0', 4, version4([0, 0, 0, 0], ''), '', '0.0.0.0:80 null'],
  ])('%s, cut anywhere, with what follows left alone', (_, version, bytes, said, end) => {
    const whole = Buffer.concat([bytes, Buffer.from('\x16\x03\x01', 'latin1')])
    const want = { said, end, left: '\x16\x03\x01' }
    expect(hear(version, whole)).toEqual(want)
    expect(hear(version, whole, [1])).toEqual(want)
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(hear(version, bytes.subarray(0, cut)).end).toBe('more')
      expect(hear(version, whole, [cut, whole.length])).toEqual(want)
    }
  })
})

describe('clients that are not', () => {
  const five = greeting(0)
  test.each<[string, SocksVersion, Buffer, string, string]>([
    [
      'no method',
      5,
      greeting(),
      '05ff',
      'request-socks: it offers neither user name and password nor no authentication',
    ],
    [
      'methods nobody knows',
      5,
      greeting(1, 3, 0x80),
      '05ff',
      'request-socks: it offers neither user name and password nor no authentication',
    ],
    [
      'a password of version 2',
      5,
      Buffer.concat([greeting(2), Buffer.from([2])]),
      '0502 0101',
      'request-socks: RFC 1929 has only version 1',
    ],
    [
      'a request of version 4',
      5,
      Buffer.concat([five, Buffer.from([4, 1])]),
      '0500 05010001000000000000',
      'request-socks: the request is not of version 5',
    ],
    [
      'BIND',
      5,
      Buffer.concat([five, request(name('a.test'), 2)]),
      '0500 05070001000000000000',
      'request-socks-command: BIND is not offered, only CONNECT',
    ],
    [
      'UDP ASSOCIATE',
      5,
      Buffer.concat([five, request(Buffer.from([1, 0, 0, 0, 0]), 3, 0)]),
      '0500 05070001000000000000',
      'request-socks-command: UDP ASSOCIATE, for datagrams that nobody could look into, is not offered, only CONNECT',
    ],
    [
      'a command of Tor',
      5,
      Buffer.concat([five, request(name('a.test'), 0xf0)]),
      '0500 05070001000000000000',
      'request-socks-command: the command is unknown',
    ],
    [
      'reserved',
      5,
      Buffer.concat([five, Buffer.from([5, 1, 1, 1])]),
      '0500 05010001000000000000',
      'request-socks: the reserved byte is not zero',
    ],
    [
      'a type of address',
      5,
      Buffer.concat([five, Buffer.from([5, 1, 0, 2])]),
      '0500 05080001000000000000',
      'request-socks: the type of address is unknown',
    ],
    [
      'port 0',
      5,
      Buffer.concat([five, request(name('a.test'), 1, 0)]),
      '0500 05010001000000000000',
      'request-socks: the port is 0',
    ],
    [
      'no name',
      5,
      Buffer.concat([five, request(name(''))]),
      '0500 05010001000000000000',
      'request-socks: the host name has characters that no host name may have',
    ],
    [
      'a name with a port',
      5,
      Buffer.concat([five, request(name('a.test:80'))]),
      '0500 05010001000000000000',
      'request-socks: the host name has characters that no host name may have',
    ],
    [
      'a name with a zero',
      5,
      Buffer.concat([five, request(name('a.test\0b'))]),
      '0500 05010001000000000000',
      'request-socks: the host name has characters that no host name may have',
    ],
    [
      'a name that is not UTF-8',
      5,
      Buffer.concat([five, request(name('a\xff.test'))]),
      '0500 05010001000000000000',
      'request-socks: the host name is not UTF-8',
    ],
    [
      'version 4, BIND',
      4,
      Buffer.from([4, 2]),
      '005b000000000000',
      'request-socks-command: BIND is not offered, only CONNECT',
    ],
    [
      'version 4, an endless user',
      4,
      version4([192, 0, 2, 1], 'x'.repeat(MAX_TOKEN + 1)),
      '005b000000000000',
      'request-socks: the user id is too long',
    ],
    [
      'version 4a, an endless name',
      4,
      version4([0, 0, 0, 9], '', 'x'.repeat(256)),
      '005b000000000000',
      'request-socks: the host name is too long',
    ],
    [
      'version 4a, no name',
      4,
      Buffer.concat([version4([0, 0, 0, 9], ''), Buffer.from([0])]),
      '005b000000000000',
      'request-socks: the host name has characters that no host name may have',
    ],
  ])('%s', (_, version, bytes, said, end) => {
    expect(hear(version, bytes)).toMatchObject({ said, end })
    expect(hear(version, bytes, [1])).toMatchObject({ said, end })
  })
})

test('whatever comes, it ends, holds little, and says the same however it is cut', () => {
  const likely = fc.constantFrom(0, 1, 2, 3, 4, 5, 0x2e, 0x61)
  const bytes = fc
    .array(fc.oneof(likely, fc.integer({ min: 0, max: 255 })), { maxLength: 1_200 })
    .map((list) => Buffer.from(list))
  fc.assert(
    fc.property(
      fc.constantFrom<SocksVersion>(4, 5),
      bytes,
      fc.array(fc.integer({ min: 1, max: 50 })),
      (version, rest, sizes) => {
        const whole = Buffer.concat([Buffer.from([version]), rest])
        const once = hear(version, whole)
        expect(hear(version, whole, sizes)).toEqual(once)
        // The longest of all is a whole negotiation with every field full.
        if (whole.length > 1_100) expect(once.end).not.toBe('more')
      },
    ),
    { numRuns: RUNS },
  )
})

test('refusals are as precise as the protocol', () => {
  expect(sayRefused(5, 'placement-outside')[1]).toBe(2)
  expect(sayRefused(5, 'rule-no-ssh')[1]).toBe(2)
  expect(sayRefused(5, 'dns-not-found')[1]).toBe(4)
  expect(sayRefused(5, 'connect-refused')[1]).toBe(5)
  expect(sayRefused(4, 'connect-refused')[1]).toBe(0x5b)
})
