/**
 * Content codings undone (RFC 9110 section 8.4.1), so that a body says compressed what it says plain. Strict: what two readers could
 * decode differently is not decoded at all. Bounded in bytes, ratio and layers, because a few bytes can stand for any number.
 */

import zlib from 'node:zlib'
import { endOfGzipHeader, GZIP_HEADER, GZIP_TRAILER } from './gzip.ts'
import { endOfZstdFrame } from './zstd.ts'

export interface DecodeLimits {
  /** Bytes of a decoded body; what comes beyond them is not looked at. */
  readonly bytes: number
  /** How many times its size a body may become, after the first 64 KiB. */
  readonly ratio: number
  /** Codings, one upon the other. */
  readonly layers: number
}

export interface Decoded {
  readonly bytes: Buffer
  /** Whether that is all of it. */
  readonly complete: boolean
  /** As in `BodyView`. */
  readonly beside?: Buffer | null
}

export type DecodeFault =
  /** A coding nobody here knows, or too many of them. */
  | 'coding'
  /** It is not what its coding says, or more than that. */
  | 'malformed'
  /** So little becomes so much that it has to be meant. */
  | 'bomb'

const NOTHING = Buffer.alloc(0)

/** Every body may become as large as this. */
const GRACE = 64 * 1024

/** What so many coded bytes may become before it has to be meant. */
export function mostFor(coded: number, { ratio }: Pick<DecodeLimits, 'ratio'>): number {
  return GRACE + ratio * coded
}

/**
 * Never rejects.
 *
 * @param contentEncoding the field's value
 * @param complete whether the bytes are all there are; else as much is decoded as can be
 */
export async function decode(
  bytes: Buffer,
  contentEncoding: string,
  complete: boolean,
  limits: DecodeLimits,
): Promise<Decoded | DecodeFault> {
  const codings = contentEncoding.split(',').map((coding) => coding.trim().toLowerCase())
  if (codings.length > limits.layers || !codings.every(isCoding)) return 'coding'
  const most = mostFor(bytes.length, limits)
  let decoded: Decoded = { bytes, complete }
  let beside: Buffer | null = NOTHING
  // They are listed in the order in which they were applied.
  for (const coding of codings.reverse()) {
    const frame = unframe(coding, decoded)
    if (!frame) return 'malformed'
    const result = await inflate(coding, frame, decoded.complete, Math.min(limits.bytes, most))
    if (!result) return 'malformed'
    if (result.isCut && most < limits.bytes) return 'bomb'
    decoded = { bytes: result.bytes, complete: decoded.complete && !result.isCut }
    beside = beside && frame.beside && Buffer.concat([beside, frame.beside])
  }
  return beside?.length === 0 ? decoded : { ...decoded, beside }
}

/** Those of RFC 9110 section 8.4.1, RFC 7932 and RFC 9659; `compress` is out of use. */
const CODINGS = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'] as const
type Coding = (typeof CODINGS)[number]

function isCoding(text: string): text is Coding {
  return (CODINGS as readonly string[]).includes(text)
}

/** What is to be decoded, and what is known of it before. */
interface Frame {
  readonly data: Buffer
  /** Bytes behind the data that belong to it; null where that is not known before. */
  readonly trailer: Buffer | null
  /** What it says besides; null where that cannot be known. */
  readonly beside: Buffer | null
}

function unframe(coding: Coding, { bytes, complete }: Decoded): Frame | null {
  if (coding === 'gzip' || coding === 'x-gzip') {
    const start = endOfGzipHeader(bytes)
    if (start === null) return null
    const beside = bytes.subarray(GZIP_HEADER, start)
    if (!complete) return { data: bytes.subarray(start), trailer: null, beside }
    const end = bytes.length - GZIP_TRAILER
    if (end < start) return null
    return { data: bytes.subarray(start, end), trailer: bytes.subarray(end), beside }
  }
  if (coding === 'zstd') {
    const end = endOfZstdFrame(bytes)
    if (end === null ? complete : end < bytes.length) return null
  }
  return { data: bytes, trailer: null, beside: coding === 'br' ? null : NOTHING }
}

/** @returns at most `most` bytes, and whether there would be more; null when it is malformed */
async function inflate(
  coding: Coding,
  { data, trailer }: Frame,
  complete: boolean,
  most: number,
): Promise<{ readonly bytes: Buffer; readonly isCut: boolean } | null> {
  const engine = createEngine(coding, complete)
  const pieces: Buffer[] = []
  let size = 0
  try {
    engine.end(data)
    for await (const piece of engine as AsyncIterable<Buffer>) {
      const room = most - size
      pieces.push(piece.length > room ? piece.subarray(0, room) : piece)
      size += piece.length
      // To leave the loop is to end the engine.
      if (size > most) return { bytes: Buffer.concat(pieces), isCut: true }
    }
  } catch {
    return null
  }
  const bytes = Buffer.concat(pieces)
  // Something behind the end: one reader would take it for more, another would not.
  if (complete && engine.bytesWritten !== data.length) return null
  return trailer && !isTrailerOf(trailer, bytes) ? null : { bytes, isCut: false }
}

/** RFC 1952 section 2.3.1: checksum and size. */
function isTrailerOf(trailer: Buffer, bytes: Buffer): boolean {
  return (
    trailer.readUInt32LE(0) === zlib.crc32(bytes) && trailer.readUInt32LE(4) === bytes.length >>> 0
  )
}

/** RFC 9659: windows of more than 8 MiB are not for HTTP. */
const ZSTD_WINDOW_LOG = 23

/** @param complete whether an end before its time is an error */
function createEngine(coding: Coding, complete: boolean) {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush, ZSTD_d_windowLogMax } = zlib.constants
  const options = (finishFlush: number) => (complete ? CHUNKS : { ...CHUNKS, finishFlush })
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createInflateRaw(options(Z_SYNC_FLUSH))
    case 'deflate':
      return zlib.createInflate(options(Z_SYNC_FLUSH))
    case 'br':
      return zlib.createBrotliDecompress(options(BROTLI_OPERATION_FLUSH))
    case 'zstd': {
      const params = { [ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
      return zlib.createZstdDecompress({ ...options(ZSTD_e_flush), params })
    }
    default:
      return coding satisfies never
  }
}

const CHUNKS = { chunkSize: 64 * 1024 }
