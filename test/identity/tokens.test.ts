/** Tokens: what was issued here and still counts is taken, everything else is not, and nothing is ever thrown. */

import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KeyFileError } from '../../src/files/key-file.ts'
import { readToken } from '../../src/identity/credentials.ts'
import { Revocations } from '../../src/identity/revocations.ts'
import { issueToken, MAX_TTL_MS, openTokenKey, TokenVerifier } from '../../src/identity/tokens.ts'
import { runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let clock: { time: number; now(): number }
let key: KeyObject
let verifier: TokenVerifier
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
  clock = { time: Date.UTC(2026, 10, 20, 12, 0, 0, 250), now: () => clock.time }
  key = openTokenKey(dir)
  verifier = new TokenVerifier(key, new Revocations(dir, clock), clock)
})
afterEach(() => folder[Symbol.asyncDispose]())

const HOUR = 3_600_000
const issue = (name = 'ci', groups: string[] = [], ttl = HOUR) =>
  issueToken(key, { name, groups, ttl }, clock.now())
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
/** The subject, or the code of the refusal. */
async function shown(field: string, by = verifier): Promise<string> {
  const answer = await by.verify(field)
  return 'code' in answer ? answer.code : answer.subject
}

describe('a token that was issued here', () => {
  test('proves its name and groups', async () => {
    const token = await issue('ci', ['batch', 'staff'])
    expect(await verifier.verify(`Bearer ${token}`)).toMatchObject({
      subject: 'ci',
      groups: ['batch', 'staff'],
    })
  })

  test('may be shown in several ways', async () => {
    const token = await issue()
    for (const field of [
      `Bearer ${token}`,
      `bearer ${token}`,
      `BEARER   ${token}`,
      basic('agent', token),
      basic('', token),
      basic('somebody else', token),
      basic('ci', token).replace('Basic', 'basic'),
    ]) {
      expect(await shown(field)).toBe('ci')
    }
  })

  test('counts until the second in which it expires, whether it was seen before or not', async () => {
    const token = `Bearer ${await issue('ci', [], 10_000)}`
    const end = Math.floor((clock.time + 10_000) / 1_000) * 1_000
    const fresh = () => new TokenVerifier(key, new Revocations(dir, clock), clock)
    for (const [time, expected] of [
      [end - 1, 'ci'],
      [end, 'token-expired'],
      [end + 1, 'token-expired'],
      [end + HOUR, 'token-expired'],
    ] as const) {
      clock.time = time
      expect(await shown(token)).toBe(expected)
      expect(await shown(token, fresh())).toBe(expected)
    }
  })

  test('shorter than a second is never any good', async () => {
    expect(await shown(`Bearer ${await issue('ci', [], 1)}`)).toBe('token-expired')
  })

  test('is still known after a restart', async () => {
    const token = `Bearer ${await issue()}`
    const again = new TokenVerifier(openTokenKey(dir), new Revocations(dir, clock), clock)
    expect(await shown(token, again)).toBe('ci')
  })

  test('is not written anywhere', async () => {
    await issue()
    expect(readdirSync(dir)).toEqual(['agent-token.key'])
  })

  test('is remembered without end only in number', async () => {
    const token = await issue()
    for (let i = 0; i < 3_000; i++) expect(await shown(basic(`user${i}`, token))).toBe('ci')
  })
})

describe('a token that counts no more', () => {
  const revoke = (name: string) => new Revocations(dir, clock).revoke(name)

  test('is the one issued before the revocation, not the one after, in the same second', async () => {
    const before = `Bearer ${await issue()}`
    clock.time += 100
    revoke('ci')
    const same = `Bearer ${await issue()}`
    clock.time += 100
    const after = `Bearer ${await issue()}`
    const other = `Bearer ${await issue('other')}`
    expect(await shown(before)).toBe('token-revoked')
    expect(await shown(same)).toBe('token-revoked')
    expect(await shown(after)).toBe('ci')
    expect(await shown(other)).toBe('other')
  })

  test('no millisecond escapes: a fraction of a second does not come back as another', async () => {
    // (n / 1000) * 1000 is not n for some of these.
    for (let i = 0; i < 200; i++) {
      clock.time += 1_001
      const token = `Bearer ${await issue()}`
      revoke('ci')
      expect(await shown(token)).toBe('token-revoked')
    }
  })

  test('is refused although it was seen before, within half a second', async () => {
    const token = `Bearer ${await issue()}`
    expect(await shown(token)).toBe('ci')
    clock.time += 10
    revoke('ci')
    clock.time += 500
    expect(await shown(token)).toBe('token-revoked')
  })

  test('is refused at once when the clock was set back', async () => {
    const token = `Bearer ${await issue()}`
    expect(await shown(token)).toBe('ci')
    revoke('ci')
    clock.time -= 30_000
    expect(await shown(token)).toBe('token-revoked')
  })
})

