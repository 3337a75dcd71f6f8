/**
 * A body put through the redactor on its way to whoever gets it, either way. Content codings are undone in front of that: what comes out
 * comes later then, and so does the end.
 */

import type { BodyRedactor } from '../../inspector.ts'
import type { Problem } from '../../model/errors.ts'
import { changeFields, speaksOfBody } from './changed-fields.ts'
import type { Fields } from './fields.ts'
import type { MessageOut } from './message.ts'

export interface RedactedOutOptions {
  /** Why it ends before anything passes that cannot be read; null lets that pass. */
  readonly unread: Problem | null
  /** Why it ends before anything is taken out; null where that may be. */
  readonly bound: Problem | null
  /** Why it ends where it is not what its content coding says. */
  readonly undecoded: Problem
  /** Nothing passes any more. */
  readonly onStopped: (problem: Problem) => void
  /** Some of it was sent. */
  readonly onSent: () => void
  /** All of it was. */
  readonly onEnd: () => void
  /** It can take more, after `flush` has asked for a pause. */
  readonly onDrain: () => void
  /** Something of ours is broken. */
  readonly onDefect: (error: unknown) => void
}

export class RedactedOut implements MessageOut {
  readonly #out: MessageOut
  readonly #redactor: BodyRedactor
  readonly #options: RedactedOutOptions
  #isStopped = false
  /** Something has come: what goes out goes with that. */
  #hasBegun = false
  #hasSent = false
  /** Whoever gets it wants a pause; the decoder does. */
  #isFull = false
  #isBusy = false
  #trailers: Fields | null = null
  #nominated: readonly string[] | null = null

  constructor(out: MessageOut, redactor: BodyRedactor, options: RedactedOutOptions) {
    this.#out = out
    this.#redactor = redactor
    this.#options = options
    redactor.decoding?.start({
      onPiece: (plain) => this.#guarded(() => this.#send(redactor.push(plain))),
      onEnd: () => this.#guarded(() => this.#end()),
      onFault: () => this.#guarded(() => this.#stopFor(options.undecoded)),
      // There may be a head that somebody waits for.
      onTaken: () => this.#guarded(() => this.#hasSent || this.#send([])),
      onDrain: () => this.#guarded(() => this.#onRoom()),
    })
  }

  get bytes(): number {
    return this.#out.bytes
  }

  payload(buffer: Buffer, start: number, end: number): void {
    if (this.#isStopped || start === end) return
    this.#hasBegun = true
    const { decoding } = this.#redactor
    const piece = buffer.subarray(start, end)
    if (decoding) this.#isBusy = !decoding.write(piece)
    else this.#guarded(() => this.#pass(this.#redactor.push(piece)))
  }

  finish(trailers: Fields | null, nominated: readonly string[] | null): void {
    this.#trailers = trailers
    this.#nominated = nominated
    const { decoding } = this.#redactor
    if (this.#isStopped) return
    if (decoding && this.#hasBegun) decoding.end()
    else this.#guarded(() => this.#end())
  }

  flush(): boolean {
    if (this.#isStopped) return true
    // Of what has to be decoded first nothing is to be sent yet, and perhaps never.
    const waits = this.#redactor.decoding !== null && this.#hasBegun
    if (!waits) this.#isFull = !this.#out.flush()
    return !this.#isFull && !this.#isBusy
  }

  /** Whoever gets it can take more. */
  drain(): void {
    if (!this.#isFull || this.#isStopped) return
    this.#isFull = false
    this.#redactor.decoding?.resume()
    if (!this.#isBusy) this.#options.onDrain()
  }

  /** Nothing passes any more, and nobody is told. */
  stop(): void {
    this.#isStopped = true
    this.#redactor.decoding?.stop()
  }

  /** The decoder can take more. */
  #onRoom(): void {
    this.#isBusy = false
    if (!this.#isFull) this.#options.onDrain()
  }

  #send(pieces: readonly Buffer[]): void {
    this.#pass(pieces)
    if (this.#isStopped) return
    this.#hasSent = true
    this.#isFull = !this.#out.flush()
    if (this.#isFull) this.#redactor.decoding?.pause()
    this.#options.onSent()
  }

  #end(): void {
    this.#pass(this.#redactor.end())
    if (this.#isStopped) return
    // What speaks of the body would lie.
    const isSame = this.#options.bound !== null
    const trailers = this.#trailers
    const kept = isSame ? trailers : trailers && changeFields(trailers, speaksOfBody)
    this.#out.finish(kept, this.#nominated)
    this.#out.flush()
    this.#options.onEnd()
  }

  #pass(pieces: readonly Buffer[]): void {
    const { unread, bound } = this.#options
    if (unread && this.#redactor.isPartial) return this.#stopFor(unread)
    if (bound && this.#redactor.found.length > 0) return this.#stopFor(bound)
    for (const piece of pieces) this.#out.payload(piece, 0, piece.length)
  }

  #stopFor(problem: Problem): void {
    this.stop()
    this.#options.onStopped(problem)
  }

  /** A defect costs this body alone: what a decoder calls has nobody above it, others have a whole connection. */
  #guarded(act: () => unknown): void {
    if (this.#isStopped) return
    try {
      act()
    } catch (error) {
      this.stop()
      this.#options.onDefect(error)
    }
  }
}
