import { X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportAuthority, openAuthority, rotateAuthority } from '../../src/tls/authority.ts'
import { TlsFileError } from '../../src/tls/files.ts'
import { createLeafMinter } from '../../src/tls/leaf.ts'
import { missing, program } from '../support/needs.ts'
import { DAY, host, type Issued, issue, NOON, run, temporaryFolder } from './support.ts'

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

/** Every file of a folder with its content, for proving that nothing was touched. */
async function contents(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).sort()
  const pairs = names.map(
    async (name) => [name, await readFile(join(dir, name), 'latin1')] as const,
  )
  return Object.fromEntries(await Promise.all(pairs))
}

async function failure(promise: Promise<unknown>): Promise<TlsFileError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof TlsFileError)) throw new Error(`not a TlsFileError: ${error}`)
  return error
}

describe('at the first start', () => {
  test('a CA is made, its key only for its owner', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'new', 'certs')
    const { certificate, signer } = await openAuthority(dir, { now: NOON })
    expect(await modeOf(dir)).toBe('700')
    expect(await modeOf(join(dir, 'ca.key'))).toBe('600')
    expect(await modeOf(join(dir, 'ca.pem'))).toBe('644')
    expect(await readdir(dir)).toEqual(['ca.key', 'ca.pem'])
    expect(signer.key.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
    expect(certificate.checkPrivateKey(signer.key)).toBe(true)
  })

  test('the modes do not depend on the umask', async () => {
    await using folder = await temporaryFolder()
    const before = process.umask(0o077)
    try {
      await openAuthority(folder.path, { now: NOON })
    } finally {
      process.umask(before)
    }
    expect(await modeOf(join(folder.path, 'ca.pem'))).toBe('644')
  })

  test('it says who it is, for ten years', async () => {
    await using folder = await temporaryFolder()
    const authority = await openAuthority(folder.path, { now: NOON })
    const { certificate } = authority
    expect(certificate.subject).toMatch(/^O=Cordon\nCN=Cordon CA [0-9a-f]{8}$/)
    const keyId = Buffer.from(authority.keyId, 'latin1').toString('hex')
    expect(certificate.subject.slice(-8)).toBe(keyId.slice(0, 8))
    expect(certificate.ca).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
    expect(authority.fingerprint).toBe(certificate.fingerprint256)
    expect(new Date(authority.notBefore).toISOString()).toBe('2026-11-19T12:00:00.000Z')
    expect(new Date(authority.notAfter).toISOString()).toBe('2036-11-20T12:00:00.000Z')
    expect([authority.anchor, authority.chain]).toEqual([certificate, []])
    // pathlen 0, critical; keyCertSign and cRLSign, critical.
    const hex = certificate.raw.toString('hex')
    expect(hex).toContain('0603551d130101ff040830060101ff020100')
    expect(hex).toContain('0603551d0f0101ff040403020106')
  })

  test('no two are alike', async () => {
    await using one = await temporaryFolder()
    await using two = await temporaryFolder()
    const [a, b] = await Promise.all(
      [one, two].map(({ path }) => openAuthority(path, { now: NOON })),
    )
    expect(a?.fingerprint).not.toBe(b?.fingerprint)
    expect(a?.keyId).not.toBe(b?.keyId)
  })

  test('of many starts at once, one makes the CA and no other has another', async () => {
    await using folder = await temporaryFolder()
    const starts = Array.from({ length: 8 }, () => openAuthority(folder.path, { now: NOON }))
    const settled = await Promise.allSettled(starts)
    const opened = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const kept = await openAuthority(folder.path, { now: NOON })
    expect(opened.length).toBeGreaterThan(0)
    for (const { fingerprint } of opened) expect(fingerprint).toBe(kept.fingerprint)
    for (const one of settled) {
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(TlsFileError)
    }
    expect(await readdir(folder.path)).toEqual(['ca.key', 'ca.pem'])
  })

  test('a folder that cannot be made is an error with its path', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'file', 'certs')
    await writeFile(join(folder.path, 'file'), '')
    const { path, message, hint } = await failure(openAuthority(dir, { now: NOON }))
    expect(path.startsWith(dir)).toBe(true)
    expect(message).toContain('cannot use')
    expect(hint).not.toBe('')
  })
})

