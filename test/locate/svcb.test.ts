/** HTTPS and SVCB records as bytes: what they say, and every way of being malformed that RFC 9460 names. */

import { describe, expect, test } from 'vitest'
import { parseSvcb } from '../../src/locate/svcb.ts'

const H2 = '026832'
const H3 = '026833'

describe('a record', () => {
  const NOTHING = {
    priority: 1,
    target: '.',
    alpn: [],
    defaultAlpn: true,
    port: null,
    ipv4hint: [],
    ipv6hint: [],
    ech: false,
    mandatory: [],
    otherKeys: [],
  }
  const rows: { name: string; rdata: string; want: object }[] = [
    { name: 'may say nothing', rdata: join('0001', '00'), want: NOTHING },
    {
      name: 'may be an alias, whose parameters count for nothing',
      rdata: join('0000', target('svc.Example'), param(3, '01bb')),
      want: { ...NOTHING, priority: 0, target: 'svc.example', defaultAlpn: false },
    },
    {
      name: 'may say that there is no service',
      rdata: join('0000', '00'),
      want: { ...NOTHING, priority: 0, defaultAlpn: false },
    },
    {
      name: 'may say everything',
      rdata: join(
        '0010',
        target('a.b.example'),
        param(0, '00010003'),
        param(1, H3, H2),
        param(2, ''),
        param(3, '20fb'),
        param(4, 'c0000201', 'c0000202'),
        param(5, '0004', 'fe0d0000'),
        param(6, '20010db8000000000000000000000001'),
        param(7, '2f'),
        param(667, 'ff'),
      ),
      want: {
        priority: 16,
        target: 'a.b.example',
        alpn: ['h3', 'h2'],
        defaultAlpn: false,
        port: 8443,
        ipv4hint: [{ text: '192.0.2.1' }, { text: '192.0.2.2' }],
        ipv6hint: [{ text: '2001:db8::1' }],
        ech: true,
        mandatory: [1, 3],
        otherKeys: [7, 667],
      },
    },
    {
      name: 'may name protocols that nobody can print',
      rdata: join('0001', '00', param(1, '020a0a', '035c2068')),
      want: { alpn: ['\\x0a\\x0a', '\\x5c\\x20h'] },
    },
  ]
  test.each(rows)('$name', ({ rdata, want }) => {
    expect(parseSvcb(Buffer.from(rdata, 'hex'))).toMatchObject({ value: want })
  })
})

describe('a record is void', () => {
  const rows: [name: string, rdata: string, fault: string][] = [
    ['without anything', '', 'the record is cut off'],
    ['without a target', '0001', 'the record is cut off'],
    ['with half a target', join('0001', '03616263'), 'the record is cut off'],
    ['with less of a label than announced', join('0001', '056162'), 'the record is cut off'],
    ['with a compressed target', join('0001', 'c00c'), 'its target is malformed'],
    ['with a target of spaces', join('0001', '022020', '00'), 'its target is no host name'],
    ['with a dot in a label', join('0001', '03612e62', '00'), 'its target is no host name'],
    [
      'with too long a target',
      join('0001', `3f${'61'.repeat(63)}`.repeat(4), '00'),
      'its target is no host name',
    ],
    ['with half a key', join('0001', '00', '00'), 'the record is cut off'],
    ['with half a length', join('0001', '00', '000100'), 'the record is cut off'],
    ['with half a value', join('0001', '00', '000300020a'), 'the record is cut off'],
    [
      'with one key twice',
      join('0001', '00', param(3, '01bb'), param(3, '01bb')),
      'its keys are not in order',
    ],
    [
      'with keys out of order',
      join('0001', '00', param(3, '01bb'), param(1, H2)),
      'its keys are not in order',
    ],
    [
      'with the reserved key',
      join('0001', '00', param(65_535, '')),
      'it has a key that is reserved',
    ],
    ['with no protocol', join('0001', '00', param(1, '')), 'its protocols are malformed'],
    ['with an empty protocol', join('0001', '00', param(1, '00')), 'its protocols are malformed'],
    ['with half a protocol', join('0001', '00', param(1, '0568')), 'its protocols are malformed'],
    [
      'with no-default-alpn alone',
      join('0001', '00', param(2, '')),
      'no-default-alpn is malformed',
    ],
    [
      'with no-default-alpn and a value',
      join('0001', '00', param(1, H2), param(2, '00')),
      'no-default-alpn is malformed',
    ],
    ['with a port of one byte', join('0001', '00', param(3, '50')), 'its port is malformed'],
    ['with no hint', join('0001', '00', param(4, '')), 'its address hints are malformed'],
    [
      'with hints of 5 bytes',
      join('0001', '00', param(4, 'c000020101')),
      'its address hints are malformed',
    ],
    [
      'with hints of 4 bytes for IPv6',
      join('0001', '00', param(6, 'c0000201')),
      'its address hints are malformed',
    ],
    ['with an empty ECH', join('0001', '00', param(5, '')), 'its ECH configuration is malformed'],
    [
      'with an ECH of another length',
      join('0001', '00', param(5, '0005fe0d0000')),
      'its ECH configuration is malformed',
    ],
    [
      'with nothing mandatory',
      join('0001', '00', param(0, '')),
      'its list of mandatory keys is malformed',
    ],
    [
      'with a mandatory key that is missing',
      join('0001', '00', param(0, '0003')),
      'its list of mandatory keys is malformed',
    ],
    [
      'with mandatory keys out of order',
      join('0001', '00', param(0, '00030001'), param(1, H2), param(3, '01bb')),
      'its list of mandatory keys is malformed',
    ],
    [
      'with itself mandatory',
      join('0001', '00', param(0, '0000')),
      'its list of mandatory keys is malformed',
    ],
  ]
  test.each(rows)('%s', (_, rdata, fault) => {
    expect(parseSvcb(Buffer.from(rdata, 'hex'))).toEqual({ fault })
  })

  test('at every place where it is cut off', () => {
    const whole = Buffer.from(
      join('0001', target('a.example'), param(1, H2), param(3, '01bb')),
      'hex',
    )
    const ends = [13, 13 + 7, whole.length]
    for (let end = 0; end < whole.length; end++) {
      const isWhole = ends.includes(end)
      expect('value' in parseSvcb(whole.subarray(0, end)), `${end}`).toBe(isWhole)
    }
    expect(parseSvcb(whole)).toHaveProperty('value')
  })
})

/** Pieces of hexadecimal as one. */
function join(...parts: string[]): string {
  return parts.join('')
}

/** A key, the length of its value, the value. */
function param(key: number, ...parts: string[]): string {
  const value = join(...parts)
  const head = Buffer.alloc(4)
  head.writeUInt16BE(key, 0)
  head.writeUInt16BE(value.length / 2, 2)
  return join(head.toString('hex'), value)
}

function target(name: string): string {
  const labels = name
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`))
  return Buffer.concat([...labels, Buffer.of(0)]).toString('hex')
}
