/** Questions of clients: read strictly, answered as another implementation reads it, and never by guessing. */

import { decode, encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIp } from '../../../src/model/address.ts'
import {
  type DnsAnswer,
  encodeAnswer,
  encodeFault,
  readQuestion,
} from '../../../src/proxy/dns/message.ts'
import { RUNS } from '../http1/support.ts'

const ask = (name: string, type = 'A', more: Partial<Packet> = {}) =>
  encode({
    type: 'query',
    id: 7,
    flags: 0x100,
    questions: [{ name, type: type as 'A', class: 'IN' }],
    ...more,
  })
const edns = (udpPayloadSize: number): Partial<Packet> => ({
  additionals: [
    {
      type: 'OPT',
      name: '.',
      udpPayloadSize,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    },
  ],
})

function question(bytes: Buffer) {
  const read = readQuestion(bytes)
  if ('fault' in read) throw new Error(read.fault)
  return read.question
}

describe('what is read', () => {
  test.each([
    [
      'a name',
      ask('API.de.test'),
      { name: 'api.de.test', type: 1, room: 512, hasEdns: false, isRecursive: true },
    ],
    ['IPv6', ask('a.test', 'AAAA'), { name: 'a.test', type: 28 }],
    ['room', ask('a.test', 'A', edns(4096)), { room: 1232, hasEdns: true }],
    ['too little room', ask('a.test', 'A', edns(100)), { room: 512 }],
    ['the root', ask('.', 'NS'), { name: '', type: 2 }],
  ])('%s', (_, bytes, want) => {
    expect(question(bytes)).toMatchObject({ id: 7, ...want })
  })

  const twisted = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(ask('a.test'))
    change(bytes)
    return bytes
  }
  test.each<[string, Buffer, { fault: string; id: number | null }]>([
    ['an answer', twisted((b) => b.writeUInt16BE(0x8180, 2)), { fault: 'format', id: null }],
    ['hardly anything', Buffer.alloc(11), { fault: 'format', id: null }],
    ['an update', twisted((b) => b.writeUInt16BE(0x2800, 2)), { fault: 'not-implemented', id: 7 }],
    ['two questions', twisted((b) => b.writeUInt16BE(2, 4)), { fault: 'format', id: 7 }],
    ['no question', twisted((b) => b.writeUInt16BE(0, 4)), { fault: 'format', id: 7 }],
    ['an answer with it', twisted((b) => b.writeUInt16BE(1, 6)), { fault: 'format', id: 7 }],
    ['a pointer', twisted((b) => b.writeUInt8(0xc0, 12)), { fault: 'format', id: 7 }],
    ['a dot in a label', twisted((b) => b.write('.', 15)), { fault: 'format', id: 7 }],
    ['a zero in a label', twisted((b) => b.writeUInt8(0, 15)), { fault: 'format', id: 7 }],
    [
      'class CHAOS',
      twisted((b) => b.writeUInt16BE(3, b.length - 2)),
      { fault: 'not-implemented', id: 7 },
    ],
    [
      'something behind it',
      Buffer.concat([ask('a.test'), Buffer.from([0])]),
      { fault: 'format', id: 7 },
    ],
    ['cut off', ask('a.test').subarray(0, 18), { fault: 'format', id: 7 }],
  ])('%s is not', (_, bytes, want) => {
    expect(readQuestion(bytes)).toEqual(want)
  })

  test('whatever comes, nothing is thrown, and what is read is read so by another', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((list) => Buffer.from(list))
    const mutated = fc.tuple(fc.domain(), fc.nat(), fc.nat(255)).map(([name, at, byte]) => {
      const whole = Buffer.from(ask(name))
      whole[at % whole.length] = byte
      return whole
    })
    fc.assert(
      fc.property(fc.oneof(bytes, mutated), (given) => {
        const read = readQuestion(given)
        if ('fault' in read) return
        const { questions = [] } = decode(given)
        expect(questions.map(({ name }) => name.toLowerCase())).toEqual([read.question.name || '.'])
      }),
      { numRuns: RUNS },
    )
  })
})

describe('what is answered', () => {
  const addresses = ['192.0.2.1', '2001:db8::1'].map((text) => parseIp(text) ?? expect.fail())
  const answer = (more: Partial<DnsAnswer> = {}): DnsAnswer => ({
    rcode: 0,
    addresses: [],
    ttl: 30,
    extended: null,
    ...more,
  })

  test('addresses', () => {
    const bytes = encodeAnswer(question(ask('a.test')), answer({ addresses }), 512)
    expect(decode(bytes)).toMatchObject({
      id: 7,
      type: 'response',
      rcode: 'NOERROR',
      flag_ra: true,
      flag_rd: true,
      flag_tc: false,
      questions: [{ name: 'a.test', type: 'A' }],
      answers: [
        { name: 'a.test', type: 'A', ttl: 30, data: '192.0.2.1' },
        { name: 'a.test', type: 'AAAA', ttl: 30, data: '2001:db8::1' },
      ],
    })
  })

  test('a reason, to those who understand it', () => {
    const extended = { code: 15, text: `rule-no: ${'x'.repeat(300)}` }
    const given = answer({ rcode: 3, extended })
    const told = decode(encodeAnswer(question(ask('a.test', 'A', edns(1232))), given, 1232))
    const [opt] = told.additionals ?? []
    expect(opt).toMatchObject({ type: 'OPT', options: [{ code: 15 }] })
    const { data } = (opt as unknown as { options: { data: Buffer }[] }).options[0] ?? expect.fail()
    expect(data.readUInt16BE(0)).toBe(15)
    expect(data.toString('utf8', 2)).toBe(extended.text.slice(0, 200))
    const bare = decode(encodeAnswer(question(ask('a.test')), given, 512))
    expect(bare).toMatchObject({ rcode: 'NXDOMAIN', additionals: [] })
  })

  test('what does not fit is said to be left out', () => {
    const many = Array.from({ length: 60 }, (_, i) => parseIp(`192.0.2.${i}`) ?? expect.fail())
    const bytes = encodeAnswer(question(ask('a.test')), answer({ addresses: many }), 512)
    expect(bytes.length).toBeLessThanOrEqual(512)
    expect(decode(bytes)).toMatchObject({ flag_tc: true, answers: [] })
    expect(
      decode(encodeAnswer(question(ask('a.test')), answer({ addresses: many }), 65_535)).answers,
    ).toHaveLength(60)
  })

  test('faults, under their id', () => {
    expect(decode(encodeFault('format', 9))).toMatchObject({
      id: 9,
      rcode: 'FORMERR',
      type: 'response',
    })
    expect(decode(encodeFault('not-implemented', 9))).toMatchObject({ rcode: 'NOTIMP' })
  })
})
