import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type CertificateAuthority, createPair, parsePair } from '../../src/tls/authority-pair.ts'
import { parseCertificates, toPem } from '../../src/tls/certificate.ts'
import { TlsFileError } from '../../src/tls/files.ts'
import { createLeafMinter } from '../../src/tls/leaf.ts'
import { openTrust, toTlsProblem, toVerifiedOptions, writeBundle } from '../../src/tls/trust.ts'
import {
  DAY,
  greet,
  host,
  type Issued,
  issue,
  listen,
  shakeHands,
  temporaryFolder,
} from './support.ts'

/** What a certificate could smuggle into a message. */
const MARK = 'smuggled'

let root: Issued
let trust: tls.SecureContext
beforeAll(async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'corp.pem')
  root = issue({ ca: true, name: `${MARK} root` })
  await writeFile(path, root.pem)
  trust = await openTrust({ extraRoots: [path] })
})

/** What the origin does, and what Cordon says when it calls it by this name. */
async function meet(name: string, accept: Parameters<typeof listen>[0]) {
  await using server = await listen(accept)
  try {
    const { protocol } = await shakeHands(server.port, toVerifiedOptions(trust, host(name)))
    return protocol
  } catch (error) {
    return toTlsProblem(error, name)
  }
}

const present =
  ({ pem, keyPem }: Issued, options: tls.SecureContextOptions = {}) =>
  (socket: Parameters<typeof greet>[0]) =>
    greet(socket, tls.createSecureContext({ cert: pem, key: keyPem, ...options }))

describe('an origin', () => {
  test.each([
    ['a.example', ['a.example']],
    ['a.example', ['other.example', 'a.example']],
    ['127.0.0.1', ['127.0.0.1']],
    ['[::1]', ['[::1]']],
    ['a_b.example', ['a_b.example']],
  ])('called %s with a certificate for %s is believed', async (name, hosts) => {
    expect(await meet(name, present(issue({ issuer: root, hosts })))).toBe('TLSv1.3')
  })

  test('is believed with an intermediate that it sends', async () => {
    const middle = issue({ ca: true, name: 'middle', issuer: root })
    const leaf = issue({ issuer: middle, hosts: ['a.example'] })
    const chain = { ...leaf, pem: leaf.pem + middle.pem }
    expect(await meet('a.example', present(chain))).toBe('TLSv1.3')
  })

  const soon = () => Date.now() + DAY
  const past = () => Date.now() - 2 * DAY

  test.each<[name: string, wanted: () => Issued, code: string, sentence: string]>([
    [
      'that expired',
      () =>
        issue({
          issuer: root,
          hosts: ['a.example'],
          notBefore: past(),
          notAfter: Date.now() - DAY,
        }),
      'tls-expired',
      'has a certificate that expired, or one in its chain',
    ],
    [
      'of tomorrow',
      () =>
        issue({ issuer: root, hosts: ['a.example'], notBefore: soon(), notAfter: soon() + DAY }),
      'tls-expired',
      'has a certificate that is not valid yet',
    ],
    [
      'that is self-signed',
      () => issue({ hosts: ['a.example'], name: MARK }),
      'tls-untrusted',
      'has a self-signed certificate',
    ],
    [
      'of an unknown root that comes with it',
      () => {
        const unknown = issue({ ca: true, name: MARK })
        const leaf = issue({ issuer: unknown, hosts: ['a.example'] })
        return { ...leaf, pem: leaf.pem + unknown.pem }
      },
      'tls-untrusted',
      'has a certificate from an unknown root',
    ],
    [
      'of an unknown issuer',
      () => issue({ issuer: issue({ ca: true, name: MARK }), hosts: ['a.example'] }),
      'tls-untrusted',
      'has a certificate from an unknown issuer, or does not send its chain',
    ],
    [
      'without the intermediate',
      () =>
        issue({ issuer: issue({ ca: true, name: 'middle', issuer: root }), hosts: ['a.example'] }),
      'tls-untrusted',
      'has a certificate from an unknown issuer, or does not send its chain',
    ],
    [
      'whose signature is not from the issuer it names',
      () =>
        issue({
          issuer: { ...issue({ ca: true }), subject: root.subject, keyId: root.keyId },
          hosts: ['a.example'],
        }),
      'tls-untrusted',
      'has a certificate with a wrong signature',
    ],
    [
      'whose issuer is no CA',
      () => {
        const leaf = issue({ issuer: root, name: 'leaf' })
        const below = issue({ issuer: leaf, hosts: ['a.example'] })
        return { ...below, pem: below.pem + leaf.pem }
      },
      'tls-untrusted',
      'has a certificate that is not for servers, or an issuer no CA',
    ],
    [
      'that is for clients',
      () => issue({ issuer: root, hosts: ['a.example'], usage: '1.3.6.1.5.5.7.3.2' }),
      'tls-untrusted',
      'has a certificate that is not for servers, or an issuer no CA',
    ],
    [
      'for another name',
      () => issue({ issuer: root, hosts: [`${MARK}.example`] }),
      'tls-name-mismatch',
      'has a certificate for another name',
    ],
    [
      'for a name above',
      () => issue({ issuer: root, hosts: ['example'] }),
      'tls-name-mismatch',
      'has a certificate for another name',
    ],
    [
      'for an address only',
      () => issue({ issuer: root, hosts: ['127.0.0.1'] }),
      'tls-name-mismatch',
      'has a certificate for another name',
    ],
  ])('with a certificate %s is not', async (_, wanted, code, sentence) => {
    const problem = await meet('a.example', present(wanted()))
    expect(problem).toEqual({ code, detail: `\`a.example\` ${sentence}` })
  })

  test.each(['127.0.0.2', '[::2]'])(
    'with a certificate for 127.0.0.1 and ::1 is not %s',
    async (name) => {
      const problem = await meet(
        name,
        present(issue({ issuer: root, hosts: ['127.0.0.1', '[::1]', MARK] })),
      )
      expect(problem).toEqual({
        code: 'tls-name-mismatch',
        detail: `\`${name}\` has a certificate for another name`,
      })
    },
  )

  test.each<[string, Parameters<typeof listen>[0], string]>([
    [
      'answers in plain text',
      (socket) => socket.end('HTTP/1.1 400 smuggled\r\n\r\n'),
      'does not answer with TLS on this port',
    ],
    [
      'hangs up at once',
      (socket) => socket.destroy(),
      'closed the connection within the TLS handshake',
    ],
    [
      'ends after the hello',
      (socket) => socket.once('data', () => socket.end()),
      'closed the connection within the TLS handshake',
    ],
    [
      'refuses the name',
      (socket) => socket.once('data', () => socket.end(alert(112))),
      'did not complete the TLS handshake: unrecognized name',
    ],
    [
      'refuses everything',
      (socket) => socket.once('data', () => socket.end(alert(40))),
      'ended the TLS handshake with an alert handshake failure',
    ],
    [
      'refuses the versions',
      (socket) => socket.once('data', () => socket.end(alert(70))),
      'refuses the TLS versions offered',
    ],
  ])('that %s fails', async (_, accept, sentence) => {
    expect(await meet('a.example', accept)).toEqual({
      code: 'tls-failed',
      detail: `\`a.example\` ${sentence}`,
    })
  })

  test('that speaks TLS 1.1 only fails', async () => {
    const leaf = issue({ issuer: root, hosts: ['a.example'] })
    const old = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const
    expect(await meet('a.example', present(leaf, old))).toMatchObject({ code: 'tls-failed' })
  })

  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('is verified also when the environment asks not to', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await using server = await listen(present(issue({ hosts: ['a.example'] })))
    const options = toVerifiedOptions(trust, host('a.example'))
    expect(options.rejectUnauthorized).toBe(true)
    await expect(shakeHands(server.port, options)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
  })
})

