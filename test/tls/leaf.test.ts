import { createHash, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { type CertificateAuthority, createPair, parsePair } from '../../src/tls/authority-pair.ts'
import { toPem } from '../../src/tls/certificate.ts'
import { createLeafMinter, type LeafMinter } from '../../src/tls/leaf.ts'
import { missing, program } from '../support/needs.ts'
import {
  DAY,
  greet,
  host,
  issue,
  listen,
  NOON,
  run,
  shakeHands,
  temporaryFolder,
} from './support.ts'

const paths = { certificate: 'ca.pem', key: 'ca.key' }
const LONG = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`
const LONGEST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`

/** Everything a host may be. */
const HOSTS = [
  'example.com',
  'deep.sub.domain.example.com',
  'localhost',
  'xn--mnchen-3ya.example',
  'with_underscore.example.com',
  '_dmarc._tcp.example.com',
  `${'n'.repeat(60)}.com`,
  `${'n'.repeat(61)}.com`,
  LONG,
  LONGEST,
  '127.0.0.1',
  '203.0.113.255',
  '[::1]',
  '[2001:db8::ff00:42:8329]',
]

let authority: CertificateAuthority
let minter: LeafMinter
beforeAll(() => {
  const now = Date.now()
  authority = parsePair(createPair(now), paths, now)
  minter = createLeafMinter(authority)
})

const parse = (der: Buffer) => new X509Certificate(der)

/** What follows `05 1d XX` … `04 LEN` in an extension: good enough for the short extensions looked at. */
function extensionValue(certificate: X509Certificate, lastByteOfOid: number): Buffer {
  const at = certificate.raw.indexOf(Buffer.from([0x06, 0x03, 0x55, 0x1d, lastByteOfOid]))
  const value = certificate.raw.subarray(at + 5)
  const start = value[0] === 0x01 ? 3 : 0
  return value.subarray(start + 2, start + 2 + (value[start + 1] ?? 0))
}

describe('a leaf', () => {
  test.each(HOSTS)('is accepted by a Node client for %s', async (name) => {
    const { text, ip } = host(name)
    const context = tls.createSecureContext({
      cert: toPem(minter.mint(host(name), Date.now()).der),
      key: minter.key.export({ type: 'pkcs8', format: 'pem' }),
    })
    await using server = await listen((socket) => greet(socket, context))
    const { certificate } = await shakeHands(server.port, {
      ca: authority.anchor.toString(),
      ...(ip ? {} : { servername: text }),
      checkServerIdentity: (_, peer) => tls.checkServerIdentity(text, peer),
    })
    expect(certificate.subjectaltname).toBe(
      ip ? `IP Address:${toOpenSslText(text)}` : `DNS:${text}`,
    )
  })

  test.each([
    ['example.com', 'www.example.com'],
    ['www.example.com', 'example.com'],
    ['127.0.0.1', '127.0.0.2'],
    ['[::1]', '::2'],
  ])('for %s is not one for %s', (name, other) => {
    const certificate = parse(minter.mint(host(name), Date.now()).der)
    const isOther = isIP(other) ? certificate.checkIP(other) : certificate.checkHost(other)
    expect(isOther).toBeUndefined()
  })

  test('names the CA byte for byte, and the CA signed it', () => {
    const leaf = parse(minter.mint(host('example.com'), Date.now()).der)
    expect(leaf.issuer).toBe(authority.certificate.subject)
    expect(leaf.checkIssued(authority.certificate)).toBe(true)
    expect(leaf.verify(authority.certificate.publicKey)).toBe(true)
    const keyId = extensionValue(authority.certificate, 14).subarray(2)
    expect(keyId).toHaveLength(20)
    // SEQUENCE { [0] keyIdentifier }
    expect(extensionValue(leaf, 35)).toEqual(Buffer.from([0x30, 22, 0x80, 20, ...keyId]))
  })

  test('has a random positive serial number of 16 bytes', () => {
    const serials = Array.from(
      { length: 200 },
      () => parse(minter.mint(host('example.com'), Date.now()).der).serialNumber,
    )
    expect(new Set(serials).size).toBe(200)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  test('is no CA, signs only, and serves only', () => {
    const leaf = parse(minter.mint(host('example.com'), Date.now()).der)
    expect(leaf.ca).toBe(false)
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(extensionValue(leaf, 15)).toEqual(Buffer.from([0x03, 2, 7, 0x80]))
  })

  test('is for the one key, whose identifier it carries', () => {
    const [one, two] = ['a.example', 'b.example'].map((name) =>
      parse(minter.mint(host(name), Date.now()).der),
    )
    const key = one?.publicKey.export({ type: 'spki', format: 'der' })
    expect(one?.checkPrivateKey(minter.key)).toBe(true)
    expect(two?.checkPrivateKey(minter.key)).toBe(true)
    expect(one && extensionValue(one, 14).subarray(2)).toEqual(
      createHash('sha256')
        .update(key ?? '')
        .digest()
        .subarray(0, 20),
    )
  })

  test.each([
    [`${'n'.repeat(60)}.com`, `CN=${'n'.repeat(60)}.com`, false],
    [`${'n'.repeat(61)}.com`, undefined, true],
    ['[2001:db8::1]', 'CN=2001:db8::1', false],
  ])(
    'for %s has the subject %s and a SAN whose being critical is %s',
    (name, subject, critical) => {
      const leaf = parse(minter.mint(host(name), Date.now()).der)
      expect(leaf.subject).toBe(subject)
      const at = leaf.raw.indexOf(Buffer.from([0x06, 0x03, 0x55, 0x1d, 17]))
      expect(leaf.raw[at + 5] === 0x01).toBe(critical)
    },
  )

  test.each([
    { name: 'within the life of the CA', from: -400, to: 400, want: [-1, 59] },
    { name: 'right after the CA was made', from: -0.5, to: 400, want: [-0.5, 59] },
    { name: 'shortly before the CA ends', from: -400, to: 3, want: [-1, 3] },
    {
      name: 'in a year written with four digits',
      from: -400,
      to: 400,
      want: [-1, 59],
      at: Date.UTC(2050, 1, 1),
    },
    {
      name: 'from one way of writing years to the other',
      from: -400,
      to: 400,
      want: [-1, 59],
      at: Date.UTC(2049, 11, 31),
    },
  ])('is valid $want days around now: $name', ({ from, to, want, at = NOON }) => {
    const ca = issue({ ca: true, notBefore: at + from * DAY, notAfter: at + to * DAY })
    const open = parsePair({ certificate: ca.pem, key: ca.keyPem }, paths, at)
    const { der, notAfter } = createLeafMinter(open).mint(host('example.com'), at)
    const { validFromDate, validToDate } = parse(der)
    expect([validFromDate, validToDate].map((date) => (date.getTime() - at) / DAY)).toEqual(want)
    expect(notAfter).toBe(validToDate.getTime())
    expect((validToDate.getTime() - validFromDate.getTime()) / DAY).toBeLessThan(90)
  })

  test.each([-401, 401])('is refused %s days away, when the CA is not valid', (days) => {
    const ca = issue({ ca: true, notBefore: NOON - 400 * DAY, notAfter: NOON + 400 * DAY })
    const open = parsePair({ certificate: ca.pem, key: ca.keyPem }, paths, NOON)
    expect(() => createLeafMinter(open).mint(host('example.com'), NOON + days * DAY)).toThrow(
      'cannot use `ca.pem`: the certificate is not valid at this time',
    )
  })

  test.each(['P-256', 'P-384', 'P-521', 'rsa'] as const)(
    'can be signed by a CA with a key of kind %s',
    (key) => {
      const ca = issue({ ca: true, key })
      const open = parsePair({ certificate: ca.pem, key: ca.keyPem }, paths, Date.now())
      const leaf = parse(createLeafMinter(open).mint(host('example.com'), Date.now()).der)
      expect(leaf.verify(open.certificate.publicKey)).toBe(true)
      expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    },
  )
})

describe.skipIf(missing(program('openssl', 'version')))(
  'openssl (skipped where it is not installed)',
  () => {
    test.each(HOSTS)('verifies the chain and the name strictly: %s', async (name) => {
      await using folder = await temporaryFolder()
      const [ca, leaf] = [join(folder.path, 'ca.pem'), join(folder.path, 'leaf.pem')]
      const { text, ip } = host(name)
      await writeFile(ca, authority.anchor.toString())
      await writeFile(leaf, toPem(minter.mint(host(name), Date.now()).der))
      const identity = ip ? ['-verify_ip', text] : ['-verify_hostname', text]
      expect(
        await run(
          'openssl',
          'verify',
          '-x509_strict',
          '-purpose',
          'sslserver',
          ...identity,
          '-CAfile',
          ca,
          leaf,
        ),
      ).toEqual({ status: 0, output: `${leaf}: OK\n` })
    })

    test('writes the very same names of issuer and subject', async () => {
      await using folder = await temporaryFolder()
      const leaf = join(folder.path, 'leaf.pem')
      await writeFile(leaf, toPem(minter.mint(host('example.com'), Date.now()).der))
      const { output } = await run(
        'openssl',
        'x509',
        '-in',
        leaf,
        '-noout',
        '-issuer',
        '-subject',
        '-nameopt',
        'RFC2253',
      )
      expect(output).toMatch(
        /^issuer=CN=Cordon CA [0-9a-f]{8},O=Cordon\nsubject=CN=example\.com\n$/,
      )
    })
  },
)

/** OpenSSL prints IPv6 addresses in full. */
function toOpenSslText(text: string): string {
  if (!text.includes(':')) return text
  const [head = '', tail = ''] = text.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const zeros = 8 - groups(head).length - groups(tail).length
  return [...groups(head), ...Array(zeros).fill('0'), ...groups(tail)].join(':').toUpperCase()
}
