/**
 * What an HTTPS or SVCB record tells a client (RFC 9460): another host, another port, addresses, a key that hides the name.
 * Cordon follows none of it; it asks for A and AAAA and dials those. The records are read only to show what a client that
 * asks by itself would be told. Strict: one fault makes the record void, as section 2.2 has it.
 */

import { type IpAddress, toIp } from '../model/address.ts'
import type { Parsed } from '../model/errors.ts'
import { toDnsName } from './dns-answer.ts'

export interface ServiceBinding {
  /** 0 is AliasMode: everything is elsewhere, and nothing but `target` is set. */
  readonly priority: number
  /** A host name, or `.`: the owner itself, or in AliasMode that there is no such service. */
  readonly target: string
  /** Protocol ids such as `h2` and `h3`; bytes that are not printable ASCII as `\xNN`. */
  readonly alpn: readonly string[]
  /** Whether the protocol of the scheme is offered in addition to those of `alpn`. */
  readonly defaultAlpn: boolean
  readonly port: number | null
  readonly ipv4hint: readonly IpAddress[]
  readonly ipv6hint: readonly IpAddress[]
  /** Whether there is a key for Encrypted Client Hello. */
  readonly ech: boolean
  /** Keys a client has to understand to use the record at all. */
  readonly mandatory: readonly number[]
  /** Keys that are not read here. */
  readonly otherKeys: readonly number[]
}

/** Section 14.3.2. */
const MANDATORY = 0
const ALPN = 1
const NO_DEFAULT_ALPN = 2
const PORT = 3
const IPV4HINT = 4
const ECH = 5
const IPV6HINT = 6
const KNOWN = [MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT]
/** Reserved as invalid. */
const INVALID_KEY = 65_535

/** Reads the RDATA of one record of type 64 or 65. */
export function parseSvcb(rdata: Uint8Array): Parsed<ServiceBinding> {
  const bytes = Buffer.from(rdata.buffer, rdata.byteOffset, rdata.length)
  if (bytes.length < 3) return { fault: 'the record is cut off' }
  const priority = bytes.readUInt16BE(0)
  const name = readName(bytes, 2)
  if ('fault' in name) return name
  const { target, end } = name.value
  const params = readParams(bytes.subarray(end))
  if ('fault' in params) return params
  // Section 2.4.2: in AliasMode parameters are ignored.
  return toBinding(priority, target, priority === 0 ? new Map() : params.value)
}

type Params = ReadonlyMap<number, Buffer>

function toBinding(priority: number, target: string, params: Params): Parsed<ServiceBinding> {
  const value = (key: number) => params.get(key) ?? null
  const alpn = readAlpn(value(ALPN))
  const port = value(PORT)
  const ipv4hint = readHints(value(IPV4HINT), 4)
  const ipv6hint = readHints(value(IPV6HINT), 16)
  const mandatory = readMandatory(value(MANDATORY), params)
  const noDefaultAlpn = value(NO_DEFAULT_ALPN)
  const ech = value(ECH)
  if (!alpn) return { fault: 'its protocols are malformed' }
  if (port && port.length !== 2) return { fault: 'its port is malformed' }
  if (!ipv4hint || !ipv6hint) return { fault: 'its address hints are malformed' }
  if (!mandatory) return { fault: 'its list of mandatory keys is malformed' }
  // Section 7.1.1: it says that only `alpn` counts, so there has to be one.
  if (noDefaultAlpn && (noDefaultAlpn.length > 0 || alpn.length === 0)) {
    return { fault: 'no-default-alpn is malformed' }
  }
  // A list of configurations behind its own length.
  if (ech && (ech.length < 4 || ech.readUInt16BE(0) !== ech.length - 2)) {
    return { fault: 'its ECH configuration is malformed' }
  }
  return {
    value: {
      priority,
      target,
      alpn,
      defaultAlpn: priority !== 0 && !noDefaultAlpn,
      port: port?.readUInt16BE(0) ?? null,
      ipv4hint,
      ipv6hint,
      ech: ech !== null,
      mandatory,
      otherKeys: [...params.keys()].filter((key) => !KNOWN.includes(key)),
    },
  }
}

/** A name without compression (section 2.2) that could be a host. */
function readName(bytes: Buffer, start: number): Parsed<{ target: string; end: number }> {
  const labels: string[] = []
  for (let at = start; ; ) {
    const length = bytes[at]
    if (length === undefined) return { fault: 'the record is cut off' }
    at++
    if (length === 0) {
      const target = labels.length === 0 ? '.' : toDnsName(labels.join('.'))
      return target === null || labels.some((label) => label.includes('.'))
        ? { fault: 'its target is no host name' }
        : { value: { target, end: at } }
    }
    if (length > 63) return { fault: 'its target is malformed' }
    labels.push(bytes.toString('latin1', at, at + length))
    at += length
  }
}

/** Keys in strictly increasing order, each with a length and a value. */
function readParams(bytes: Buffer): Parsed<Params> {
  const params = new Map<number, Buffer>()
  let last = -1
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) return { fault: 'the record is cut off' }
    const key = bytes.readUInt16BE(at)
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return { fault: 'the record is cut off' }
    if (key <= last) return { fault: 'its keys are not in order' }
    if (key === INVALID_KEY) return { fault: 'it has a key that is reserved' }
    params.set(key, bytes.subarray(at + 4, end))
    last = key
    at = end
  }
  return { value: params }
}

/** Ids behind their lengths, at least one, none empty; [] when there is no list, null when it is malformed. */
function readAlpn(list: Buffer | null): readonly string[] | null {
  if (!list) return []
  const ids: string[] = []
  for (let at = 0; at < list.length; ) {
    const length = list[at] ?? 0
    const end = at + 1 + length
    if (length === 0 || end > list.length) return null
    ids.push(toPrintable(list.subarray(at + 1, end)))
    at = end
  }
  return ids.length > 0 ? ids : null
}

function toPrintable(bytes: Buffer): string {
  return Array.from(bytes, (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('')
}

/** Addresses of `size` bytes, at least one; [] when there are no hints, null when they are malformed. */
function readHints(list: Buffer | null, size: 4 | 16): readonly IpAddress[] | null {
  if (!list) return []
  if (list.length === 0 || list.length % size !== 0) return null
  return Array.from({ length: list.length / size }, (_, i) =>
    toIp(Uint8Array.from(list.subarray(i * size, (i + 1) * size))),
  )
}

/** Section 8: keys in strictly increasing order, all of them there, not itself; [] when there is no list. */
function readMandatory(list: Buffer | null, params: Params): readonly number[] | null {
  if (!list) return []
  if (list.length === 0 || list.length % 2 !== 0) return null
  const keys = Array.from({ length: list.length / 2 }, (_, i) => list.readUInt16BE(i * 2))
  const isSound = keys.every(
    (key, i) => key !== MANDATORY && params.has(key) && (i === 0 || key > (keys[i - 1] ?? 0)),
  )
  return isSound ? keys : null
}