describe('what was not issued here', () => {
  const NOW = Date.UTC(2026, 10, 20, 12) / 1_000
  const CLAIMS = {
    iss: 'cordon',
    aud: 'cordon-proxy',
    sub: 'ci',
    groups: [],
    iat: NOW,
    exp: NOW + 3_600,
  }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  function forge(
    claims: object,
    header: object = { alg: 'EdDSA', typ: 'JWT' },
    signature: (text: string) => Buffer = (text) => signBytes(null, Buffer.from(text), key),
  ): string {
    const text = `${part(header)}.${part(claims)}`
    return `Bearer ${text}.${signature(text).toString('base64url')}`
  }
  const hmac = (secret: string | Buffer) => (text: string) =>
    createHmac('sha256', secret).update(text).digest()

  test('the forgery itself is sound: with the right claims it is taken', async () => {
    expect(await shown(forge(CLAIMS))).toBe('ci')
  })

  test.each<[name: string, claims: Record<string, unknown>]>([
    ['another audience', { aud: 'cordon' }],
    ['no audience', { aud: undefined }],
    ['another issuer', { iss: 'cordon-proxy' }],
    ['no issuer', { iss: undefined }],
    ['no subject', { sub: undefined }],
    ['the name of this proxy itself', { sub: 'cordon' }],
    ['the name of nobody', { sub: 'anonymous' }],
    ['an empty subject', { sub: '' }],
    ['a subject that is no name', { sub: 'a b' }],
    ['a subject of many letters', { sub: 'a'.repeat(65) }],
    ['a subject that is a number', { sub: 7 }],
    ['a subject that is a list', { sub: ['ci'] }],
    ['a subject from a URL', { sub: '../../etc' }],
    ['no groups', { groups: undefined }],
    ['groups that are text', { groups: 'admins' }],
    ['a group that is a number', { groups: [1] }],
    ['a group that is no name', { groups: ['a b'] }],
    ['a group with a line break', { groups: ['a\nb'] }],
    ['no time of issue', { iat: undefined }],
    ['a time of issue that is text', { iat: '2026' }],
    ['a time of issue that nothing can reach', { iat: NOW + 86_400 }],
    ['a time of issue without end', { iat: 1e300 }],
    ['no end', { exp: undefined }],
    ['an end that is text', { exp: 'never' }],
    ['a beginning in the future', { nbf: NOW + 600 }],
  ])('%s', async (_, claims) => {
    expect(await shown(forge({ ...CLAIMS, ...claims }))).toBe('agent-unknown')
  })

  test('a time of issue a little ahead, as clocks are', async () => {
    expect(await shown(forge({ ...CLAIMS, iat: NOW + 30 }))).toBe('ci')
  })

  test('another key', async () => {
    const other = generateKeyPairSync('ed25519').privateKey
    const wrong = forge(CLAIMS, { alg: 'EdDSA' }, (text) =>
      signBytes(null, Buffer.from(text), other),
    )
    expect(await shown(wrong)).toBe('agent-unknown')
    const theirs = await issueToken(other, { name: 'ci', groups: [], ttl: HOUR }, clock.now())
    expect(await shown(`Bearer ${theirs}`)).toBe('agent-unknown')
    // Not even to say that it has expired.
    clock.time += 2 * HOUR
    expect(await shown(`Bearer ${theirs}`)).toBe('agent-unknown')
  })

  test('no algorithm, or one that takes the public key for a secret', async () => {
    const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' })
    const raw = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32)
    const forgeries = [
      ...['none', 'None', 'NONE', ''].map((alg) => forge(CLAIMS, { alg }, () => Buffer.alloc(0))),
      forge(CLAIMS, { alg: 'none' }),
      forge(CLAIMS, { alg: 'HS256' }, hmac(pem)),
      forge(CLAIMS, { alg: 'HS256' }, hmac(raw)),
      forge(CLAIMS, { alg: 'HS256' }, hmac('')),
      forge(CLAIMS, { alg: 'ES256' }),
      forge(CLAIMS, {}),
      forge(CLAIMS, { alg: ['EdDSA'] }),
    ]
    for (const field of forgeries) expect(await shown(field)).toBe('agent-unknown')
  })

  test('headers that would change what is checked', async () => {
    const jwk = createPublicKey(generateKeyPairSync('ed25519').privateKey).export({ format: 'jwk' })
    for (const header of [
      { alg: 'EdDSA', crit: ['b64'], b64: false },
      { alg: 'EdDSA', crit: ['exp'] },
    ]) {
      expect(await shown(forge(CLAIMS, header))).toBe('agent-unknown')
    }
    const other = generateKeyPairSync('ed25519')
    const own = forge(CLAIMS, { alg: 'EdDSA', jwk, kid: 'x', jku: 'http://127.0.0.1/' }, (text) =>
      signBytes(null, Buffer.from(text), other.privateKey),
    )
    expect(await shown(own)).toBe('agent-unknown')
  })

  test('a token that was changed anywhere', async () => {
    const token = await issue()
    for (let i = 0; i < token.length; i++) {
      // The last characters of a part may have bits that mean nothing.
      if (token[i] === '.' || token[i + 1] === '.' || i === token.length - 1) continue
      const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
      expect(await shown(`Bearer ${changed}`)).toBe('agent-unknown')
    }
  })

  const NO_TOKENS = [
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'Bearer .',
    'Bearer ..',
    'Bearer a.b.c',
    'Bearer a.b.c.d.e',
    'Bearer {"alg":"none"}',
    'Digest username="ci"',
    'Negotiate abc=',
    'Basic',
    'Basic Og==',
    'Basic !!!!',
    'Basic YWdlbnQ=',
    `Basic ${'A'.repeat(8_000)}`,
    `Bearer ${'a.'.repeat(4_000)}`,
    `Bearer ${'.'.repeat(8_000)}`,
    `Bearer ${' '.repeat(8_000)}x`,
    `Bearer ${'x'.repeat(1_000_000)}`,
    'Bearer a b',
    'Bearer a,b',
    'Bearer é',
    'Bearer \u0000',
  ]
  test.each(NO_TOKENS.map((field) => [JSON.stringify(field.slice(0, 40)), field]))(
    '%s',
    async (_, field) => {
      expect(await shown(field)).toBe('agent-unknown')
    },
  )

  test('whatever is sent, verify does not reject', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        for (const field of [text, `Bearer ${text}`, basic('agent', text)]) {
          expect(await shown(field)).toBe('agent-unknown')
        }
      }),
    )
  })
})

