/**
 * Content codings (RFC 9110 section 8.4.1) undone and done again as a body passes, for those who change what is in it. The streams are the
 * caller's to connect; what becomes too large ends with an error, and nothing that was not decoded passes. That zstd was cut short is not
 * always noticed here: the length of the body has to say that.
 */

import { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { type DecodeLimits, mostFor } from '../decode.ts'

/** It is not decoded any further; `malformed` comes from the decoder itself, as an error of its own. */
export class TooMuchDecoded extends Error {
  override name = 'TooMuchDecoded'
}

/** RFC 9659: windows of more than 8 MiB are not for HTTP. */
const ZSTD_WINDOW_LOG = 23

/**
 * @param contentEncoding the field's value
 * @returns streams, the first takes the coded bytes; none where there is no coding; null where one is unknown, or there are too many
 */
export function openDecoders(contentEncoding: string, limits: DecodeLimits): Transform[] | null {
  const codings = parseCodings(contentEncoding)
  if (codings === null || codings.length > limits.layers) return null
  if (codings.length === 0) return []
  const count = { coded: 0 }
  // They are listed in the order in which they were applied.
  const decoders = codings.reverse().map(openDecoder)
  return [counting(count), ...decoders.flatMap((decoder) => [decoder, bounding(count, limits)])]
}

/** @returns streams that code it again in the same way, the first takes the plain bytes; null for what is unknown */
export function openEncoders(contentEncoding: string): Transform[] | null {
  return parseCodings(contentEncoding)?.map(openEncoder) ?? null
}

const CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const
type Coding = (typeof CODINGS)[number]

function parseCodings(text: string): Coding[] | null {
  const codings: Coding[] = []
  for (const item of text.split(',')) {
    const name = item
      .trim()
      .toLowerCase()
      .replace(/^x-gzip$/, 'gzip')
    if (name === '' || name === 'identity') continue
    const coding = CODINGS.find((each) => each === name)
    if (!coding) return null
    codings.push(coding)
  }
  return codings
}

function openDecoder(coding: Coding): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip()
    case 'deflate':
      return zlib.createInflate()
    case 'br':
      return zlib.createBrotliDecompress()
    case 'zstd': {
      const params = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
      return zlib.createZstdDecompress({ params })
    }
    default:
      return coding satisfies never
  }
}

/** Fast rather than small: the body is on its way. */
function openEncoder(coding: Coding): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGzip({ level: 1 })
    case 'deflate':
      return zlib.createDeflate({ level: 1 })
    case 'br':
      return zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })
    case 'zstd':
      return zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } })
    default:
      return coding satisfies never
  }
}

function counting(count: { coded: number }): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      count.coded += chunk.length
      done(null, chunk)
    },
  })
}

function bounding(count: { readonly coded: number }, limits: DecodeLimits): Transform {
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length
      if (size <= Math.min(limits.bytes, mostFor(count.coded, limits))) return done(null, chunk)
      done(new TooMuchDecoded('the body becomes too large when it is decoded'))
    },
  })
}
