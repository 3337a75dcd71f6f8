/**
 * Writes MaxMind DB files (format 2.0) for tests and the demo, so that the real reader reads real files:
 * IPv4-only, IPv6-only or combined trees, flat or nested country records, any build date.
 * It is made for dozens of networks, not for publishing data: records are 24 bits wide and nothing is shared.
 * Format: https://maxmind.github.io/MaxMind-DB/
 */

import { type Cidr, parseCidr } from '../../src/model/address.ts'

/** What a record may hold. A number becomes uint32, a bigint uint64. */
export type MmdbValue = string | number | bigint | boolean | readonly MmdbValue[] | MmdbMap
export interface MmdbMap {
  readonly [key: string]: MmdbValue
}

export interface MmdbFile {
  /** 6 holds both families: IPv4 networks lie under `::/96`. */
  readonly ipVersion: 4 | 6
  /** Prefix to record; the longest prefix wins. A country code becomes a record of `shape`. */
  readonly networks: Readonly<Record<string, string | MmdbMap>>
  /** `flat` writes `{ country_code }`, `nested` writes MaxMind's `{ country: { iso_code } }`. */
  readonly shape?: 'flat' | 'nested'
  /** When the data was built. */
  readonly built?: Date
  readonly databaseType?: string
}

/** The bytes of the file. @throws when a prefix is malformed or does not fit the tree */
export function writeMmdb(file: MmdbFile): Buffer {
  const root: Node = [null, null]
  const data: Buffer[] = []
  let dataBytes = 0
  const shortestFirst = Object.entries(file.networks)
    .map(([prefix, value]) => ({ path: treePath(prefix, file.ipVersion), value }))
    .sort((a, b) => a.path.length - b.path.length)
  for (const { path, value } of shortestFirst) {
    const record = encode(typeof value === 'string' ? countryRecord(value, file.shape) : value)
    insert(root, path, { offset: dataBytes })
    data.push(record)
    dataBytes += record.length
  }
  const nodes = listNodes(root)
  return Buffer.concat([
    ...nodes.map((node) => encodeNode(node, nodes)),
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    encodeMetadata(file, nodes.length),
  ])
}

function countryRecord(code: string, shape: 'flat' | 'nested' = 'flat'): MmdbMap {
  return shape === 'flat' ? { country_code: code } : { country: { iso_code: code } }
}

/** The search tree: each node says where a 0 bit and a 1 bit lead. Null: nothing known. */
type Child = Node | Leaf | null
type Node = [Child, Child]
interface Leaf {
  readonly offset: number
}

/** The bits of the prefix as steps through the tree. */
function treePath(prefix: string, ipVersion: 4 | 6): (0 | 1)[] {
  const cidr = parseCidr(prefix)
  if (!cidr || cidr.bits === 0) throw new Error(`not a prefix with at least one bit: ${prefix}`)
  if (cidr.base.version > ipVersion) throw new Error(`IPv6 does not fit an IPv4 tree: ${prefix}`)
  const zeros = ipVersion === 6 && cidr.base.version === 4 ? 96 : 0
  return [...new Array<0>(zeros).fill(0), ...bitsOf(cidr)]
}

function bitsOf({ base, bits }: Cidr): (0 | 1)[] {
  return Array.from({ length: bits }, (_, i) =>
    (base.bytes[i >> 3] ?? 0) & (0x80 >> (i & 7)) ? 1 : 0,
  )
}

/** Puts a leaf at the end of the path; a leaf met on the way moves down to both sides of it. */
function insert(root: Node, path: readonly (0 | 1)[], leaf: Leaf): void {
  let node = root
  for (const bit of path.slice(0, -1)) {
    const child = node[bit]
    const next: Node = Array.isArray(child) ? child : [child, child]
    node[bit] = next
    node = next
  }
  node[path.at(-1) ?? 0] = leaf
}

/** All nodes, root first; a node's number is its place in this list. */
function listNodes(root: Node): Node[] {
  const nodes = [root]
  for (const node of nodes) for (const child of node) if (Array.isArray(child)) nodes.push(child)
  return nodes
}

/** A value below the node count is a node, the count itself is nothing, above it is data after 16 zero bytes. */
function encodeNode(node: Node, nodes: readonly Node[]): Buffer {
  const bytes = Buffer.alloc(6)
  for (const [side, child] of node.entries()) {
    let value = nodes.length
    if (Array.isArray(child)) value = nodes.indexOf(child)
    else if (child) value = nodes.length + 16 + child.offset
    bytes.writeUIntBE(value, side * 3, 3)
  }
  return bytes
}

function encodeMetadata(file: MmdbFile, nodeCount: number): Buffer {
  const built = file.built ?? new Date('2026-01-01T00:00:00Z')
  return encodeMap({
    binary_format_major_version: uint16(2),
    binary_format_minor_version: uint16(0),
    build_epoch: encode(BigInt(Math.floor(built.getTime() / 1000))),
    database_type: encode(file.databaseType ?? 'Test-Country'),
    description: encode({ en: 'made for a test' }),
    ip_version: uint16(file.ipVersion),
    languages: encode(['en']),
    node_count: encode(nodeCount),
    record_size: uint16(24),
  })
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') return field(TYPE.string, Buffer.from(value))
  if (typeof value === 'boolean') return header(TYPE.boolean, value ? 1 : 0)
  if (typeof value === 'number') return field(TYPE.uint32, bigEndian(BigInt(value), 4))
  if (typeof value === 'bigint') return field(TYPE.uint64, bigEndian(value, 8))
  if (isList(value)) return Buffer.concat([header(TYPE.array, value.length), ...value.map(encode)])
  return encodeMap(Object.fromEntries(Object.entries(value).map(([k, v]) => [k, encode(v)])))
}

/** @param encoded the values, already in bytes */
function encodeMap(encoded: Readonly<Record<string, Buffer>>): Buffer {
  const pairs = Object.entries(encoded)
  return Buffer.concat([
    header(TYPE.map, pairs.length),
    ...pairs.flatMap(([k, v]) => [encode(k), v]),
  ])
}

function uint16(value: number): Buffer {
  return field(TYPE.uint16, bigEndian(BigInt(value), 2))
}

const TYPE = { string: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11, boolean: 14 } as const

function isList(value: readonly MmdbValue[] | MmdbMap): value is readonly MmdbValue[] {
  return Array.isArray(value)
}

function field(type: number, payload: Buffer): Buffer {
  return Buffer.concat([header(type, payload.length), payload])
}

/** Type in the upper three bits, or 0 and a second byte for types from 8 on; size below 29 in the lower five. */
function header(type: number, size: number): Buffer {
  if (size > 284) throw new Error('too long for this writer')
  const short = size < 29 ? size : 29
  const control = type < 8 ? [(type << 5) | short] : [short, type - 7]
  return Buffer.from(size < 29 ? control : [...control, size - 29])
}

function bigEndian(value: bigint, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')
}