describe('any error', () => {
  test.each<[string, unknown, string, string]>([
    [
      'of verification without a name',
      coded('UNSPECIFIED'),
      'tls-untrusted',
      'has a certificate that does not verify',
    ],
    ['about revocation', coded('CERT_REVOKED'), 'tls-untrusted', 'has a revoked certificate'],
    [
      'of names that cannot be read',
      coded('ERR_TLS_CERT_ALTNAME_FORMAT'),
      'tls-name-mismatch',
      'has a certificate with unreadable names',
    ],
    [
      'of OpenSSL',
      coded('ERR_SSL_DH_KEY_TOO_SMALL'),
      'tls-failed',
      'did not complete the TLS handshake: dh key too small',
    ],
    ['without code', new Error(MARK), 'tls-failed', 'did not complete the TLS handshake'],
    [
      'with a code that could be anything',
      coded(`ERR_SSL_${MARK} <b>`),
      'tls-failed',
      'did not complete the TLS handshake',
    ],
    [
      'with a code every object has',
      coded('constructor'),
      'tls-failed',
      'did not complete the TLS handshake',
    ],
    ['that is none', MARK, 'tls-failed', 'did not complete the TLS handshake'],
    ['that is nothing', undefined, 'tls-failed', 'did not complete the TLS handshake'],
  ])('%s becomes a problem without a word of it', (_, error, code, sentence) => {
    expect(toTlsProblem(error, 'a.example')).toEqual({ code, detail: `\`a.example\` ${sentence}` })
  })

  test('of a certificate whose names break Node’s check is an error, not an exception', () => {
    const check = toVerifiedOptions(trust, host('a.example')).checkServerIdentity
    const broken = { subject: {}, subjectaltname: 'DNS:"unended' } as unknown as tls.PeerCertificate
    expect(check?.('a.example', broken)).toBeInstanceOf(Error)
    const absent = undefined as unknown as tls.PeerCertificate
    expect(check?.('a.example', absent)).toBeInstanceOf(Error)
  })
})