describe('at the next start', () => {
  test('the same CA is opened and nothing is written', async () => {
    await using folder = await temporaryFolder()
    const made = await openAuthority(folder.path, { now: NOON })
    const before = await contents(folder.path)
    const opened = await openAuthority(folder.path, { now: NOON + 3650 * DAY })
    expect(opened.fingerprint).toBe(made.fingerprint)
    expect(opened.name).toBe(made.name)
    expect(await contents(folder.path)).toEqual(before)
  })

  test('other files of the folder are nobody’s business', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'README.md'), 'read me')
    await openAuthority(folder.path, { now: NOON })
    expect(await readFile(join(folder.path, 'README.md'), 'utf8')).toBe('read me')
  })
})

describe('files of the operator', () => {
  const root = () =>
    issue({ ca: true, name: 'root', notBefore: NOON - DAY, notAfter: NOON + 9 * DAY })
  const under = (issuer: Issued, more = {}) =>
    issue({
      ca: true,
      name: 'sub',
      issuer,
      notBefore: NOON - DAY,
      notAfter: NOON + 9 * DAY,
      ...more,
    })

  async function put(dir: string, certificate: string, key: string) {
    await writeFile(join(dir, 'ca.pem'), certificate)
    await writeFile(join(dir, 'ca.key'), key)
  }

  test.each(['rsa', 'P-256', 'P-384', 'P-521'] as const)(
    'may have a key of kind %s',
    async (key) => {
      await using folder = await temporaryFolder()
      const ca = issue({ ca: true, key, notBefore: NOON - DAY, notAfter: NOON + DAY })
      await put(folder.path, ca.pem, ca.keyPem)
      const { chain, certificate } = await openAuthority(folder.path, { now: NOON })
      expect([chain, certificate.raw]).toEqual([[], new X509Certificate(ca.pem).raw])
    },
  )

  test('may have comments around the certificate and CRLF line ends', async () => {
    await using folder = await temporaryFolder()
    const ca = root()
    const text = `subject=CN = root\n\n${ca.pem}\nend\n`.replaceAll('\n', '\r\n')
    await put(folder.path, text, ca.keyPem)
    expect((await openAuthority(folder.path, { now: NOON })).certificate.subject).toBe('CN=root')
  })

  test('may be an intermediate with its chain; clients trust its last certificate', async () => {
    await using folder = await temporaryFolder()
    const top = root()
    const sub = under(top, { notAfter: NOON + 2 * DAY })
    await put(folder.path, sub.pem + top.pem, sub.keyPem)
    const authority = await openAuthority(folder.path, { now: NOON })
    expect(authority.chain.map(({ subject }) => subject)).toEqual(['CN=sub'])
    expect(authority.anchor.subject).toBe('CN=root')
    expect(authority.fingerprint).toBe(new X509Certificate(top.pem).fingerprint256)
    expect(authority.notAfter).toBe(NOON + 2 * DAY)
  })

  test('may be an intermediate alone, which is then sent', async () => {
    await using folder = await temporaryFolder()
    const sub = under(root())
    await put(folder.path, sub.pem, sub.keyPem)
    const { chain, anchor } = await openAuthority(folder.path, { now: NOON })
    expect([chain.length, anchor.subject]).toEqual([1, 'CN=sub'])
  })

  test('may be links into another folder, as secrets are mounted', async () => {
    await using folder = await temporaryFolder()
    const ca = root()
    const real = join(folder.path, 'real')
    await mkdir(real)
    await put(real, ca.pem, ca.keyPem)
    await symlink(join(real, 'ca.pem'), join(folder.path, 'ca.pem'))
    await symlink(join(real, 'ca.key'), join(folder.path, 'ca.key'))
    expect((await openAuthority(folder.path, { now: NOON })).certificate.subject).toBe('CN=root')
  })

  const other = issue({ ca: true, notBefore: NOON - DAY, notAfter: NOON + DAY })
  const sound = root()
  const leaf = issue({ name: 'leaf', issuer: sound, notBefore: NOON - DAY, notAfter: NOON + DAY })
  const expired = issue({ ca: true, notBefore: NOON - 9 * DAY, notAfter: NOON })
  const early = issue({ ca: true, notBefore: NOON + 1000, notAfter: NOON + DAY })
  const anonymous = issue({
    ca: true,
    notBefore: NOON - DAY,
    notAfter: NOON + DAY,
    withoutKeyId: true,
  })
  const mute = issue({
    ca: true,
    notBefore: NOON - DAY,
    notAfter: NOON + DAY,
    withoutKeyCertSign: true,
  })
  const sub = under(sound)
  // It names itself as issuer, but another key has signed it.
  const forged = issue({
    ca: true,
    name: 'test',
    issuer: other,
    notBefore: NOON - DAY,
    notAfter: NOON + DAY,
    withoutAuthorityKeyId: true,
  })

  test.each<[name: string, certificate: string, key: string, file: string, problem: string]>([
    [
      'the key of another',
      sound.pem,
      other.keyPem,
      'ca.key',
      'it is not the key of the certificate',
    ],
    ['an empty certificate', '', sound.keyPem, 'ca.pem', 'it does not hold certificates'],
    ['an empty key', sound.pem, '', 'ca.key', 'it does not hold a private key'],
    [
      'a cut certificate',
      sound.pem.slice(0, 200),
      sound.keyPem,
      'ca.pem',
      'it does not hold certificates',
    ],
    [
      'a cut second certificate',
      sub.pem + sound.pem.slice(0, 90),
      sub.keyPem,
      'ca.pem',
      'it does not hold certificates',
    ],
    [
      'no base64',
      sound.pem.replace('MII', '!!!'),
      sound.keyPem,
      'ca.pem',
      'it does not hold certificates',
    ],
    ['a cut key', sound.pem, sound.keyPem.slice(0, 80), 'ca.key', 'it does not hold a private key'],
    ['a certificate as key', sound.pem, sound.pem, 'ca.key', 'it does not hold a private key'],
    [
      'the key in with the certificate',
      sound.pem + sound.keyPem,
      sound.keyPem,
      'ca.pem',
      'and nothing else',
    ],
    ['a leaf', leaf.pem, leaf.keyPem, 'ca.pem', 'certificate 1 in it is not that of a CA'],
    [
      'an expired one',
      expired.pem,
      expired.keyPem,
      'ca.pem',
      'expired at 2026-11-20T12:00:00.000Z',
    ],
    [
      'one of tomorrow',
      early.pem,
      early.keyPem,
      'ca.pem',
      'is not valid before 2026-11-20T12:00:01.000Z',
    ],
    [
      'one without key identifier',
      anonymous.pem,
      anonymous.keyPem,
      'ca.pem',
      'no subject key identifier',
    ],
    [
      'one that may not sign',
      mute.pem,
      mute.keyPem,
      'ca.pem',
      'certificate 1 in it is not that of a CA',
    ],
    [
      'a chain in the wrong order',
      sound.pem + sub.pem,
      sound.keyPem,
      'ca.pem',
      'certificate 1 in it is not issued by the one after it',
    ],
    [
      'a chain of strangers',
      sub.pem + other.pem,
      sub.keyPem,
      'ca.pem',
      'is not issued by the one after it',
    ],
    ['one with a wrong signature', forged.pem, forged.keyPem, 'ca.pem', 'has a wrong signature'],
    [
      'an expired root',
      under(expired).pem + expired.pem,
      other.keyPem,
      'ca.pem',
      'certificate 2 in it expired',
    ],
  ])('are refused with %s, and left alone', async (_, certificate, key, file, problem) => {
    await using folder = await temporaryFolder()
    await put(folder.path, certificate, key)
    const before = await contents(folder.path)
    const error = await failure(openAuthority(folder.path, { now: NOON }))
    expect(error.path).toBe(join(folder.path, file))
    expect(error.message).toContain(`cannot use \`${error.path}\`: `)
    expect(error.message).toContain(problem)
    expect(error.hint).not.toBe('')
    expect(await contents(folder.path)).toEqual(before)
  })

  test.each(['ca.pem', 'ca.key'])('are refused when only %s is there', async (only) => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, only), only === 'ca.pem' ? sound.pem : sound.keyPem)
    const before = await contents(folder.path)
    const error = await failure(openAuthority(folder.path, { now: NOON }))
    expect(error.path).toBe(join(folder.path, only === 'ca.pem' ? 'ca.key' : 'ca.pem'))
    expect(error.message).toContain('it is missing')
    expect(await contents(folder.path)).toEqual(before)
  })

  test('are refused when they are no files, or far too large', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'ca.pem'))
    expect((await failure(openAuthority(folder.path, { now: NOON }))).message).toContain(
      'not a regular file',
    )
    await using large = await temporaryFolder()
    await put(large.path, 'x'.repeat(17 * 1024 * 1024), sound.keyPem)
    expect((await failure(openAuthority(large.path, { now: NOON }))).message).toContain(
      'over 16 MiB',
    )
  })

  test('are refused when they cannot be read', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'ca.pem')
    await symlink(path, path)
    const error = await failure(openAuthority(folder.path, { now: NOON }))
    expect([error.path, error.message]).toEqual([
      path,
      `cannot use \`${path}\`: reading failed: ELOOP`,
    ])
  })

  test.skipIf(missing(program('openssl', 'version')))(
    'may come from openssl, the key in its own format; an encrypted one is refused (skipped without openssl)',
    async () => {
      await using folder = await temporaryFolder()
      const [pem, key] = [join(folder.path, 'ca.pem'), join(folder.path, 'ca.key')]
      const made = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-keyout',
        key,
        '-out',
        pem,
        '-subj',
        '/O=Corp/CN=Own',
        '-days',
        '30',
      ]
      expect((await run('openssl', ...made, '-nodes')).status).toBe(0)
      const authority = await openAuthority(folder.path, { now: Date.now() })
      expect(
        createLeafMinter(authority).mint(host('a.example'), Date.now()).der.length,
      ).toBeGreaterThan(300)
      expect((await run('openssl', 'rsa', '-in', key, '-traditional', '-out', key)).status).toBe(0)
      await openAuthority(folder.path, { now: Date.now() })
      expect((await run('openssl', ...made, '-passout', 'pass:secret')).status).toBe(0)
      const error = await failure(openAuthority(folder.path, { now: Date.now() }))
      expect(error.message).toContain('it is encrypted')
    },
  )
})

