/**
 * The CA on disk: `ca.pem` and `ca.key` in one folder, made at the first start or put there by the operator (then
 * also RSA, also an intermediate with its chain).
 * INVARIANT: nothing that is there is ever overwritten or repaired. Whoever has the key can read all traffic of every
 * client that trusts the CA, so a pair that is not exactly right stops the start.
 */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type CertificateAuthority, createPair, type Pair, parsePair } from './authority-pair.ts'
import { parseCertificates } from './certificate.ts'
import { createFile, keepFileAs, readTextFile, replaceFile, TlsFileError } from './files.ts'
import { createTrustStore } from './trust-store.ts'

/**
 * Opens the CA of a folder, or makes a new one when neither file is there.
 *
 * @param now milliseconds since the epoch
 * @throws TlsFileError when one file is missing, cannot be read, or the two do not make a CA that is valid now
 */
export async function openAuthority(
  dir: string,
  { now }: { readonly now: number },
): Promise<CertificateAuthority> {
  const paths = toPaths(dir)
  const text = await readPair(paths)
  return text ? parsePair(text, paths, now) : create(dir, now)
}

/**
 * Keeps the pair as `ca-<start of the certificate's SHA-256>.pem` and `.key` and makes a new one. The old pair may be
 * expired or otherwise unfit. Proxies that run go on with what they opened.
 *
 * @param now milliseconds since the epoch
 * @throws TlsFileError
 */
export async function rotateAuthority(dir: string, now: number): Promise<CertificateAuthority> {
  const paths = toPaths(dir)
  const old = await readPair(paths)
  if (!old) return create(dir, now)
  const [certificate] = parseCertificates(old.certificate) ?? []
  if (!certificate) {
    const hint = 'move both files away by hand; the next start then makes a new CA'
    throw new TlsFileError(paths.certificate, 'it holds no certificate that can be read', hint)
  }
  const pair = createPair(now)
  const name = `ca-${certificate.fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`
  await keepFileAs(paths.key, join(dir, `${name}.key`))
  await keepFileAs(paths.certificate, join(dir, `${name}.pem`))
  await replaceFile(paths.key, pair.key, KEY_MODE)
  await replaceFile(paths.certificate, pair.certificate, CERTIFICATE_MODE)
  return parsePair(pair, paths, now)
}

/**
 * What clients have to trust, never the key: PEM text, DER, or a PKCS#12 trust store.
 *
 * @param password of the trust store; it protects the file against change only
 * @throws RangeError when a trust store is asked for without a password
 */
export function exportAuthority(
  { anchor }: CertificateAuthority,
  format: 'pem' | 'der' | 'p12',
  password = '',
): Buffer {
  switch (format) {
    case 'pem':
      return Buffer.from(anchor.toString())
    case 'der':
      return anchor.raw
    case 'p12':
      return createTrustStore(anchor, password)
    default:
      return format satisfies never
  }
}

const KEY_MODE = 0o600
const CERTIFICATE_MODE = 0o644

function toPaths(dir: string): Pair {
  return { certificate: join(dir, 'ca.pem'), key: join(dir, 'ca.key') }
}

/** Null when neither file is there. */
async function readPair(paths: Pair): Promise<Pair | null> {
  const certificate = await readTextFile(paths.certificate)
  const key = await readTextFile(paths.key)
  if (certificate !== null && key !== null) return { certificate, key }
  if (certificate === null && key === null) return null
  const [missing, other] =
    key === null ? [paths.key, paths.certificate] : [paths.certificate, paths.key]
  const hint = 'put it back, or move the other file away: the next start then makes a new CA'
  throw new TlsFileError(missing, `it is missing, but \`${other}\` is there`, hint)
}

async function create(dir: string, now: number): Promise<CertificateAuthority> {
  const paths = toPaths(dir)
  const pair = createPair(now)
  await makeFolder(dir)
  await createFile(paths.key, pair.key, KEY_MODE)
  try {
    await createFile(paths.certificate, pair.certificate, CERTIFICATE_MODE)
  } catch (error) {
    // The key just made has signed nothing that anybody has seen; half a pair would stop the next start.
    await rm(paths.key, { force: true })
    throw error
  }
  return parsePair(pair, paths, now)
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    const hint = 'check that the user running cordon may create the folder'
    throw new TlsFileError(dir, 'the folder cannot be made', hint, error)
  }
}
