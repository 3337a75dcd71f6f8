import { describe, expect, test } from 'vitest'
import { ANONYMOUS } from '../../src/model/agent.ts'
import {
  Acceptance,
  type AcceptanceNews,
  AT_ONCE_MS,
  type Refusing,
} from '../../src/proxy/acceptance.ts'
import type { ClientHello } from '../../src/tls/client-hello.ts'

const HELLO: ClientHello = { serverName: 'a.example', alpn: ['http/1.1'], ech: false, tls13: true }

function open() {
  const told: string[] = []
  let now = 1_000_000
  const acceptance = new Acceptance({ clock: { now: () => now }, tell: (text) => told.push(text) })
  return { acceptance, told, pass: (ms: number) => (now += ms) }
}

const at = (host: string, more: Partial<Refusing> = {}): Refusing => ({
  clientIp: '192.0.2.1',
  agent: ANONYMOUS,
  host,
  ...more,
})
const alert = (name: string) => Object.assign(new Error(), { code: `ERR_SSL_${name}` })
const UNKNOWN_CA = alert('TLSV1_ALERT_UNKNOWN_CA')
const BAD = alert('SSLV3_ALERT_BAD_CERTIFICATE')
const UNKNOWN = alert('SSLV3_ALERT_CERTIFICATE_UNKNOWN')
const RESET = Object.assign(new Error(), { code: 'ECONNRESET' })

const OFFER = ['http/1.1']

describe('a handshake that failed', () => {
  test.each<[string, Error | null, 'nobody' | 'elsewhere' | 'here', string, RegExp, number]>([
    ['unknown CA', UNKNOWN_CA, 'nobody', 'client-tls-failed', /does not trust the CA/, 1],
    ['unknown CA', UNKNOWN_CA, 'elsewhere', 'client-tls-failed', /does not trust the CA/, 1],
    ['bad certificate', BAD, 'nobody', 'client-tls-failed', /does not trust the CA/, 1],
    ['bad certificate', BAD, 'elsewhere', 'client-tls-rejected', /may pin this one/, 1],
    ['bad certificate', BAD, 'here', 'client-tls-rejected', /may pin this one/, 1],
    ['unknown certificate', UNKNOWN, 'elsewhere', 'client-tls-rejected', /may pin this one/, 1],
    ['just left', null, 'nobody', 'client-tls-failed', /as some do that do not trust/, 1],
    ['just left', null, 'elsewhere', 'client-tls-rejected', /may pin this one/, 1],
    ['just left', null, 'here', 'client-tls-failed', /has accepted the certificate before/, 0],
    ['a reset', RESET, 'elsewhere', 'client-tls-rejected', /may pin this one/, 1],
    [
      'an expired certificate',
      alert('SSLV3_ALERT_CERTIFICATE_EXPIRED'),
      'nobody',
      'client-tls-failed',
      /clock/,
      0,
    ],
    [
      'something else',
      alert('NO_SHARED_CIPHER'),
      'elsewhere',
      'client-tls-failed',
      /ended with ERR_SSL_NO_SHARED_CIPHER/,
      0,
    ],
  ])('by %s (%s), accepted %s: %s', (_, cause, before, code, detail, lines) => {
    const { acceptance, told } = open()
    if (before !== 'nobody') acceptance.accepted(at(before === 'here' ? 'a.example' : 'b.example'))
    const problem = acceptance.judgeFailure(at('a.example'), HELLO, OFFER, cause)
    expect(problem).toEqual({ code, detail: expect.stringMatching(detail) })
    expect(told).toHaveLength(lines)
  })

  test('of a client without a common protocol says that, as far as it can be said', () => {
    const { acceptance, told } = open()
    const hello = { ...HELLO, alpn: ['h2', 'a\nb'] }
    expect(acceptance.judgeFailure(at('a.example'), hello, OFFER, null).detail).toBe(
      'the client speaks only h2, something else, not http/1.1',
    )
    expect(told).toEqual([])
  })

  test('is nobody else’s: neither of another address nor of another agent', () => {
    const { acceptance } = open()
    acceptance.accepted(at('b.example'))
    for (const who of [
      at('a.example', { clientIp: '192.0.2.2' }),
      at('a.example', { agent: { ...ANONYMOUS, id: 'ci' } }),
    ]) {
      expect(acceptance.judgeFailure(who, HELLO, OFFER, BAD).code).toBe('client-tls-failed')
    }
  })

  test('on the proxy port is never taken for pinning', () => {
    const { acceptance, told } = open()
    acceptance.accepted(at('b.example'))
    const who = at('proxy.example', { isPort: true })
    expect(acceptance.judgeFailure(who, HELLO, OFFER, BAD).code).toBe('client-tls-failed')
    expect(told[0]).not.toContain('never')
  })
})

