/**
 * A client that nobody listens to, because its call waits for a person: whether it leaves meanwhile. Who says goodbye then has left, for nothing will be said
 * to it. What it says is kept, within a bound, and is in the channel again when the wait is over.
 */

import type { Channel } from './channel.ts'

/** Bytes that are taken in to see whether a goodbye comes behind them; beyond that only a broken connection is noticed. */
const MOST = 64 * 1024

export class Departure {
  readonly #channel: Channel
  readonly #abort = new AbortController()
  #said: Buffer[] = []
  #bytes = 0
  #isWatching = false

  /** @param channel paused, and nobody else listens to it until `stop` */
  constructor(channel: Channel) {
    this.#channel = channel
    channel.on('close', this.#onLeave)
    if (channel.destroyed) this.#onLeave()
  }

  /** Aborts when it is gone, or has said goodbye while it was watched. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** From now on a goodbye counts. */
  watch(): AbortSignal {
    const channel = this.#channel
    if (!this.#isWatching) {
      this.#isWatching = true
      channel.on('end', this.#onLeave)
      channel.on('data', this.#onData)
      channel.resume()
    }
    if (channel.destroyed || channel.readableEnded) this.#onLeave()
    return this.#abort.signal
  }

  /** From now on neither counts. */
  stop(): void {
    const channel = this.#channel
    channel.off('close', this.#onLeave)
    if (!this.#isWatching) return
    this.#isWatching = false
    channel.off('end', this.#onLeave)
    channel.off('data', this.#onData)
    channel.pause()
    if (this.#said.length > 0 && !this.signal.aborted) channel.unshift(Buffer.concat(this.#said))
    this.#said = []
  }

  #onLeave = (): void => this.#abort.abort()

  #onData = (piece: Buffer): void => {
    this.#said.push(piece)
    this.#bytes += piece.length
    if (this.#bytes >= MOST) this.#channel.pause()
  }
}
