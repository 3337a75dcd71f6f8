/** Links back: good once, for a while, as they were made; whatever else is tried is told why not. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeyFileError } from '../../../src/files/key-file.ts'
import { openLinkKey } from '../../../src/holds/links/link-key.ts'
import { readLink, signLink } from '../../../src/holds/links/link-token.ts'
import { Links, type LinksOptions, MAX_LINK_MS } from '../../../src/holds/links/links.ts'

const KEY = Buffer.alloc(32, 7)
const NOW = Date.UTC(2026, 10, 20, 12)
const HOLD = { id: 'h-k7m2p9qa', expiresAt: NOW + 3_600_000 }

function open(changes: Partial<LinksOptions> = {}) {
  const recorded: string[] = []
  const links = new Links({
    key: KEY,
    base: () => 'https://cordon.test',
    used: [],
    now: () => NOW,
    record: async (hold, by, receiver) => {
      recorded.push(`${hold} ${by} ${receiver}`)
    },
    ...changes,
  })
  const make = (hold = HOLD) => links.make(hold, 'ops-chat')?.url.split('/decide/')[1] ?? ''
  const claimsOf = (token: string) => {
    const claims = links.read(token)
    if ('fault' in claims) throw new Error(claims.detail)
    return claims
  }
  return { links, make, claimsOf, recorded }
}

describe('a link', () => {
  test('says which hold it is about and to whom it was sent', () => {
    const { make, claimsOf } = open()
    expect(claimsOf(make())).toMatchObject({ hold: HOLD.id, receiver: 'ops-chat' })
  })

  test('stands in a URL as it is', () => {
    expect(open().links.make(HOLD, 'ops-chat')?.url).toMatch(
      /^https:\/\/cordon\.test\/decide\/[A-Za-z0-9_-]{100,200}$/,
    )
  })

  test('is not made where there is nothing it could lead to', () => {
    const { links } = open({ base: () => null })
    expect(links.make(HOLD, 'ops-chat')).toBeNull()
    expect(links.origin).toBeNull()
  })

  test('is another one each time', () => {
    const { make } = open()
    expect(make()).not.toBe(make())
  })

  test.each([
    ['its hold', 3_600_000, 3_600_000],
    ['a day', MAX_LINK_MS * 3, MAX_LINK_MS],
  ])('ends with %s', (_, holdLasts, want) => {
    const link = open().links.make({ ...HOLD, expiresAt: NOW + holdLasts }, 'r')
    expect(link?.expiresAt).toBe(NOW + want)
  })

  test('is good up to that moment, and expired from then on, also when it is used', async () => {
    let now = NOW
    const { links, make, claimsOf } = open({ now: () => now })
    const token = make()
    now = HOLD.expiresAt - 1
    const claims = claimsOf(token)
    now = HOLD.expiresAt
    expect(links.read(token)).toMatchObject({ fault: 'expired' })
    expect(await links.use(claims, 'alice')).toMatchObject({ fault: 'expired' })
  })
})

describe('used up', () => {
  test('once, and that says who it was', async () => {
    const { links, make, claimsOf, recorded } = open()
    const token = make()
    expect(await links.use(claimsOf(token), 'alice')).toBeNull()
    expect(recorded).toEqual(['h-k7m2p9qa alice ops-chat'])
    expect(links.read(token)).toEqual({
      fault: 'used',
      detail: 'this link was used up by alice on 2026-11-20 12:00:00 UTC',
    })
  })

  test('by one of two who press at once', async () => {
    const { links, make, claimsOf, recorded } = open()
    const claims = claimsOf(make())
    const [first, second] = await Promise.all([
      links.use(claims, 'alice'),
      links.use(claims, 'bob'),
    ])
    expect([first, second?.fault]).toEqual([null, 'busy'])
    expect(recorded).toHaveLength(1)
  })

  test('not before it is written down: what cannot be written changes nothing', async () => {
    let works = false
    const { links, make, claimsOf } = open({
      record: async () => {
        if (!works) throw new Error('disk full')
      },
    })
    const claims = claimsOf(make())
    await expect(links.use(claims, 'alice')).rejects.toThrow('disk full')
    works = true
    expect(await links.use(claims, 'alice')).toBeNull()
  })

  test('also after a restart', () => {
    const token = open().make()
    const { nonce } = open().claimsOf(token)
    const restarted = open({ used: [{ nonce, by: 'alice', at: NOW }] })
    expect(restarted.links.read(token)).toMatchObject({ fault: 'used' })
  })

  test('of others that were sent for the same hold, the rest are still good', async () => {
    const { links, make, claimsOf } = open()
    const [one, other] = [make(), make()]
    await links.use(claimsOf(one), 'alice')
    expect(links.read(other)).toMatchObject({ hold: HOLD.id })
  })
})

describe('forged', () => {
  const { make } = open()
  const token = make()
  const bytes = Buffer.from(token, 'base64url')
  const text = bytes.subarray(32).toString()
  const mac = bytes.subarray(0, 32)
  const resigned = (claims: string) =>
    Buffer.concat([mac, Buffer.from(claims)]).toString('base64url')
  test.each([
    ['nothing', ''],
    ['anything', 'abc'],
    ['for another hold', resigned(text.replace(HOLD.id, 'h-aaaaaaaa'))],
    ['for longer', resigned(text.replace(/\d+$/, '99999999999'))],
    ['with another number', resigned(text.replace(/ [0-9a-f]{32} /, ` ${'0'.repeat(32)} `))],
    [
      'by another key',
      signLink(Buffer.alloc(32, 8), {
        ...HOLD,
        hold: HOLD.id,
        receiver: 'r',
        nonce: '0'.repeat(32),
      }),
    ],
    ['cut', token.slice(0, -1)],
    ['longer', `${token}A`],
    ['padded', `${token}=`],
    ['in the other alphabet', Buffer.from(bytes).toString('base64')],
    ['with a blank', ` ${token}`],
    ['escaped', `%41${token.slice(1)}`],
    ['without what was signed', mac.toString('base64url')],
    ['very long', 'A'.repeat(100_000)],
  ])('%s', (_, forged) => {
    expect(open().links.read(forged)).toMatchObject({ fault: 'forged' })
  })

  test('in whatever single byte', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ flip
        expect(readLink(KEY, changed.toString('base64url'))).toBeNull()
      }),
    )
  })
})

describe('the key', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'cordon-link-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  test('is made once, for its owner alone', () => {
    const key = openLinkKey(dir)
    expect(openLinkKey(dir)).toEqual(key)
    expect(statSync(join(dir, 'link.key')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dir, 'link.key'), 'utf8')).toBe(`${key.toString('hex')}\n`)
  })

  test.each(['', 'abc\n', `${'g'.repeat(64)}\n`])('what is none is not used: %j', (text) => {
    writeFileSync(join(dir, 'link.key'), text)
    expect(() => openLinkKey(dir)).toThrow(KeyFileError)
    expect(readFileSync(join(dir, 'link.key'), 'utf8')).toBe(text)
  })
})
