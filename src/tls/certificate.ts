/**
 * X.509 certificates (RFC 5280): writing and signing them, and reading of an issuer what its certificates have to
 * repeat byte for byte. Which names and dates go in is for authority.ts and leaf.ts; the signature is always
 * made by `node:crypto`.
 */

import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import {
  bitString,
  children,
  content,
  type Der,
  decode,
  type Element,
  encode,
  explicit,
  fromBytes,
  hasTag,
  integer,
  integerFromBytes,
  NULL,
  octetString,
  oid,
  sequence,
  setOf,
  TRUE,
  time,
  toBytes,
  utf8String,
} from './der.ts'

export interface CertificateFields {
  /** A Name: of the issuer, of the subject. */
  readonly issuer: Der
  readonly subject: Der
  /** Milliseconds since the epoch; both ends belong to the span. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Der
  readonly extensions: Der
}

/** A private key with what it signs with. */
export interface Signer {
  readonly key: KeyObject
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  /** AlgorithmIdentifier of the signatures (RFC 5758, RFC 4055). */
  readonly algorithm: Der
}

/** What a CA certificate says about itself that its leaves repeat. */
export interface Issuer {
  /** The subject, exactly as it is in the certificate. */
  readonly name: Der
  /** The key identifier of the subject key identifier extension; null without one. */
  readonly keyId: Der | null
}

/** Writes a version 3 certificate with a random serial number and signs it. Returns its DER. */
export function signCertificate(fields: CertificateFields, signer: Signer): Buffer {
  const tbs = sequence(
    explicit(0, integer(2)),
    integerFromBytes(randomSerial()),
    signer.algorithm,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKey,
    explicit(3, sequence(fields.extensions)),
  )
  const signature = sign(signer.hash, toBytes(tbs), signer.key)
  return toBytes(sequence(tbs, signer.algorithm, bitString(fromBytes(signature))))
}

/** Null when common clients would not accept the key: it is not RSA from 2048 bits, P-256, P-384 or P-521. */
export function toSigner(key: KeyObject): Signer | null {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (asymmetricKeyType === 'rsa') {
    if ((asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return null
    return { key, hash: 'sha256', algorithm: sequence(oid('1.2.840.113549.1.1.11'), NULL) }
  }
  switch (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return { key, hash: 'sha256', algorithm: sequence(oid('1.2.840.10045.4.3.2')) }
    case 'secp384r1':
      return { key, hash: 'sha384', algorithm: sequence(oid('1.2.840.10045.4.3.3')) }
    case 'secp521r1':
      return { key, hash: 'sha512', algorithm: sequence(oid('1.2.840.10045.4.3.4')) }
    default:
      return null
  }
}

/** Null when the certificate is not strict DER, or has no extensions. */
export function readIssuer(certificate: X509Certificate): Issuer | null {
  const decoded = decode(fromBytes(certificate.raw))
  const tbs = decoded && children(decoded)[0]
  // Version, serial number, algorithm, issuer, validity, subject, key; extensions come last (section 4.1).
  const subject = tbs && children(tbs)[5]
  const last = tbs && children(tbs).at(-1)
  const extensions = last && hasTag(last, 3) && children(last)[0]
  if (!subject || !extensions) return null
  const keyId = decode(findExtension(extensions, SUBJECT_KEY_ID) ?? '')
  return { name: encode(subject), keyId: (keyId && content(keyId)) || null }
}

/** A Name of single-valued parts, the most general first. */
export const distinguishedName = (...parts: (readonly [type: Der, value: string])[]): Der =>
  sequence(...parts.map(([type, value]) => setOf(sequence(type, utf8String(value)))))

export const ORGANIZATION = oid('2.5.4.10')
export const COMMON_NAME = oid('2.5.4.3')

/** One extension; `value` is the DER that goes into its octet string. */
export const extension = (id: Der, value: Der, { critical = false } = {}): Der =>
  sequence(id, critical ? TRUE : '', octetString(value))

export const SUBJECT_KEY_ID = oid('2.5.29.14')
export const KEY_USAGE = oid('2.5.29.15')
export const SUBJECT_ALT_NAME = oid('2.5.29.17')
export const BASIC_CONSTRAINTS = oid('2.5.29.19')
export const AUTHORITY_KEY_ID = oid('2.5.29.35')
export const EXTENDED_KEY_USAGE = oid('2.5.29.37')

/** SubjectPublicKeyInfo of a public key. */
export const toPublicKeyInfo = (key: KeyObject): Der =>
  fromBytes(key.export({ type: 'spki', format: 'der' }))

/** A name for a key of our own: 160 bits of a SHA-256, as RFC 7093 section 2 allows. */
export const toKeyId = (publicKeyInfo: Der): Der =>
  fromBytes(createHash('sha256').update(toBytes(publicKeyInfo)).digest().subarray(0, 20))

/** All certificates of a PEM text, in its order. Null when there is none, or one that cannot be read. */
export function parseCertificates(pem: string): X509Certificate[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const begun = pem.split('-----BEGIN ').length - 1
  if (blocks.length === 0 || blocks.length !== begun) return null
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return null
  }
}

/** Certificate DER as PEM (RFC 7468). */
export function toPem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

/** 16 bytes, positive and never shorter: 126 random bits (RFC 5280 section 4.1.2.2). */
function randomSerial(): Buffer {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

/** The DER inside the octet string of an extension. */
function findExtension(extensions: Element, id: Der): Der | null {
  for (const one of children(extensions)) {
    const [type, ...rest] = children(one)
    const value = rest.at(-1)
    if (type && value && encode(type) === id) return content(value)
  }
  return null
}
