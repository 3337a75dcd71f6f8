/**
 * Whom Cordon believes upstream, and what it says when it does not. Origins are verified against the system's roots and
 * the operator's extras, always: nothing here can turn verification off, and no text of a certificate or a peer
 * ends up in a message. Also the bundle for clients whose variable (SSL_CERT_FILE …) replaces the system's roots.
 */

import { join } from 'node:path'
import tls from 'node:tls'
import type { Host } from '../model/authority.ts'
import type { Code, Problem } from '../model/errors.ts'
import type { CertificateAuthority } from './authority-pair.ts'
import { parseCertificates } from './certificate.ts'
import { readTextFile, replaceFile, TlsFileError } from './files.ts'

/**
 * Makes the one context all upstream connections share; it takes tens of milliseconds.
 *
 * @param extraRoots paths of PEM files, each with one or more certificates
 * @throws TlsFileError
 */
export async function openTrust(extras: ExtraRoots): Promise<tls.SecureContext> {
  return toTrust(await readAllRoots(extras))
}

export interface ExtraRoots {
  readonly extraRoots: readonly string[]
}

/** Whom to believe everywhere, as PEM. @throws TlsFileError */
export async function readAllRoots({ extraRoots }: ExtraRoots): Promise<readonly string[]> {
  const extras = await Promise.all(extraRoots.map((path) => readRoots(path, 'tls: extra_roots')))
  const roots = [...systemRoots(), ...tls.getCACertificates('extra'), ...extras.flat()]
  return [...new Set(roots)]
}

export function toTrust(roots: readonly string[]): tls.SecureContext {
  return tls.createSecureContext({ ca: [...roots], minVersion: 'TLSv1.2' })
}

/**
 * Writes `bundle.pem`: the system's roots and our CA. A file that says the same already is left alone.
 *
 * @returns its path
 * @throws TlsFileError
 */
export async function writeBundle({ anchor }: CertificateAuthority, dir: string): Promise<string> {
  const path = join(dir, 'bundle.pem')
  const text = [...new Set([...systemRoots(), anchor.toString()].map(toLines))].join('')
  if ((await readTextFile(path)) !== text) await replaceFile(path, text, 0o644)
  return path
}

/** A slim container has no roots; those that come with Node are better than none. */
function systemRoots(): string[] {
  const system = tls.getCACertificates('system')
  return system.length > 0 ? system : tls.getCACertificates('bundled')
}

function toLines(pem: string): string {
  return `${pem.trim()}\n`
}

/** Authorities of clients' certificates, as PEM. @throws TlsFileError */
export async function readClientRoots(paths: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(paths.map((path) => readRoots(path, 'identity: client_ca')))).flat()
}

async function readRoots(path: string, key: string): Promise<string[]> {
  const hint = `list PEM files with \`-----BEGIN CERTIFICATE-----\` under \`${key}\``
  const text = await readTextFile(path)
  if (text === null) throw new TlsFileError(path, 'there is no such file', hint)
  const certificates = parseCertificates(text)
  if (!certificates)
    throw new TlsFileError(path, 'it does not hold certificates in PEM form and nothing else', hint)
  return certificates.map((certificate) => certificate.toString())
}

/** What makes an upstream connection a verified one, for `tls.connect`. */
export function toVerifiedOptions(trust: tls.SecureContext, host: Host): tls.ConnectionOptions {
  return {
    secureContext: trust,
    // INVARIANT: always. Left out, NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would decide.
    rejectUnauthorized: true,
    // RFC 6066 section 3: an address is no server name, and Node throws. It is checked all the same.
    ...(host.ip ? {} : { servername: host.text }),
    checkServerIdentity: (_, certificate) => checkIdentity(host, certificate),
  }
}

/** Says what went wrong in a handshake with an origin, from whatever its socket emitted. Never throws. */
export function toTlsProblem(error: unknown, host = 'the destination'): Problem {
  const errorCode = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known = Object.hasOwn(PROBLEMS, errorCode) ? PROBLEMS[errorCode] : undefined
  const [code, sentence] = known ?? ['tls-failed', sayFailure(errorCode)]
  return { code, detail: `\`${host}\` ${sentence}` }
}

/** An alert after the handshake (TLS 1.3 judges our certificate that late); null when the error is something else. Never throws. */
export function toAlertProblem(error: unknown, host: string): Problem | null {
  const problem = toTlsProblem(error, host)
  return problem.code === 'tls-client-certificate' ? problem : null
}

/** Never throws: Node calls it where nobody would catch that. */
function checkIdentity(host: Host, certificate: tls.PeerCertificate): Error | undefined {
  try {
    return tls.checkServerIdentity(host.text, certificate)
  } catch (error) {
    return error instanceof Error ? error : new Error('the certificate cannot be read')
  }
}

