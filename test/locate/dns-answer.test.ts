/** What a message may say about a question: tables of records in, what counts of them out. */

import { describe, expect, test } from 'vitest'
import {
  type Answer,
  type DnsMessage,
  type DnsRecord,
  type FamilyResult,
  joinFamilies,
  readAnswer,
  toDnsName,
} from '../../src/locate/dns-answer.ts'
import { type IpAddress, parseIp } from '../../src/model/address.ts'
import type { Problem } from '../../src/model/errors.ts'

describe('an answer', () => {
  const rows: {
    name: string
    answers: DnsRecord[]
    authorities?: DnsRecord[]
    rcode?: number
    passed?: string[]
    want: unknown
  }[] = [
    {
      name: 'has every address of the name, once',
      answers: [
        a('api.example', '192.0.2.1', 60),
        a('api.example', '192.0.2.2', 60),
        a('api.example', '192.0.2.1', 60),
      ],
      want: found(['192.0.2.1', '192.0.2.2'], [], 60),
    },
    {
      name: 'has the same addresses in any case and with a trailing dot',
      answers: [a('aPi.ExAmPlE.', '192.0.2.1', 60)],
      want: found(['192.0.2.1'], [], 60),
    },
    {
      name: 'without records names nothing, for 5 s when no SOA says how long',
      answers: [],
      want: absent('dns-no-address', 5),
    },
    {
      name: 'loses records for other names',
      answers: [a('other.example', '192.0.2.66', 60)],
      want: absent('dns-no-address', 5),
    },
    {
      name: 'keeps its own addresses beside records for other names',
      answers: [a('api.example', '192.0.2.1', 60), a('example', '192.0.2.66', 1)],
      want: found(['192.0.2.1'], [], 60),
    },
    {
      name: 'loses the other family',
      answers: [aaaa('api.example', '2001:db8::1', 60)],
      want: absent('dns-no-address', 5),
    },
    {
      name: 'loses an address that is none',
      answers: [a('api.example', '192.0.2.1.undefined', 60)],
      want: absent('dns-no-address', 5),
    },
    {
      name: 'lives as long as its shortest record, alias included',
      answers: [
        cname('api.example', 'b.example', 40),
        a('b.example', '192.0.2.1', 90),
        a('b.example', '192.0.2.2', 80),
      ],
      want: found(['192.0.2.1', '192.0.2.2'], ['b.example'], 40),
    },
    {
      name: 'lives 5 s at least',
      answers: [a('api.example', '192.0.2.1', 0)],
      want: found(['192.0.2.1'], [], 5),
    },
    {
      name: 'lives 300 s at most',
      answers: [a('api.example', '192.0.2.1', 86_400)],
      want: found(['192.0.2.1'], [], 300),
    },
    {
      name: 'with the top bit of a TTL set lives as if it were 0',
      answers: [a('api.example', '192.0.2.1', 0xffff_ffff)],
      want: found(['192.0.2.1'], [], 5),
    },
    {
      name: 'follows aliases in any order of records',
      answers: [
        a('c.example', '192.0.2.1', 60),
        cname('b.example', 'C.example.', 60),
        cname('api.example', 'b.example', 60),
      ],
      want: found(['192.0.2.1'], ['b.example', 'c.example'], 60),
    },
    {
      name: 'does not believe an address beside an alias',
      answers: [
        a('api.example', '192.0.2.66', 60),
        cname('api.example', 'b.example', 60),
        a('b.example', '192.0.2.1', 60),
      ],
      want: found(['192.0.2.1'], ['b.example'], 60),
    },
    {
      name: 'that ends in an alias must be asked for again',
      answers: [cname('api.example', 'b.example', 60), cname('b.example', 'c.example', 50)],
      want: { kind: 'alias', cnames: ['b.example', 'c.example'], ttl: 50 },
    },
    {
      name: 'that ends in an alias with the SOA of its zone is complete',
      answers: [cname('api.example', 'b.example', 60)],
      authorities: [soa('example', 3600, 20)],
      want: absent('dns-no-address', 20),
    },
    {
      name: 'is not completed by the SOA of another zone',
      answers: [cname('api.example', 'b.example', 60)],
      authorities: [soa('le', 3600, 20), soa('b.other', 3600, 20)],
      want: { kind: 'alias', cnames: ['b.example'], ttl: 60 },
    },
    {
      name: 'with two aliases for one name is refused',
      answers: [cname('api.example', 'b.example', 60), cname('api.example', 'c.example', 60)],
      want: { kind: 'faulty', fault: 'one of its names has two aliases' },
    },
    {
      name: 'with one alias twice is not',
      answers: [
        cname('api.example', 'b.example', 60),
        cname('api.example', 'B.example', 30),
        a('b.example', '192.0.2.1', 60),
      ],
      want: found(['192.0.2.1'], ['b.example'], 30),
    },
    {
      name: 'that is an alias of itself loops',
      answers: [cname('api.example', 'api.example', 60)],
      want: { kind: 'faulty', fault: 'its aliases loop' },
    },
    {
      name: 'that comes back loops',
      answers: [cname('api.example', 'b.example', 60), cname('b.example', 'api.example', 60)],
      want: { kind: 'faulty', fault: 'its aliases loop' },
    },
    {
      name: 'that comes back to a name of an earlier answer loops',
      answers: [cname('api.example', 'first.example', 60)],
      passed: ['first.example', 'api.example'],
      want: { kind: 'faulty', fault: 'its aliases loop' },
    },
    {
      name: 'may have 8 aliases',
      answers: [...chain(8), a('n8.example', '192.0.2.1', 60)],
      want: found(['192.0.2.1'], names(8), 60),
    },
    {
      name: 'may not have 9',
      answers: [...chain(9), a('n9.example', '192.0.2.1', 60)],
      want: { kind: 'faulty', fault: 'it has more than 8 aliases in a row' },
    },
    {
      name: 'may not have 20',
      answers: [...chain(20), a('n20.example', '192.0.2.1', 60)],
      want: { kind: 'faulty', fault: 'it has more than 8 aliases in a row' },
    },
    {
      name: 'may not have 9 with those of earlier answers',
      answers: [...chain(6), a('n6.example', '192.0.2.1', 60)],
      passed: ['x.example', 'y.example', 'z.example', 'api.example'],
      want: { kind: 'faulty', fault: 'it has more than 8 aliases in a row' },
    },
    {
      name: 'loses an alias that is no host name',
      answers: [cname('api.example', 'b\u0000.example', 60)],
      want: absent('dns-no-address', 5),
    },
    {
      name: 'loses an alias that only lower-casing would make a host name',
      answers: [cname('api.example', '\u212aelvin.example', 60)],
      want: absent('dns-no-address', 5),
    },
    {
      name: 'NXDOMAIN says that the name does not exist, for as long as the SOA says',
      answers: [],
      authorities: [soa('example', 3600, 45)],
      rcode: 3,
      want: absent('dns-not-found', 45),
    },
    {
      name: 'NXDOMAIN lives no longer than its SOA does',
      answers: [],
      authorities: [soa('example', 7, 45)],
      rcode: 3,
      want: absent('dns-not-found', 7),
    },
    {
      name: 'NXDOMAIN lives 60 s at most',
      answers: [],
      authorities: [soa('.', 86_400, 86_400)],
      rcode: 3,
      want: absent('dns-not-found', 60),
    },
    {
      name: 'NXDOMAIN lives 1 s at least',
      answers: [],
      authorities: [soa('api.example', 0, 0)],
      rcode: 3,
      want: absent('dns-not-found', 1),
    },
    {
      name: 'NXDOMAIN at the end of a chain is NXDOMAIN',
      answers: [cname('api.example', 'gone.example', 60)],
      rcode: 3,
      want: absent('dns-not-found', 5),
    },
    {
      name: 'NXDOMAIN with addresses is NXDOMAIN',
      answers: [a('api.example', '192.0.2.1', 60)],
      rcode: 3,
      want: absent('dns-not-found', 5),
    },
  ]
  test.each(rows)('$name', ({ answers, authorities = [], rcode = 0, passed, want }) => {
    const message: DnsMessage = { rcode, answers, authorities }
    const question = { name: 'api.example', type: 'A' } as const
    expect(toPlain(readAnswer(message, question, passed ?? ['api.example']))).toEqual(want)
  })

  test('to a question for IPv6 has IPv6 addresses, in canonical form', () => {
    const answers = [a('api.example', '192.0.2.1', 60), aaaa('api.example', '2001:DB8:0::1', 60)]
    const question = { name: 'api.example', type: 'AAAA' } as const
    const answer = readAnswer({ rcode: 0, answers, authorities: [] }, question, ['api.example'])
    expect(toPlain(answer)).toEqual(found(['2001:db8::1'], [], 60))
  })
})

