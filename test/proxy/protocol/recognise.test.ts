/** First bytes as real programs send them, whole and cut at any byte; and what only looks alike. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  answersLikeRedis,
  believe,
  recognise,
  recogniseGreeting,
} from '../../../src/proxy/protocol/recognise.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const text = (bytes: string) => Buffer.from(bytes, 'latin1')

const CLIENTS = [
  ['tls', 'TLS 1.3', hex('16 03 01 02 00 01 00 01 fc 03 03')],
  ['tls', 'one byte a record', hex('16 03 01 00 01 01 16 03 01 00 01')],
  ['http', 'HTTP/1.1', text('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['http', 'a method of its own', text('M-SEARCH * HTTP/1.1\r\n')],
  ['http', 'HEAD, which begins like a greeting of SMTP', text('HEAD / HTTP/1.1\r\n')],
  ['http', 'CONNECT', text('CONNECT a.test:443 HTTP/1.1\r\n')],
  ['http', 'empty lines ahead', text('\r\n\r\nGET / HTTP/1.1\r\n')],
  ['http', 'HTTP/2 by prior knowledge', text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['http', 'a target that is none', text('GET x\r\n')],
  ['http', 'a target that is none, after a method of its own', text('get x HTTP/1.1\r\n')],
  ['http', 'blanks that are none', text('GET\t/ HTTP/1.1\r\n')],
  ['http', 'in lower case', text('get key\r\n')],
  ['http', 'blanks ahead', text(' GET / HTTP/1.1\r\n')],
  ['http', 'WebDAV', text('PROPFIND /dav/ HTTP/1.1\r\n')],
  ['ssh', 'OpenSSH', text('SSH-2.0-OpenSSH_9.6\r\n')],
  ['amqp', '0-9-1', Buffer.concat([text('AMQP'), hex('00 00 09 01')])],
  ['amqp', '1.0 with SASL', Buffer.concat([text('AMQP'), hex('03 01 00 00')])],
  ['mqtt', '3.1.1', Buffer.concat([hex('10 0f 00 04'), text('MQTT'), hex('04 02 00 3c')])],
  ['mqtt', '3.1', Buffer.concat([hex('10 11 00 06'), text('MQIsdp'), hex('03 02')])],
  ['mqtt', 'a long one', Buffer.concat([hex('10 ff 80 01 00 04'), text('MQTT'), hex('05')])],
  ['redis', 'PING', text('*1\r\n$4\r\nPING\r\n')],
  ['redis', 'HELLO 3', text('*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n')],
  ['smtp', 'EHLO', text('EHLO client.test\r\n')],
  ['smtp', 'helo', text('helo client.test\r\n')],
  ['ldap', 'bind', hex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00')],
  ['ldap', 'StartTLS', hex('30 1d 02 01 01 77 18 80 16 31 2e 33')],
  ['ldap', 'a long search', hex('30 84 00 00 01 00 02 04 00 00 00 02 63 84')],
  ['postgresql', 'TLS asked for', hex('00 00 00 08 04 d2 16 2f')],
  ['postgresql', 'GSSAPI asked for', hex('00 00 00 08 04 d2 16 30')],
  ['postgresql', 'cancel', hex('00 00 00 10 04 d2 16 2e 00 00 00 01 00 00 00 02')],
  [
    'postgresql',
    'a start',
    Buffer.concat([hex('00 00 00 29 00 03 00 00'), text('user\0postgres\0database\0x\0\0')]),
  ],
  [
    'mongodb',
    'OP_MSG',
    hex('37 01 00 00 01 00 00 00 00 00 00 00 dd 07 00 00 00 00 00 00 00 1a 01 00 00'),
  ],
  ['mongodb', 'OP_QUERY', hex('3f 00 00 00 02 00 00 00 00 00 00 00 d4 07 00 00')],
  [
    'kafka',
    'ApiVersions',
    Buffer.concat([hex('00 00 00 1e 00 12 00 03 00 00 00 01 00 09'), text('rdkafka-1')]),
  ],
  ['kafka', 'without a name', hex('00 00 00 0a 00 03 00 00 00 00 00 01 ff ff ff ff ff ff')],
  ['unknown', 'SOCKS4', hex('04 01 01 bb 2e 04 00 0a 00')],
  [
    'unknown',
    'a line',
    text(
      'hello there and more than that, but without a blank'.replaceAll(' ', '_') + 'x'.repeat(64),
    ),
  ],
  ['unknown', 'IRC', text('NICK somebody\r\nUSER a b c d\r\n')],
  ['unknown', 'zeros', Buffer.alloc(64)],
  ['unknown', 'all ones', Buffer.alloc(64, 0xff)],
] as const

const MYSQL = Buffer.concat([hex('4a 00 00 00 0a'), text('8.0.36\0')])
const GREETINGS = [
  ['ssh', 'OpenSSH', text('SSH-2.0-OpenSSH_9.6\r\n')],
  ['smtp', 'ready', text('220 mail.test ESMTP\r\n')],
  ['smtp', 'ready, in several lines', text('220-mail.test\r\n220 ready\r\n')],
  ['smtp', 'not ready', text('421 too busy\r\n')],
  ['mysql', '8', MYSQL],
  ['mysql', 'too many connections', Buffer.concat([hex('17 00 00 00 ff 10 04'), text('Too many')])],
  ['imap', 'ready', text('* OK [CAPABILITY IMAP4rev2] ready\r\n')],
  ['imap', 'knows the client already', text('* PREAUTH ready\r\n')],
  ['imap', 'not ready', text('* BYE too busy\r\n')],
  ['unknown', 'what IMAP says later', text('* FLAGS ()\r\n')],
  ['pop3', 'ready', text('+OK ready\r\n')],
  ['pop3', 'not ready', text('-ERR\r\n')],
  ['unknown', 'a number of RESP', text('+OKAY\r\n')],
  ['unknown', 'HTTP', text('HTTP/1.1 400 Bad Request\r\n')],
  ['unknown', 'an alert of TLS', hex('15 03 03 00 02 02 28')],
] as const

describe('what a client says first', () => {
  test.each(CLIENTS)('%s: %s', (protocol, _, bytes) => {
    expect(recognise(bytes).protocol).toBe(protocol)
  })

  test.each(CLIENTS)(
    '%s: %s, a byte more each time: never something else on the way',
    (protocol, _, bytes) => {
      for (let length = 0; length <= bytes.length; length++) {
        const seen = recognise(bytes.subarray(0, length))
        if (seen.protocol !== null) expect(seen.protocol).toBe(protocol)
        else if (protocol !== 'unknown') expect(seen.candidates).toContain(protocol)
      }
    },
  )

  test('anything at all is told in 64 bytes, and more bytes do not change it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 200 }), (bytes) => {
        const { protocol } = recognise(bytes)
        expect(protocol).not.toBeNull()
        expect(recognise(bytes.subarray(0, 64)).protocol).toBe(protocol)
      }),
    )
  })

  test('what begins like TLS or HTTP is never taken for something unknown before that is sure', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          ...CLIENTS.filter(([protocol]) => protocol === 'tls' || protocol === 'http'),
        ),
        fc.nat(),
        ([protocol, , bytes], cut) => {
          const seen = recognise(bytes.subarray(0, cut % (bytes.length + 1)))
          expect(seen.protocol === null ? seen.candidates : [seen.protocol]).toContain(protocol)
        },
      ),
    )
  })
})

describe('what a server says first', () => {
  test.each(GREETINGS)('%s: %s', (protocol, _, bytes) => {
    for (let length = 1; length < bytes.length; length++) {
      expect([null, protocol]).toContain(recogniseGreeting(bytes.subarray(0, length)))
    }
    expect(recogniseGreeting(bytes)).toBe(protocol)
  })
})

describe('once it is told, more bytes do not change it', () => {
  /** A beginning that is known, with some bytes changed, and anything behind it. */
  const begun = (beginnings: readonly Uint8Array[]) =>
    fc
      .tuple(
        fc.constantFrom(...beginnings),
        fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 3 }),
        fc.uint8Array({ maxLength: 80 }),
      )
      .map(([beginning, changes, behind]) => {
        const bytes = Buffer.concat([beginning, behind])
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte
        return bytes
      })

  test.each([
    ['a client', (bytes: Buffer) => recognise(bytes).protocol, CLIENTS],
    ['a server', recogniseGreeting, GREETINGS],
  ] as const)('of %s', (_, tell, known) => {
    fc.assert(
      fc.property(begun(known.map(([, , bytes]) => bytes)), (bytes) => {
        let told: string | null = null
        for (let length = 1; length <= bytes.length; length++) {
          const now = tell(bytes.subarray(0, length))
          if (told !== null) expect(now).toBe(told)
          told = now
        }
      }),
      { numRuns: 2_000, seed: 7 },
    )
  })
})

test.each([
  ['kafka', 6379, 'unknown'],
  ['amqp', 6379, 'unknown'],
  ['redis', 6379, 'redis'],
  ['ssh', 6379, 'ssh'],
  ['postgresql', 6379, 'postgresql'],
  ['kafka', 9092, 'kafka'],
] as const)('%s on port %i is taken for %s', (claimed, port, believed) => {
  expect(believe(claimed, port)).toBe(believed)
})

test.each([
  ['-ERR unknown command', 'amqp', true],
  ['-NOAUTH Authentication required.', 'mongodb', true],
  ['-ERR unknown command', 'redis', false],
  ['-ERR unknown command', 'unknown', false],
  ['-\0\0\0', 'mongodb', false],
  ['AMQP', 'amqp', false],
] as const)('%j answers like Redis to %s: %s', (first, claimed, isSo) => {
  expect(answersLikeRedis(Buffer.from(first), claimed)).toBe(isSo)
})
