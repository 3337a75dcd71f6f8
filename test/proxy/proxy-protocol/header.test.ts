/** Who a load balancer says it speaks for: read strictly, cut anywhere, and never by guessing. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toIp, unmapIp } from '../../../src/model/address.ts'
import { crc32c } from '../../../src/proxy/proxy-protocol/crc32c.ts'
import { MAX_HEADER, readProxyHeader } from '../../../src/proxy/proxy-protocol/header.ts'
import { RUNS } from '../http1/support.ts'
import { block, checked, extra, SIGNATURE } from './support.ts'

/** The client's address, `null` for the sender itself, `more`, or what is wrong. */
function read(header: string | Buffer): string {
  const reading = readProxyHeader(Buffer.from(header as string, 'latin1'))
  if (!reading) return 'more'
  return 'fault' in reading ? reading.fault : (reading.client?.text ?? 'null')
}

test('CRC32c is that of RFC 9260 and RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
})

describe('headers that are read', () => {
  test.each([
    ['IPv4', 'PROXY TCP4 203.0.113.7 192.0.2.1 12345 443\r\n', '203.0.113.7'],
    ['IPv6', 'PROXY TCP6 2001:DB8::7 2001:db8::1 12345 443\r\n', '2001:db8::7'],
    ['IPv4 within IPv6', 'PROXY TCP6 ::ffff:203.0.113.7 ::1 1 443\r\n', '203.0.113.7'],
    ['ports at the edges', 'PROXY TCP4 203.0.113.7 192.0.2.1 0 65535\r\n', '203.0.113.7'],
    ['unknown', 'PROXY UNKNOWN\r\n', 'null'],
    ['unknown with something', 'PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n', 'null'],
    ['a block, IPv4', block(), '203.0.113.7'],
    ['a block, IPv6', block({ from: '2001:db8::7', to: '2001:db8::1' }), '2001:db8::7'],
    ['a block, IPv4 within IPv6', block({ from: '::ffff:203.0.113.7', to: '::1' }), '203.0.113.7'],
    ['a block with extras', block({ extras: extra(0xea, Buffer.from('vpce')) }), '203.0.113.7'],
    ['a block with an empty extra', block({ extras: extra(0x04, Buffer.alloc(0)) }), '203.0.113.7'],
    [
      'a block with a checksum',
      checked({ extras: extra(2, Buffer.from('a.test')) }),
      '203.0.113.7',
    ],
    ['LOCAL', block({ kind: 0x20 }), 'null'],
    ['LOCAL without addresses', Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]), 'null'],
    ['LOCAL of whatever family', block({ kind: 0x20, family: 0x31 }), 'null'],
    ['a block of no family', block({ family: 0x00 }), 'null'],
  ])('%s', (_, header, want) => {
    expect(read(header)).toBe(want)
    const bytes = Buffer.from(header as string, 'latin1')
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('GET / ')]))).toMatchObject({
      length: bytes.length,
    })
    for (let end = 0; end < bytes.length; end++) expect(read(bytes.subarray(0, end))).toBe('more')
  })
})