describe('credentials', () => {
  const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  test.each<[field: string, token: string | null]>([
    ['Bearer abc', 'abc'],
    ['bEaReR abc', 'abc'],
    ['Bearer a.b-c_d~e+f/g=', 'a.b-c_d~e+f/g='],
    [encoded('agent:secret'), 'secret'],
    [encoded(':secret'), 'secret'],
    [encoded('agent:'), ''],
    [encoded(':'), ''],
    // Everything behind the first colon.
    [encoded('agent:a:b:c'), 'a:b:c'],
    [encoded('a:b'), 'b'],
    [encoded('agent'), null],
    [encoded(''), null],
    ['Basic', null],
    ['Bearer', null],
    ['abc', null],
    [' Bearer abc', null],
    ['Bearer abc ', null],
    ['Bearer abc\n', null],
    ['Bearer\tabc', null],
    [`Bearer ${'x'.repeat(8_185)}`, 'x'.repeat(8_185)],
    [`Bearer ${'x'.repeat(8_186)}`, null],
  ])('%.30s', (field, token) => {
    expect(readToken(field)).toBe(token)
  })
})

describe('the key', () => {
  const path = () => join(dir, 'agent-token.key')

  test('is made once, for its owner alone, and nothing else is left behind', () => {
    const pem = readFileSync(path(), 'utf8')
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(openTokenKey(dir).export({ type: 'pkcs8', format: 'pem' })).toBe(pem)
    expect(readFileSync(path(), 'utf8')).toBe(pem)
    expect(readdirSync(dir)).toEqual(['agent-token.key'])
  })

  const pem = (type: 'rsa' | 'ed448' | 'ec' | 'x25519') => {
    const { privateKey } =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
        : type === 'ec'
          ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
          : type === 'ed448'
            ? generateKeyPairSync('ed448')
            : generateKeyPairSync('x25519')
    return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  }
  const ed25519 = generateKeyPairSync('ed25519')

  test.each<[name: string, content: string, message: string]>([
    ['empty', '', 'is not a private key in PEM form'],
    ['cut off', readKeyHead(), 'is not a private key in PEM form'],
    ['something else', 'hello\n', 'is not a private key in PEM form'],
    ['an RSA key', pem('rsa'), 'is not an Ed25519 key'],
    ['a P-256 key', pem('ec'), 'is not an Ed25519 key'],
    ['an Ed448 key', pem('ed448'), 'is not an Ed25519 key'],
    ['an X25519 key', pem('x25519'), 'is not an Ed25519 key'],
    [
      'a public key',
      ed25519.publicKey.export({ type: 'spki', format: 'pem' }) as string,
      'is not a private key in PEM form',
    ],
    [
      'a key behind a passphrase',
      ed25519.privateKey.export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'x',
      }) as string,
      'is not a private key in PEM form',
    ],
  ])('%s: refused, and not written over', (_, content, message) => {
    writeFileSync(path(), content)
    expect(() => openTokenKey(dir)).toThrow(message)
    expect(() => openTokenKey(dir)).toThrow(KeyFileError)
    expect(readFileSync(path(), 'utf8')).toBe(content)
    expect(readdirSync(dir)).toEqual(['agent-token.key'])
  })

  test('a folder, a circle of links, a link to nowhere: refused, and not replaced', () => {
    for (const [name, make] of [
      ['folder', (at: string) => mkdirSync(at)],
      ['circle', (at: string) => symlinkSync('agent-token.key', at)],
      ['nowhere', (at: string) => symlinkSync('missing', at)],
    ] as const) {
      const data = join(dir, name)
      mkdirSync(data)
      make(join(data, 'agent-token.key'))
      expect(() => openTokenKey(data)).toThrow(KeyFileError)
      expect(readdirSync(data)).toEqual(['agent-token.key'])
    }
  })

  test('made by several at once is one key', async () => {
    const data = join(dir, 'several')
    mkdirSync(data)
    const module = fileURLToPath(new URL('../../src/identity/tokens.ts', import.meta.url))
    const script = `
      import { openTokenKey } from ${JSON.stringify(module)}
      process.stdout.write(openTokenKey(process.argv[1]).export({ type: 'pkcs8', format: 'pem' }))
    `
    const args = ['--input-type=module', '-e', script, data]
    const ran = await Promise.all([1, 2, 3, 4].map(() => runProgram(process.execPath, args)))
    const pem = readFileSync(join(data, 'agent-token.key'), 'utf8')
    expect(ran.map(({ out }) => out)).toEqual(Array(4).fill(pem))
    expect(readdirSync(data)).toEqual(['agent-token.key'])
  })

  test('a data directory that is not there: said, not made', () => {
    const data = join(dir, 'missing')
    expect(() => openTokenKey(data)).toThrow(KeyFileError)
    expect(existsSync(data)).toBe(false)
  })

  test('a token lasts at most 30 days by contract', () => {
    expect(MAX_TTL_MS).toBe(30 * 24 * HOUR)
  })

  function readKeyHead(): string {
    const { privateKey } = generateKeyPairSync('ed25519')
    return (privateKey.export({ type: 'pkcs8', format: 'pem' }) as string).slice(0, 60)
  }
})