describe('rotating', () => {
  test('keeps the old pair under its fingerprint and makes a new one', async () => {
    await using folder = await temporaryFolder()
    const old = await openAuthority(folder.path, { now: NOON })
    const before = await contents(folder.path)
    const fresh = await rotateAuthority(folder.path, NOON)
    const kept = `ca-${old.fingerprint.replaceAll(':', '').slice(0, 16).toLowerCase()}`
    const after = await contents(folder.path)
    expect(Object.keys(after)).toEqual([`${kept}.key`, `${kept}.pem`, 'ca.key', 'ca.pem'].sort())
    expect([after[`${kept}.pem`], after[`${kept}.key`]]).toEqual([
      before['ca.pem'],
      before['ca.key'],
    ])
    expect(fresh.fingerprint).not.toBe(old.fingerprint)
    expect((await openAuthority(folder.path, { now: NOON })).fingerprint).toBe(fresh.fingerprint)
    expect(await modeOf(join(folder.path, `${kept}.key`))).toBe('600')
    expect(await modeOf(join(folder.path, 'ca.key'))).toBe('600')
  })

  test('is how an expired CA is replaced', async () => {
    await using folder = await temporaryFolder()
    await openAuthority(folder.path, { now: NOON - 4000 * DAY })
    await failure(openAuthority(folder.path, { now: NOON }))
    const { fingerprint } = await rotateAuthority(folder.path, NOON)
    expect((await openAuthority(folder.path, { now: NOON })).fingerprint).toBe(fingerprint)
    expect(await readdir(folder.path)).toHaveLength(4)
  })

  test('without a CA makes the first one', async () => {
    await using folder = await temporaryFolder()
    await rotateAuthority(join(folder.path, 'certs'), NOON)
    expect(await readdir(join(folder.path, 'certs'))).toEqual(['ca.key', 'ca.pem'])
  })

  test('goes on where it once broke off after keeping the old pair', async () => {
    await using folder = await temporaryFolder()
    const old = await openAuthority(folder.path, { now: NOON })
    const kept = `ca-${old.fingerprint.replaceAll(':', '').slice(0, 16).toLowerCase()}`
    const before = await contents(folder.path)
    await writeFile(join(folder.path, `${kept}.key`), before['ca.key'] ?? '')
    const fresh = await rotateAuthority(folder.path, NOON)
    expect(fresh.fingerprint).not.toBe(old.fingerprint)
    expect((await contents(folder.path))[`${kept}.pem`]).toBe(before['ca.pem'])
  })

  test('never overwrites what is kept', async () => {
    await using folder = await temporaryFolder()
    const old = await openAuthority(folder.path, { now: NOON })
    const kept = `ca-${old.fingerprint.replaceAll(':', '').slice(0, 16).toLowerCase()}`
    await writeFile(join(folder.path, `${kept}.key`), 'something else')
    const before = await contents(folder.path)
    const error = await failure(rotateAuthority(folder.path, NOON))
    expect(error.path).toBe(join(folder.path, `${kept}.key`))
    expect(await contents(folder.path)).toEqual(before)
  })

  test.each([
    ['without its key', 'ca.key'],
    ['without its certificate', 'ca.pem'],
  ])('leaves half a pair alone: %s', async (_, missing) => {
    await using folder = await temporaryFolder()
    const ca = issue({ ca: true })
    const present = missing === 'ca.key' ? 'ca.pem' : 'ca.key'
    await writeFile(join(folder.path, present), missing === 'ca.key' ? ca.pem : ca.keyPem)
    const before = await contents(folder.path)
    await failure(rotateAuthority(folder.path, NOON))
    expect(await contents(folder.path)).toEqual(before)
  })
})