const ASKS = 'asks for a client certificate'
const NO_PROTOCOL = 'does not speak the protocol that the call needs'
const REFUSES = 'does not accept the client certificate of this proxy'

/** Node's names for OpenSSL's verification errors (X509_V_ERR_…), and the failures worth a sentence of their own. */
const PROBLEMS: Readonly<Record<string, readonly [Code, string]>> = {
  CERT_HAS_EXPIRED: ['tls-expired', 'has a certificate that expired, or one in its chain'],
  CERT_NOT_YET_VALID: ['tls-expired', 'has a certificate that is not valid yet'],

  ERR_TLS_CERT_ALTNAME_INVALID: ['tls-name-mismatch', 'has a certificate for another name'],
  ERR_TLS_CERT_ALTNAME_FORMAT: ['tls-name-mismatch', 'has a certificate with unreadable names'],
  HOSTNAME_MISMATCH: ['tls-name-mismatch', 'has a certificate for another name'],

  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls-untrusted', 'has a self-signed certificate'],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls-untrusted', 'has a certificate from an unknown root'],
  UNABLE_TO_GET_ISSUER_CERT: ['tls-untrusted', 'has a certificate from an unknown issuer'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls-untrusted', 'has a certificate from an unknown issuer'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'tls-untrusted',
    'has a certificate from an unknown issuer, or does not send its chain',
  ],
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: ['tls-untrusted', 'has an issuer with an unreadable key'],
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: ['tls-untrusted', 'has a certificate with a wrong signature'],
  CERT_SIGNATURE_FAILURE: ['tls-untrusted', 'has a certificate with a wrong signature'],
  CERT_CHAIN_TOO_LONG: ['tls-untrusted', 'has too long a certificate chain'],
  CERT_REVOKED: ['tls-untrusted', 'has a revoked certificate'],
  CERT_REJECTED: ['tls-untrusted', 'has a certificate whose root is not for servers'],
  CERT_UNTRUSTED: ['tls-untrusted', 'has a certificate whose root is not for servers'],
  ERROR_IN_CERT_NOT_BEFORE_FIELD: ['tls-untrusted', 'has a certificate with an unreadable date'],
  ERROR_IN_CERT_NOT_AFTER_FIELD: ['tls-untrusted', 'has a certificate with an unreadable date'],
  INVALID_CA: ['tls-untrusted', 'has a certificate from an issuer that is not a CA'],
  INVALID_PURPOSE: [
    'tls-untrusted',
    'has a certificate that is not for servers, or an issuer no CA',
  ],
  PATH_LENGTH_EXCEEDED: ['tls-untrusted', 'has a chain longer than a CA in it allows'],
  // Every other verification error, for example a key that is too small or a weak digest.
  UNSPECIFIED: ['tls-untrusted', 'has a certificate that does not verify'],

  // What a server says of a certificate is about ours (RFC 8446 section 6.2).
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: ['tls-client-certificate', ASKS],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: ['tls-client-certificate', REFUSES],
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': ['tls-client-certificate', REFUSES],
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: ['tls-client-certificate', REFUSES],
  'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE': ['tls-client-certificate', REFUSES],
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: ['tls-client-certificate', REFUSES],
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED': ['tls-client-certificate', REFUSES],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: ['tls-client-certificate', REFUSES],
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': ['tls-client-certificate', REFUSES],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: ['tls-client-certificate', REFUSES],
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': ['tls-client-certificate', REFUSES],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: ['tls-client-certificate', REFUSES],
  // RFC 7301 section 3.2.
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ['tls-no-protocol', NO_PROTOCOL],
  'ERR_SSL_SSL/TLS_ALERT_NO_APPLICATION_PROTOCOL': ['tls-no-protocol', NO_PROTOCOL],

  ECONNRESET: ['tls-failed', 'closed the connection within the TLS handshake'],
  EPIPE: ['tls-failed', 'closed the connection within the TLS handshake'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['tls-failed', 'does not answer with TLS on this port'],
  ERR_SSL_UNSUPPORTED_PROTOCOL: ['tls-failed', 'does not speak TLS 1.2 or later'],
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: ['tls-failed', 'refuses the TLS versions offered'],
}

/** OpenSSL's reason codes are constants of the library: their words hold nothing the peer has written. */
function sayFailure(errorCode: string): string {
  const reason = /^ERR_SSL_(?:(?:SSL\/TLS|SSLV3|TLSV1|TLSV13)_)?([A-Z0-9_]{1,64})$/.exec(
    errorCode,
  )?.[1]
  if (!reason) return 'did not complete the TLS handshake'
  const words = reason.toLowerCase().replaceAll('_', ' ')
  return words.startsWith('alert ')
    ? `ended the TLS handshake with an ${words}`
    : `did not complete the TLS handshake: ${words}`
}