describe('a client that leaves without a word', () => {
  test.each<[string, number, 'nobody' | 'elsewhere' | 'here', RegExp | null]>([
    ['at once', 5, 'nobody', /as some do that pin the host or do not trust the CA/],
    ['at once', AT_ONCE_MS, 'elsewhere', /may pin this one/],
    ['at once', 5, 'here', null],
    ['later, as browsers do', AT_ONCE_MS + 1, 'elsewhere', null],
  ])('%s (%i ms), accepted %s', (_, ms, before, want) => {
    const { acceptance } = open()
    if (before !== 'nobody') acceptance.accepted(at(before === 'here' ? 'a.example' : 'b.example'))
    const problem = acceptance.judgeSilence(at('a.example'), ms)
    if (!want) expect(problem).toBeNull()
    else {
      expect(problem).toEqual({
        code: 'client-tls-rejected',
        detail: expect.stringMatching(want),
      })
    }
  })
})

describe('the operator', () => {
  test('hears once for each client and host, and again when it means something else', () => {
    const { acceptance, told } = open()
    const refuse = (host: string) => acceptance.judgeFailure(at(host), HELLO, OFFER, BAD)
    for (let i = 0; i < 3; i++) refuse('a.example')
    expect(told).toHaveLength(1)
    expect(told[0]).toBe(
      'agent anonymous at 192.0.2.1 refuses the certificate for a.example, and has accepted none yet: `cordon env` prints what it needs to trust the CA of this proxy',
    )
    refuse('b.example')
    expect(told).toHaveLength(2)
    acceptance.accepted(at('c.example'))
    for (let i = 0; i < 3; i++) refuse('a.example')
    expect(told).toHaveLength(3)
    expect(told[2]).toContain('`intercept: { never: [a.example] }` lets it through unseen')
  })

  test('is not flooded, and hears later what was left out', () => {
    const { acceptance, told, pass } = open()
    const refuse = (i: number) => acceptance.judgeFailure(at(`h${i}.example`), HELLO, OFFER, BAD)
    for (let i = 0; i < 100; i++) refuse(i)
    expect(told).toHaveLength(10)
    pass(60_000)
    refuse(99)
    expect(told).toHaveLength(11)
  })

  test('what is remembered is bounded: who was heard of last stays', () => {
    const { acceptance } = open()
    acceptance.accepted(at('b.example'))
    for (let i = 0; i < 5_000; i++) {
      acceptance.accepted(at('b.example', { clientIp: `10.0.${i >> 8}.${i & 255}` }))
      if (i === 2_500) acceptance.accepted(at('b.example', { clientIp: '192.0.2.9' }))
    }
    const code = (clientIp: string) =>
      acceptance.judgeFailure(at('a.example', { clientIp }), HELLO, OFFER, BAD).code
    expect(code('192.0.2.1')).toBe('client-tls-failed')
    expect(code('192.0.2.9')).toBe('client-tls-rejected')
  })
})

describe('of several processes', () => {
  /** Two that hear of each other. */
  function openBoth() {
    const told: string[] = []
    const shared: AcceptanceNews[] = []
    const join = (other: () => Acceptance): Acceptance =>
      new Acceptance({
        clock: Date,
        tell: (text) => told.push(text),
        share(news) {
          shared.push(news)
          other().take(structuredClone(news))
        },
      })
    const a: Acceptance = join(() => b)
    const b: Acceptance = join(() => a)
    return { a, b, told, shared }
  }

  test('one knows what a client has accepted at the other', () => {
    const { a, b } = openBoth()
    a.accepted(at('b.example'))
    expect(b.judgeFailure(at('a.example'), HELLO, OFFER, BAD)).toMatchObject({
      code: 'client-tls-rejected',
      detail: expect.stringContaining('may pin this one'),
    })
    expect(b.judgeSilence(at('b.example'), 0)).toBeNull()
  })

  test('the operator is told by one of them', () => {
    const { a, b, told } = openBoth()
    for (const each of [a, b, a]) each.judgeFailure(at('a.example'), HELLO, OFFER, UNKNOWN_CA)
    expect(told).toHaveLength(1)
  })

  test('what is not new is not said again, and what was heard is not passed on', () => {
    const { a, b, shared } = openBoth()
    for (const each of [a, a, b]) each.accepted(at('b.example'))
    expect(shared).toHaveLength(1)
  })
})
