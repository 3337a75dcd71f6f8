/**
 * A PKCS#12 file (RFC 7292) with one trusted certificate, for Java and other clients that want a key store. It never
 * holds a key, so nothing in it is secret and nothing is encrypted; the password only proves that it was not changed.
 * Put together here because node-forge's own writer takes RSA certificates only.
 */

import { createHmac, randomBytes, type X509Certificate } from 'node:crypto'
import {
  bmpString,
  type Der,
  deriveMacKey,
  explicit,
  fromBytes,
  integer,
  NULL,
  octetString,
  oid,
  sequence,
  setOf,
  toBytes,
} from './der.ts'

const DATA = oid('1.2.840.113549.1.7.1')
const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL)
const CERT_BAG = oid('1.2.840.113549.1.12.10.1.3')
const X509_CERTIFICATE = oid('1.2.840.113549.1.9.22.1')
const FRIENDLY_NAME = oid('1.2.840.113549.1.9.20')

/** Java takes a certificate as trusted only with this attribute: trustedKeyUsage, here for any extended key usage. */
const TRUSTED_KEY_USAGE = oid('2.16.840.1.113894.746875.1.1')
const ANY_USAGE = oid('2.5.29.37.0')

/** As `keytool` and `openssl` do by default or more. */
const ITERATIONS = 10_000

/** @throws RangeError without a password: many readers refuse such a file */
export function createTrustStore(certificate: X509Certificate, password: string): Buffer {
  if (password === '') throw new RangeError('a PKCS#12 trust store needs a password')
  const bag = sequence(
    CERT_BAG,
    explicit(0, sequence(X509_CERTIFICATE, explicit(0, octetString(fromBytes(certificate.raw))))),
    setOf(
      sequence(FRIENDLY_NAME, setOf(bmpString('cordon'))),
      sequence(TRUSTED_KEY_USAGE, setOf(ANY_USAGE)),
    ),
  )
  const safe = sequence(toContentInfo(sequence(bag)))
  return toBytes(sequence(integer(3), toContentInfo(safe), toMac(safe, password)))
}

function toContentInfo(content: Der): Der {
  return sequence(DATA, explicit(0, octetString(content)))
}

function toMac(content: Der, password: string): Der {
  const salt = fromBytes(randomBytes(16))
  const key = deriveMacKey(password, salt, ITERATIONS)
  const mac = createHmac('sha256', key).update(toBytes(content)).digest()
  return sequence(
    sequence(SHA256, octetString(fromBytes(mac))),
    octetString(salt),
    integer(ITERATIONS),
  )
}
