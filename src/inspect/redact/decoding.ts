/**
 * A body on its way without its content codings (RFC 9110 section 8.4.1): coded bytes in, plain ones out a little later. Nothing of it is
 * kept, so there is no bound on its length; how many times its size it may become is bounded, and with it what a few bytes can cost.
 * Nothing passes that was not decoded.
 */

import { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { mostFor } from '../decode.ts'
import { Inflate } from './inflate.ts'

const CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const
export type Coding = (typeof CODINGS)[number]

/** Codings one upon the other. */
const MAX_LAYERS = 4

/** Decoders at once that may keep as much of what they have read as whoever sends it wants: up to 16 MiB each. */
const MAX_WINDOWS = 64
const HAS_WINDOW: ReadonlySet<Coding> = new Set(['br', 'zstd'])

/**
 * @param contentEncoding the field's value; null for none
 * @returns in the order in which they were applied; null where one is unknown, or there are too many
 */
export function parseCodings(contentEncoding: string | null): readonly Coding[] | null {
  const codings: Coding[] = []
  for (const item of contentEncoding?.split(',') ?? []) {
    const name = item
      .trim()
      .toLowerCase()
      .replace(/^x-gzip$/, 'gzip')
    if (name === '' || name === 'identity') continue
    const coding = CODINGS.find((each) => each === name)
    if (!coding || codings.length === MAX_LAYERS) return null
    codings.push(coding)
  }
  return codings
}

/** Who takes what comes out. Ends with one of `onEnd` and `onFault`. */
export interface DecodedSink {
  onPiece(plain: Buffer): void
  onEnd(): void
  /** It is not what its coding says, or too much for what it is. */
  onFault(): void
  /** All that went in was taken; perhaps nothing has come out of it. */
  onTaken(): void
  /** There is room again for what goes in. */
  onDrain(): void
}

export class Decoding {
  /** Of all that are under way. */
  static #windows = 0
  /** Its own part of these. */
  #taken = 0
  readonly #codings: readonly Coding[]
  readonly #ratio: number
  /** Bytes that went in. */
  readonly #count = { coded: 0 }
  #streams: readonly Transform[] = []
  #sink: DecodedSink | null = null

  /**
   * @param codings one at least
   * @param ratio how many times its size a body may become, after the first 64 KiB
   */
  constructor(codings: readonly Coding[], ratio: number) {
    this.#codings = codings
    this.#ratio = ratio
  }

  /** Called once, before all others. */
  start(sink: DecodedSink): void {
    if (!this.#takeWindows()) return queueMicrotask(() => sink.onFault())
    // They are listed in the order in which they were applied.
    const decoders = this.#codings.toReversed().map(openDecoder)
    const streams = decoders.flatMap((decoder) => [decoder, bounding(this.#count, this.#ratio)])
    this.#streams = streams
    this.#sink = sink
    for (const [i, stream] of streams.entries()) {
      const next = streams[i + 1]
      if (next) stream.pipe(next)
      stream.on('error', () => {
        if (this.#streams.length === 0) return
        this.stop()
        sink.onFault()
      })
    }
    const last = streams.at(-1)
    streams[0]?.on('drain', () => sink.onDrain())
    last?.on('data', (plain: Buffer) => sink.onPiece(plain))
    last?.on('end', () => {
      this.#leaveWindows()
      sink.onEnd()
    })
  }

  /** @returns false when it wants a pause; `onDrain` tells when that is over */
  write(coded: Buffer): boolean {
    this.#count.coded += coded.length
    return this.#streams[0]?.write(coded, this.#onTaken) ?? true
  }

  #onTaken = (error?: Error | null): void => {
    const [first] = this.#streams
    if (!error && first?.writableLength === 0) this.#sink?.onTaken()
  }

  /** That was all. */
  end(): void {
    this.#streams[0]?.end()
  }

  /** Stops and goes on giving what comes out. */
  pause(): void {
    this.#streams.at(-1)?.pause()
  }

  resume(): void {
    this.#streams.at(-1)?.resume()
  }

  /** Nothing comes out any more, and nobody is told. */
  stop(): void {
    this.#leaveWindows()
    const streams = this.#streams
    this.#streams = []
    streams.at(-1)?.removeAllListeners('data').removeAllListeners('end')
    for (const stream of streams) stream.destroy()
  }

  /** @returns false when there are as many as may be */
  #takeWindows(): boolean {
    const count = this.#codings.filter((coding) => HAS_WINDOW.has(coding)).length
    if (Decoding.#windows + count > MAX_WINDOWS) return false
    Decoding.#windows += count
    this.#taken = count
    return true
  }

  #leaveWindows(): void {
    Decoding.#windows -= this.#taken
    this.#taken = 0
  }
}

/** RFC 9659: windows of more than 8 MiB are not for HTTP. */
const ZSTD_WINDOW_LOG = 23

const PIECES = { chunkSize: 64 * 1024 }

function openDecoder(coding: Coding): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip(PIECES)
    case 'deflate':
      return new Inflate(PIECES)
    case 'br':
      return zlib.createBrotliDecompress(PIECES)
    case 'zstd': {
      const params = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
      return zlib.createZstdDecompress({ ...PIECES, params })
    }
    default:
      return coding satisfies never
  }
}

/** What becomes too large ends with an error, whichever layer it is. */
function bounding(count: { readonly coded: number }, ratio: number): Transform {
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.length
      if (size <= mostFor(count.coded, { ratio })) return done(null, chunk)
      done(new Error('the body becomes too large when it is decoded'))
    },
  })
}