describe('two families', () => {
  const v4: FamilyResult = {
    addresses: [ip('192.0.2.1')],
    cnames: ['b.example'],
    source: 'udp://192.0.2.53',
    ttl: 60,
  }
  const v6: FamilyResult = {
    addresses: [ip('2001:db8::1')],
    cnames: ['b.example', 'c.example'],
    source: 'tcp://192.0.2.53',
    ttl: 30,
  }
  const missing = problem('dns-not-found', 40)
  const empty = problem('dns-no-address', 20)
  const broken = problem('dns-failed', 1)
  const silent = problem('dns-timeout', 1)

  test('make one answer: IPv4 first, aliases once, the shorter life', () => {
    expect(joinFamilies(v4, v6, 1000)).toEqual({
      answer: {
        addresses: [ip('192.0.2.1'), ip('2001:db8::1')],
        cnames: ['b.example', 'c.example'],
        source: 'udp://192.0.2.53, tcp://192.0.2.53',
        validUntil: 31_000,
      },
      validUntil: 31_000,
    })
  })

  test.each([
    ['is missing', missing],
    ['is empty', empty],
    ['failed', broken],
    ['is silent', silent],
  ])('are one when the other %s', (_, other) => {
    const { addresses, cnames, source } = v4 as Extract<FamilyResult, { source: string }>
    const want = { answer: { addresses, cnames, source, validUntil: 61_000 }, validUntil: 61_000 }
    expect(joinFamilies(v4, other, 1000)).toEqual(want)
    expect(joinFamilies(other, v4, 1000)).toEqual(want)
  })

  test.each([
    ['missing and missing', missing, missing, 'dns-not-found', 40],
    ['empty and empty', empty, empty, 'dns-no-address', 20],
    ['missing and empty: something exists', missing, empty, 'dns-no-address', 20],
    ['missing and silent', missing, silent, 'dns-timeout', 1],
    ['empty and silent', empty, silent, 'dns-timeout', 1],
    ['empty and broken', empty, broken, 'dns-failed', 1],
    ['silent and broken', silent, broken, 'dns-failed', 1],
  ] as const)('without addresses, %s', (_, one, other, code, seconds) => {
    for (const pair of [joinFamilies(one, other, 0), joinFamilies(other, one, 0)]) {
      expect(pair).toMatchObject({ answer: { code }, validUntil: seconds * 1000 })
    }
  })
})