describe('headers that are not', () => {
  const line = 'its line is malformed'
  test.each([
    ['a request', 'GET / HTTP/1.1\r\n', 'it does not begin with one'],
    ['TLS', Buffer.from([0x16, 3, 1, 2, 0]), 'it does not begin with one'],
    ['its first byte alone', 'G', 'it does not begin with one'],
    ['small letters', 'proxy TCP4', 'it does not begin with one'],
    ['a bare LF', 'PROXY TCP4 203.0.113.7 192.0.2.1 1 2\n', line],
    ['two blanks', 'PROXY TCP4  203.0.113.7 192.0.2.1 1 2\r\n', line],
    ['a tab', 'PROXY TCP4\t203.0.113.7 192.0.2.1 1 2\r\n', line],
    ['a blank behind it', 'PROXY TCP4 203.0.113.7 192.0.2.1 1 2 \r\n', line],
    ['no second address', 'PROXY TCP4 203.0.113.7 1 2\r\n', line],
    ['another family', 'PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n', line],
    ['the other family', 'PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n', line],
    ['addresses of two families', 'PROXY TCP6 2001:db8::7 192.0.2.1 1 2\r\n', line],
    ['an octal address', 'PROXY TCP4 0203.0.113.7 192.0.2.1 1 2\r\n', line],
    ['a name', 'PROXY TCP4 localhost 192.0.2.1 1 2\r\n', line],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n', line],
    ['a port too high', 'PROXY TCP4 203.0.113.7 192.0.2.1 65536 2\r\n', line],
    ['a port with zeros', 'PROXY TCP4 203.0.113.7 192.0.2.1 01 2\r\n', line],
    ['UDP', 'PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n', line],
    ['unknown and bytes', 'PROXY UNKNOWN \x00\r\n', line],
    ['a line without an end', `PROXY UNKNOWN ${'x'.repeat(93)}`, 'its line does not end'],
    ['version 1 as a block', block({ kind: 0x11 }), 'its version or command is unknown'],
    ['another command', block({ kind: 0x22 }), 'its version or command is unknown'],
    ...[0x31, 0x32, 0x12, 0x22, 0x10, 0x01, 0x41, 0xff].map((family): [string, Buffer, string] => [
      `family and transport ${family.toString(16)}`,
      block({ family }),
      'it is about something else than TCP over IPv4 or IPv6',
    ]),
    ['a block too short', block({ length: 11 }), 'it is too short for its addresses'],
    ['a block too short for IPv6', block({ family: 0x21 }), 'it is too short for its addresses'],
    ['a block too long', block({ length: MAX_HEADER - 15 }), 'it is longer than 4096 bytes'],
    [
      'half an extra',
      block({ extras: Buffer.from([4, 0]) }),
      'what follows its addresses is malformed',
    ],
    [
      'an extra that is cut',
      block({ extras: Buffer.from([4, 0, 9, 1]) }),
      'what follows its addresses is malformed',
    ],
    ['a wrong checksum', block({ extras: extra(3, Buffer.alloc(4, 1)) }), 'its checksum is wrong'],
    [
      'a short checksum',
      block({ extras: extra(3, Buffer.alloc(3)) }),
      'it has a malformed checksum',
    ],
    [
      'two checksums',
      checked({ extras: extra(3, Buffer.alloc(4)) }),
      'it has a malformed checksum',
    ],
  ])('%s', (_, header, want) => {
    expect(read(header)).toBe(want)
  })

  test('are refused with the byte that makes them so, or wait for no more than there may be', () => {
    const long = Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0xff, 0xff])])
    expect(read(long)).toBe('it is longer than 4096 bytes')
    expect(read(SIGNATURE.subarray(0, 4))).toBe('more')
    expect(read('\r\n\r\nGET')).toBe('it does not begin with one')
  })
})

describe('whatever comes', () => {
  const version = fc.constantFrom(4, 16)
  const address = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map(toIp)
  const pair = version.chain((size) => fc.record({ from: address(size), to: address(size) }))
  const extras = fc
    .array(
      fc.record({
        type: fc.integer({ min: 4, max: 255 }),
        value: fc.uint8Array({ maxLength: 60 }),
      }),
      {
        maxLength: 4,
      },
    )
    .map((list) => Buffer.concat(list.map(({ type, value }) => extra(type, Buffer.from(value)))))
  const behind = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))

  test('the client is the one that was named, in either version, and nothing behind is touched', () => {
    const property = fc.property(pair, extras, behind, ({ from, to }, more, next) => {
      const names = { from: from.text, to: to.text }
      const family = from.version === 4 ? 'TCP4' : 'TCP6'
      const text = Buffer.from(`PROXY ${family} ${from.text} ${to.text} 1 65535\r\n`)
      for (const header of [
        text,
        block({ ...names, extras: more }),
        checked({ ...names, extras: more }),
      ]) {
        const reading = readProxyHeader(Buffer.concat([header, next]))
        expect(reading).toEqual({ client: unmapIp(from), length: header.length })
      }
    })
    fc.assert(property, { numRuns: RUNS })
  })

  test('a header with a checksum and one changed byte names nobody else', () => {
    const change = fc.record({ at: fc.nat(300), xor: fc.integer({ min: 1, max: 255 }) })
    const property = fc.property(pair, extras, change, ({ from, to }, more, { at, xor }) => {
      const header = checked({ from: from.text, to: to.text, extras: more })
      const place = at % header.length
      header[place] = (header[place] ?? 0) ^ xor
      const got = read(header)
      if (/^[0-9a-f.:]+$/.test(got)) expect(got).toBe(unmapIp(from).text)
    })
    fc.assert(property, { numRuns: RUNS })
  })

  test('bytes that are no header are refused, or more are wanted; never an error', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      SIGNATURE,
      Buffer.from('PROXY '),
      Buffer.from('PROXY TCP4 '),
    )
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
    const property = fc.property(start, anything, (begin, rest) => {
      const bytes = Buffer.concat([begin, rest])
      const reading = readProxyHeader(bytes)
      if (reading && 'length' in reading) expect(reading.length).toBeLessThanOrEqual(bytes.length)
      // More bytes never change what was said.
      if (reading) expect(readProxyHeader(Buffer.concat([bytes, rest]))).toEqual(reading)
    })
    fc.assert(property, { numRuns: 2 * RUNS })
  })
})
