/** The first message of a client: what it is, byte by byte, and what is none. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isReplication, readStartup } from '../../../src/proxy/postgresql/startup.ts'
import { RUNS } from '../http1/support.ts'

const packet = (code: number, body: string | Buffer = '', length?: number) => {
  const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(body as string, 'latin1')])
  bytes.writeUInt32BE((length ?? bytes.length) >>> 0, 0)
  bytes.writeUInt32BE(code, 4)
  return bytes
}
const V3 = 0x0003_0000
const START = 'user\0me\0database\0db\0\0'

test.each([
  ['TLS', packet(80877103), { kind: 'tls' }],
  ['GSSAPI', packet(80877104), { kind: 'gss' }],
  ['cancel', packet(80877102, 'pid.key.'), { kind: 'cancel', key: Buffer.from('pid.key.') }],
  ['cancel, with a key of protocol 3.2', packet(80877102, 'x'.repeat(260)), { kind: 'cancel' }],
  ['a session', packet(V3, START), { kind: 'start', minor: 0 }],
  ['a session of protocol 3.2', packet(V3 + 2, START), { kind: 'start', minor: 2 }],
])('%s, and how long it is', (_, bytes, want) => {
  const read = readStartup(Buffer.concat([bytes, Buffer.from('more')]))
  expect(read).toMatchObject({ startup: want, length: bytes.length })
  for (let size = 0; size < bytes.length; size++) {
    expect(readStartup(bytes.subarray(0, size))).toBeNull()
  }
})

test('parameters by name', () => {
  const { startup } = readStartup(packet(V3, START)) ?? {}
  expect(startup?.kind === 'start' && [...startup.parameters]).toEqual([
    ['user', 'me'],
    ['database', 'db'],
  ])
})

describe('refused', () => {
  test.each([
    ['a negative length', packet(V3, START, -1)],
    ['a length that is none', packet(V3, START, 7)],
    ['more than the server takes', packet(V3, START, 10_001)],
    ['TLS with more than its code', packet(80877103, 'x')],
    ['a key that is too short', packet(80877102, 'short')],
    ['a key that is too long', packet(80877102, 'x'.repeat(261))],
    ['version 2', packet(0x0002_0000, START)],
    ['no zero at the end', packet(V3, 'user\0me')],
    ['one zero at the end', packet(V3, 'user\0me\0')],
    ['a name without a value', packet(V3, 'user\0me\0database\0\0')],
    ['a name twice', packet(V3, 'user\0me\0database\0a\0database\0b\0\0')],
    ['something behind the end', packet(V3, 'user\0me\0\0database\0db\0\0')],
    ['nobody', packet(V3, 'database\0db\0\0')],
    ['nobody, with a name', packet(V3, 'user\0\0\0')],
  ])('%s', (_, bytes) => {
    expect(readStartup(bytes)?.startup.kind).toBe('fault')
  })

  test('anything else never throws', () => {
    const anything = fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => packet(V3, Buffer.from(bytes)))
    fc.assert(
      fc.property(anything, (bytes) => {
        const { startup } = readStartup(bytes) ?? {}
        expect(['start', 'fault']).toContain(startup?.kind)
      }),
      { numRuns: RUNS },
    )
  })
})

test.each([
  ['database', true],
  ['true', true],
  ['on', true],
  ['1', true],
  ['nonsense', true],
  ['OFF', false],
  ['false', false],
  ['no', false],
  ['0', false],
])('replication=%s', (value, want) => {
  expect(isReplication(new Map([['replication', value]]))).toBe(want)
})