test.each([
  ['API.Example.', 'api.example'],
  ['_dmarc.example', '_dmarc.example'],
  ['localhost', 'localhost'],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ['', null],
  ['.', null],
  ['a..example', null],
  ['.example', null],
  ['*.example', null],
  ['a b.example', null],
  ['a/b.example', null],
  ['a\\.b.example', null],
  ['\u0430pi.example', null],
  ['\ufffd.example', null],
  [`${'a'.repeat(64)}.example`, null],
  [`${'a.'.repeat(127)}a`, null],
])('the name %j is %j', (text, want) => {
  expect(toDnsName(text)).toBe(want)
})

function a(owner: string, data: string, ttl: number): DnsRecord {
  return { type: 'A', owner, ttl, data }
}

function aaaa(owner: string, data: string, ttl: number): DnsRecord {
  return { type: 'AAAA', owner, ttl, data }
}

function cname(owner: string, data: string, ttl: number): DnsRecord {
  return { type: 'CNAME', owner, ttl, data }
}

function soa(owner: string, ttl: number, minimum: number): DnsRecord {
  return { type: 'SOA', owner, ttl, minimum }
}

function names(length: number): string[] {
  return Array.from({ length }, (_, i) => `n${i + 1}.example`)
}

function chain(length: number): DnsRecord[] {
  const owners = ['api.example', ...names(length)]
  return names(length).map((target, i) => cname(owners[i] ?? '', target, 60))
}

function found(addresses: string[], cnames: string[], ttl: number) {
  return { kind: 'addresses', addresses, cnames, ttl }
}

function absent(code: string, ttl: number) {
  return { kind: 'absent', code, ttl }
}

function toPlain(answer: Answer): unknown {
  if (answer.kind !== 'addresses') return answer
  return { ...answer, addresses: answer.addresses.map((address) => address.text) }
}

function ip(text: string): IpAddress {
  const address = parseIp(text)
  if (!address) throw new Error(text)
  return address
}

function problem(code: Problem['code'], ttl: number): FamilyResult {
  return { problem: { code, detail: code }, ttl }
}
