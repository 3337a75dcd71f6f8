/**
 * Leaf certificates for intercepted hosts: one name each, signed by the CA, made in memory and never written anywhere.
 * What they look like follows the strictest clients: short-lived (CA/Browser Forum ballot SC-081), the host as
 * subject alternative name and nothing wider, issuer and key identifier copied from the CA byte for byte (RFC 5280
 * sections 4.1.2.4 and 4.2.1.1). Mint only for a host the policy lets through.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Host } from '../model/authority.ts'
import type { CertificateAuthority } from './authority-pair.ts'
import {
  AUTHORITY_KEY_ID,
  BASIC_CONSTRAINTS,
  COMMON_NAME,
  distinguishedName,
  EXTENDED_KEY_USAGE,
  extension,
  KEY_USAGE,
  SUBJECT_ALT_NAME,
  SUBJECT_KEY_ID,
  signCertificate,
  toKeyId,
  toPublicKeyInfo,
} from './certificate.ts'
import { bitString, type Der, fromBytes, implicit, octetString, oid, sequence } from './der.ts'
import { TlsFileError } from './files.ts'

export interface Leaf {
  readonly der: Buffer
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

/** Makes leaves of one CA, all for the same key. */
export interface LeafMinter {
  /** The private key of every leaf: P-256. */
  readonly key: KeyObject
  /** Takes well under a millisecond. `now` in ms since the epoch. @throws TlsFileError when the CA is not valid now */
  mint(host: Host, now: number): Leaf
}

const DAY = 24 * 60 * 60 * 1000

/** How far a leaf reaches back, for agents whose clock is behind, and how far ahead: 60 days together. */
export const BACK_DATED = DAY
const AHEAD = 59 * DAY

/** RFC 5280 appendix A: ub-common-name. Longer hosts are in the subject alternative name only. */
const MAX_COMMON_NAME = 64

/** Prepares everything that is the same in all leaves. */
export function createLeafMinter(authority: CertificateAuthority): LeafMinter {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKeyInfo = toPublicKeyInfo(publicKey)
  const constant = [
    extension(BASIC_CONSTRAINTS, sequence(), { critical: true }),
    // digitalSignature: all that TLS 1.2 with ECDHE and TLS 1.3 need.
    extension(KEY_USAGE, bitString('\x80', 7), { critical: true }),
    extension(EXTENDED_KEY_USAGE, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension(AUTHORITY_KEY_ID, sequence(implicit(0, authority.keyId))),
    extension(SUBJECT_KEY_ID, octetString(toKeyId(publicKeyInfo))),
  ].join('')

  return {
    key: privateKey,
    mint(host, now) {
      checkValid(authority, now)
      const notAfter = Math.min(now + AHEAD, authority.notAfter)
      const named = host.text.length <= MAX_COMMON_NAME
      const fields = {
        issuer: authority.name,
        subject: named ? distinguishedName([COMMON_NAME, host.text]) : distinguishedName(),
        notBefore: Math.max(now - BACK_DATED, authority.notBefore),
        notAfter,
        publicKey: publicKeyInfo,
        // RFC 5280 section 4.2.1.6: critical where there is no subject.
        extensions:
          constant + extension(SUBJECT_ALT_NAME, sequence(toName(host)), { critical: !named }),
      }
      return { der: signCertificate(fields, authority.signer), notAfter }
    },
  }
}

/** GeneralName: iPAddress or dNSName, the very host and never a wildcard. */
function toName({ text, ip }: Host): Der {
  return ip ? implicit(7, fromBytes(ip.bytes)) : implicit(2, text)
}

function checkValid({ path, notBefore, notAfter }: CertificateAuthority, now: number): void {
  if (now >= notBefore && now < notAfter) return
  throw new TlsFileError(
    path,
    'the certificate is not valid at this time',
    'check the clock; `cordon ca rotate` makes a new CA',
  )
}