describe('roots', () => {
  test.each<[string, string | null, string]>([
    ['is not there', null, 'there is no such file'],
    ['is empty', '', 'it does not hold certificates'],
    ['is text', 'hello', 'it does not hold certificates'],
    ['has a private key in it', issue({ ca: true }).keyPem, 'it does not hold certificates'],
    ['is cut', issue({ ca: true }).pem.slice(0, 100), 'it does not hold certificates'],
    [
      'holds nonsense between the lines',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'it does not hold certificates',
    ],
  ])('are not opened when a file %s', async (_, text, problem) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'extra.pem')
    if (text !== null) await writeFile(path, text)
    const error = await openTrust({ extraRoots: [path] }).catch((reason: unknown) => reason)
    if (!(error instanceof TlsFileError)) throw new Error('not refused')
    expect(error.path).toBe(path)
    expect(error.message).toContain(problem)
  })

  test('may be many in one file, and the same twice', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'extra.pem')
    const other = issue({ ca: true, name: 'other' })
    await writeFile(path, `# ours\n${root.pem}\n# theirs\n${other.pem}${root.pem}`)
    const both = await openTrust({ extraRoots: [path, path] })
    for (const issuer of [root, other]) {
      await using server = await listen(present(issue({ issuer, hosts: ['a.example'] })))
      const options = toVerifiedOptions(both, host('a.example'))
      expect((await shakeHands(server.port, options)).protocol).toBe('TLSv1.3')
    }
  })

  test('of the operator are not trusted unless configured', async () => {
    const bare = await openTrust({ extraRoots: [] })
    await using server = await listen(present(issue({ issuer: root, hosts: ['a.example'] })))
    const options = toVerifiedOptions(bare, host('a.example'))
    await expect(shakeHands(server.port, options)).rejects.toThrow()
  })
})

describe('the bundle', () => {
  let authority: CertificateAuthority
  beforeAll(() => {
    const paths = { certificate: 'ca.pem', key: 'ca.key' }
    authority = parsePair(createPair(Date.now()), paths, Date.now())
  })

  test('holds our CA and the system’s roots, each once', async () => {
    await using folder = await temporaryFolder()
    const path = await writeBundle(authority, folder.path)
    expect(path).toBe(join(folder.path, 'bundle.pem'))
    const certificates = parseCertificates(await readFile(path, 'latin1')) ?? []
    const prints = certificates.map(({ fingerprint256 }) => fingerprint256)
    expect(new Set(prints).size).toBe(prints.length)
    expect(prints).toContain(authority.fingerprint)
    const system = tls.getCACertificates('system')
    const others = system.length > 0 ? system : tls.getCACertificates('bundled')
    expect(prints).toHaveLength(new Set(others).size + 1)
    expect((await stat(path)).mode & 0o777).toBe(0o644)
  })

  test('is what a client needs that knows no other roots', async () => {
    await using folder = await temporaryFolder()
    const bundle = await readFile(await writeBundle(authority, folder.path), 'latin1')
    const minter = createLeafMinter(authority)
    const pem = toPem(minter.mint(host('a.example'), Date.now()).der)
    const key = minter.key.export({ type: 'pkcs8', format: 'pem' })
    const context = tls.createSecureContext({ cert: pem, key })
    await using server = await listen((socket) => greet(socket, context))
    const { protocol } = await shakeHands(server.port, { ca: bundle, servername: 'a.example' })
    expect(protocol).toBe('TLSv1.3')
  })

  test('is written only when it says something else, and leaves nothing behind', async () => {
    await using folder = await temporaryFolder()
    const path = await writeBundle(authority, folder.path)
    const first = await stat(path)
    await writeBundle(authority, folder.path)
    expect((await stat(path)).ino).toBe(first.ino)
    await writeFile(path, 'old')
    await writeBundle(authority, folder.path)
    expect(parseCertificates(await readFile(path, 'latin1'))?.length).toBeGreaterThan(1)
    expect(await readdir(folder.path)).toEqual(['bundle.pem'])
  })

  test('cannot be written where there is no folder', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'none')
    await expect(writeBundle(authority, dir)).rejects.toThrow('writing failed: ENOENT')
  })
})

function coded(code: string): Error {
  return Object.assign(new Error(MARK), { code })
}

/** A fatal alert in a record of TLS 1.2. */
function alert(number: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, number])
}
