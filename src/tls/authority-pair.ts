/**
 * Certificate and key of a CA as one value: made new, or read from text and checked for everything its leaves rely on
 * (RFC 5280 sections 4.2 and 6). Knows no folder but names the file at fault; never accepts a pair in doubt.
 */

import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  type X509Certificate,
} from 'node:crypto'
import {
  BASIC_CONSTRAINTS,
  COMMON_NAME,
  distinguishedName,
  extension,
  type Issuer,
  KEY_USAGE,
  ORGANIZATION,
  parseCertificates,
  readIssuer,
  type Signer,
  SUBJECT_KEY_ID,
  signCertificate,
  toKeyId,
  toPem,
  toPublicKeyInfo,
  toSigner,
} from './certificate.ts'
import { bitString, type Der, integer, octetString, sequence, TRUE, toBytes } from './der.ts'
import { TlsFileError } from './files.ts'

export interface CertificateAuthority {
  /** Where the certificate was read from. */
  readonly path: string
  /** What it was read from: for another process of the same proxy, never to be logged. */
  readonly pem: Pair
  /** Signs the leaves. */
  readonly certificate: X509Certificate
  /** Sent after each leaf: the signing certificate and its issuers, without the root. Empty when it is the root. */
  readonly chain: readonly X509Certificate[]
  /** What clients have to trust: the last certificate of the file. */
  readonly anchor: X509Certificate
  /** SHA-256 of the anchor as `AB:CD:…`, for comparing by eye. */
  readonly fingerprint: string
  /** When all certificates of the file are valid, in ms since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Subject and subject key identifier as they are in the signing certificate. */
  readonly name: Der
  readonly keyId: Der
  readonly signer: Signer
}

/** The two files, each as text (PEM) or as path. */
export interface Pair {
  readonly certificate: string
  readonly key: string
}

const DAY = 24 * 60 * 60 * 1000

/** Makes a new CA. `now` in ms since the epoch. */
export function createPair(now: number): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = toSigner(privateKey)
  if (!signer) throw new Error('P-256 keys are not supported')
  const publicKeyInfo = toPublicKeyInfo(publicKey)
  const keyId = toKeyId(publicKeyInfo)
  const commonName = `Cordon CA ${toBytes(keyId).toString('hex', 0, 4)}`
  const name = distinguishedName([ORGANIZATION, 'Cordon'], [COMMON_NAME, commonName])
  const fields = {
    issuer: name,
    subject: name,
    notBefore: now - DAY,
    // Long, because roots are carried to agent hosts by hand and an expired one stops them all at once.
    notAfter: addYears(now, 10),
    publicKey: publicKeyInfo,
    extensions: [
      // A CA with path length 0: it signs leaves, never another CA.
      extension(BASIC_CONSTRAINTS, sequence(TRUE, integer(0)), { critical: true }),
      // keyCertSign and cRLSign.
      extension(KEY_USAGE, bitString('\x06', 1), { critical: true }),
      extension(SUBJECT_KEY_ID, octetString(keyId)),
    ].join(''),
  }
  return {
    certificate: toPem(signCertificate(fields, signer)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/**
 * Reads and checks a pair.
 *
 * @param paths for messages
 * @param now milliseconds since the epoch
 * @throws TlsFileError
 */
export function parsePair(text: Pair, paths: Pair, now: number): CertificateAuthority {
  const path = paths.certificate
  const certificates = parseCertificates(text.certificate) ?? []
  const [certificate] = certificates
  const anchor = certificates.at(-1)
  if (!certificate || !anchor) {
    throw new TlsFileError(
      path,
      'it does not hold certificates in PEM form and nothing else',
      PUT_BACK,
    )
  }
  checkChain(certificates, path, now)
  const { name, keyId } = checkIssuer(certificate, path)
  const key = parseKey(text.key, paths.key)
  if (!certificate.checkPrivateKey(key)) {
    const problem = `it is not the key of the certificate in \`${path}\``
    const hint = `${PUT_BACK}; a rotation that broke off has kept the old pair as \`ca-….pem\` and \`.key\``
    throw new TlsFileError(paths.key, problem, hint)
  }
  const signer = toSigner(key)
  if (!signer) {
    const hint = 'use P-256, P-384, P-521, or RSA from 2048 bits'
    throw new TlsFileError(paths.key, 'clients do not accept this kind of key', hint)
  }
  return {
    path,
    pem: text,
    certificate,
    chain: certificates.filter((one) => !one.checkIssued(one)),
    anchor,
    fingerprint: anchor.fingerprint256,
    notBefore: Math.max(...certificates.map((one) => one.validFromDate.getTime())),
    notAfter: Math.min(...certificates.map((one) => one.validToDate.getTime())),
    name,
    keyId,
    signer,
  }
}

const PUT_BACK =
  'put the right pair back, or move both files away: the next start then makes a new CA, which clients have to trust'

/** The signing certificate comes first and each one is issued by the next; all are CAs and valid now. */
function checkChain(certificates: readonly X509Certificate[], path: string, now: number): void {
  for (const [i, one] of certificates.entries()) {
    const which = `certificate ${i + 1} in it`
    if (!one.ca) throw new TlsFileError(path, `${which} is not that of a CA`, PUT_BACK)
    if (now < one.validFromDate.getTime()) {
      const problem = `${which} is not valid before ${one.validFromDate.toISOString()}`
      throw new TlsFileError(path, problem, 'check the clock of this machine')
    }
    if (now >= one.validToDate.getTime()) {
      const problem = `${which} expired at ${one.validToDate.toISOString()}`
      throw new TlsFileError(
        path,
        problem,
        '`cordon ca rotate` makes a new CA, which clients have to trust',
      )
    }
    const issuer = certificates[i + 1]
    if (issuer && !isIssuedBy(one, issuer)) {
      const hint = 'order them: the signing certificate first, then its issuer, and so on'
      throw new TlsFileError(path, `${which} is not issued by the one after it`, hint)
    }
    if (one.checkIssued(one) && !one.verify(one.publicKey)) {
      throw new TlsFileError(path, `${which} has a wrong signature`, PUT_BACK)
    }
  }
}

function checkIssuer(certificate: X509Certificate, path: string): Issuer & { readonly keyId: Der } {
  const issuer = readIssuer(certificate)
  if (!issuer) throw new TlsFileError(path, 'it is not strict DER with extensions', PUT_BACK)
  const { name, keyId } = issuer
  // RFC 5280 section 4.2.1.2: every CA has one, and strict clients find the issuer by it.
  if (!keyId) throw new TlsFileError(path, 'it has no subject key identifier', PUT_BACK)
  return { name, keyId }
}

function parseKey(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (error) {
    const encrypted = text.includes('ENCRYPTED')
    const problem = encrypted ? 'it is encrypted' : 'it does not hold a private key in PEM form'
    const hint = encrypted
      ? 'store it without passphrase, readable only by the user running cordon'
      : PUT_BACK
    throw new TlsFileError(path, problem, hint, error)
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function addYears(ms: number, years: number): number {
  const date = new Date(ms)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}