describe('what is exported', () => {
  test('is the certificate as PEM and as DER', async () => {
    await using folder = await temporaryFolder()
    const authority = await openAuthority(folder.path, { now: NOON })
    const pem = exportAuthority(authority, 'pem').toString()
    expect(pem).toBe(await readFile(join(folder.path, 'ca.pem'), 'utf8'))
    expect(exportAuthority(authority, 'der')).toEqual(new X509Certificate(pem).raw)
  })

  test('never has the key in it', async () => {
    await using folder = await temporaryFolder()
    const authority = await openAuthority(folder.path, { now: NOON })
    const jwk = authority.signer.key.export({ format: 'jwk' })
    const secret = Buffer.from(jwk.d ?? '', 'base64url')
    expect(secret).toHaveLength(32)
    for (const format of ['pem', 'der', 'p12'] as const) {
      const bytes = exportAuthority(authority, format, 'changeit')
      expect(bytes.includes(secret)).toBe(false)
      expect(bytes.toString('latin1')).not.toContain('PRIVATE')
    }
  })

  test('as trust store needs a password', async () => {
    await using folder = await temporaryFolder()
    const authority = await openAuthority(folder.path, { now: NOON })
    expect(() => exportAuthority(authority, 'p12')).toThrow('needs a password')
  })
})
