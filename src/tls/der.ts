/**
 * The pieces certificates are made of, as DER (ITU-T X.690), and node-forge's door. A `Der` is a binary string, one
 * character a byte, as node-forge has it: pieces are joined with `+`, and a piece made once can be used again.
 * This file never decides what a certificate says; it only writes it down.
 */

import forge from 'node-forge'

const { asn1, pkcs12 } = forge
const { Class, Type } = asn1

/** One or more DER elements, one after the other. */
export type Der = string

/** A decoded element. Leaves have bytes as value, all others their children. */
export type Element = forge.asn1.Asn1

/** Bits of the tag byte: the element is made of elements; its number is not one of the universal types. */
const CONSTRUCTED = 0x20
const CONTEXT = 0x80

export const sequence = (...parts: Der[]): Der =>
  element(Type.SEQUENCE | CONSTRUCTED, parts.join(''))
/** SET OF, which DER sorts by the encoding of its parts. */
export const setOf = (...parts: Der[]): Der =>
  element(Type.SET | CONSTRUCTED, parts.sort().join(''))
export const octetString = (content: Der): Der => element(Type.OCTETSTRING, content)
export const utf8String = (text: string): Der => element(Type.UTF8, fromBytes(Buffer.from(text)))
export const NULL: Der = element(Type.NULL, '')
export const TRUE: Der = element(Type.BOOLEAN, '\xff')

export const oid = (dotted: string): Der => element(Type.OID, asn1.oidToDer(dotted).getBytes())

/** A positive number below 2^31. */
export const integer = (value: number): Der =>
  element(Type.INTEGER, asn1.integerToDer(value).getBytes())

/** A number given as its two's complement bytes. */
export const integerFromBytes = (bytes: Uint8Array): Der => element(Type.INTEGER, fromBytes(bytes))

/** Whole bytes unless the number of unused bits at the end is given. */
export const bitString = (content: Der, unused = 0): Der =>
  element(Type.BITSTRING, String.fromCharCode(unused) + content)

/** UCS-2 text, for PKCS#12. */
export const bmpString = (text: string): Der => element(Type.BMPSTRING, text)

/** `[number]` around whole elements. */
export const explicit = (number: number, content: Der): Der =>
  element(number | CONTEXT | CONSTRUCTED, content)

/** `[number]` in place of the tag of a primitive element. */
export const implicit = (number: number, content: Der): Der => element(number | CONTEXT, content)

/** UTCTime through 2049, GeneralizedTime from then on, in whole seconds (RFC 5280 section 4.1.2.5). */
export function time(ms: number): Der {
  const date = new Date(ms)
  return date.getUTCFullYear() < 2050
    ? element(Type.UTCTIME, asn1.dateToUtcTime(date))
    : element(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date))
}

export const fromBytes = (bytes: Uint8Array): Der => Buffer.from(bytes).toString('latin1')
export const toBytes = (der: Der): Buffer => Buffer.from(der, 'latin1')

/** Decodes one element. Null when it is not DER, or would not be the same bytes again when encoded. */
export function decode(der: Der): Element | null {
  try {
    const decoded = asn1.fromDer(der)
    return encode(decoded) === der ? decoded : null
  } catch {
    return null
  }
}

export const encode = (decoded: Element): Der => asn1.toDer(decoded).getBytes()

/** The elements inside; none when it is a leaf. */
export const children = ({ value }: Element): readonly Element[] =>
  typeof value === 'string' ? [] : value

/** The bytes of a leaf; empty when it has elements inside. */
export const content = ({ value }: Element): Der => (typeof value === 'string' ? value : '')

export const hasTag = ({ tagClass, type }: Element, number: number): boolean =>
  tagClass === Class.CONTEXT_SPECIFIC && type === number

/** The MAC key of a PKCS#12 file: RFC 7292 appendix B with SHA-256 and id 3. */
export function deriveMacKey(password: string, salt: Der, iterations: number): Buffer {
  const salted = forge.util.createBuffer(salt)
  const key = pkcs12.generateKey(password, salted, 3, iterations, 32, forge.md.sha256.create())
  return toBytes(key.getBytes())
}

/** With the whole tag byte as type and never a list of children, node-forge only adds tag and length. */
function element(tag: number, content: Der): Der {
  return asn1.toDer(asn1.create(Class.UNIVERSAL, tag, false, content)).getBytes()
}
