/**
 * Bytes both ways of a connection whose statements are judged: what the client says goes through a reader that lets it out, what the origin says
 * back through the same one. While a statement waits to be decided nothing more of the client is read; the origin goes on.
 */

import type { Code } from '../../model/errors.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import { Departure } from '../departure.ts'
import { linger } from '../linger.ts'
import { type ChannelEnd, type ChannelOptions, ENDINGS } from '../tunnel.ts'

/** Reads one protocol. What it throws is a defect, and ends the connection. */
export interface StatementReader {
  /** The next bytes of the client. @returns null when it is done with them; else nothing more comes until that resolves */
  fromClient(piece: Buffer): Promise<void> | null
  /** The next bytes of the origin. @returns what of them goes on to the client */
  fromOrigin(piece: Buffer): readonly Buffer[]
  /** Nothing passes any more. */
  end(): void
}

/** What a reader can do. */
export interface StatementLine {
  toOrigin(bytes: Buffer): void
  toClient(bytes: Buffer): void
  /** Ends the connection, once the client has got what was sent to it. */
  fail(code: Code): void
  /** Aborts when the client has left. For who waits inside `fromClient`. */
  gone(): AbortSignal
}

export interface StatementRelayOptions extends ChannelOptions {
  readonly open: (line: StatementLine) => StatementReader
}

export class StatementRelay implements Expiring, StatementLine {
  deadline: number
  readonly #options: StatementRelayOptions
  readonly #reader: StatementReader
  #departure: Departure | null = null
  #bytesOut = 0
  #bytesIn = 0
  #isOver = false

  constructor(options: StatementRelayOptions) {
    const { client, origin, context, lease, open } = options
    this.#options = options
    this.#reader = open(this)
    this.deadline = context.deadlines.in(context.timeouts.tunnel)
    context.deadlines.add(this)
    lease?.addEventListener('abort', this.#onLeaseEnd)
    client.on('data', this.#onClient)
    origin.on('data', this.#onOrigin)
    client.on('drain', () => origin.resume())
    origin.on('drain', () => this.#listen())
    client.on('end', this.#onClientEnd)
    origin.on('end', () => client.end())
    for (const [side, by] of [[client, 'client'] as const, [origin, 'origin'] as const]) {
      side.on('error', () => this.#finish(ENDINGS[by]))
      side.on('close', () => this.#finish(ENDINGS[hasEnded(client, origin) ? 'none' : by]))
    }
    origin.resume()
    client.resume()
    // What has closed before anybody listened will not say so again.
    if (client.destroyed) this.#finish(ENDINGS.client)
    else if (origin.destroyed) this.#finish(ENDINGS.origin)
    else if (lease?.aborted) this.#onLeaseEnd()
  }

  toOrigin(bytes: Buffer): void {
    this.#bytesOut += bytes.length
    this.#options.origin.write(bytes)
  }

  toClient(bytes: Buffer): void {
    if (this.#options.client.writable) this.#options.client.write(bytes)
  }

  fail(code: Code): void {
    this.#finish({ outcome: 'failed', error: code }, true)
  }

  gone(): AbortSignal {
    if (!this.#departure) throw new TypeError('nobody waits')
    return this.#departure.watch()
  }

  expire(): void {
    // Who waits for a person is not silent.
    if (this.#departure) this.#touch()
    else this.#finish(ENDINGS.silence)
  }

  #touch(): void {
    const { deadlines, timeouts } = this.#options.context
    this.deadline = deadlines.in(timeouts.tunnel)
  }

  #onLeaseEnd = (): void => this.#finish(ENDINGS.lease)

  #onClient = (piece: Buffer): void => {
    this.#touch()
    try {
      const waiting = this.#reader.fromClient(piece)
      if (!waiting) return this.#pauseForOrigin()
      this.#wait(waiting).catch((error: unknown) => this.#onDefect(error))
    } catch (error) {
      this.#onDefect(error)
    }
  }

  /** Meanwhile somebody else listens to the client: it may leave. */
  async #wait(waiting: Promise<void>): Promise<void> {
    const { client } = this.#options
    client.off('data', this.#onClient)
    client.off('end', this.#onClientEnd)
    client.pause()
    const departure = new Departure(client)
    this.#departure = departure
    await waiting
    departure.stop()
    this.#departure = null
    if (this.#isOver) return
    if (departure.signal.aborted) return this.#finish(ENDINGS.client)
    this.#touch()
    client.on('data', this.#onClient)
    client.on('end', this.#onClientEnd)
    this.#pauseForOrigin()
    this.#listen()
  }

  #pauseForOrigin(): void {
    const { client, origin } = this.#options
    if (origin.writableNeedDrain) client.pause()
  }

  /** Hears the client again, where nothing stands against it. */
  #listen(): void {
    const { client, origin } = this.#options
    if (!this.#departure && !this.#isOver && !origin.writableNeedDrain) client.resume()
  }

  #onOrigin = (piece: Buffer): void => {
    const { client, origin } = this.#options
    this.#touch()
    this.#bytesIn += piece.length
    let isTaken = true
    try {
      for (const each of this.#reader.fromOrigin(piece)) isTaken = client.write(each)
    } catch (error) {
      return this.#onDefect(error)
    }
    if (!isTaken) origin.pause()
  }

  #onClientEnd = (): void => {
    this.#options.origin.end()
  }

  /** It costs this connection, not the process. */
  #onDefect(error: unknown): void {
    this.#options.context.report('statements', error)
    this.#finish({ outcome: 'failed', error: 'gate-failed' })
  }

  #finish(end: Pick<ChannelEnd, 'outcome' | 'error'>, isSaid = false): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client, origin, context, lease, onEnd } = this.#options
    context.deadlines.delete(this)
    lease?.removeEventListener('abort', this.#onLeaseEnd)
    origin.destroy()
    if (isSaid) linger(client)
    else client.destroy()
    this.#reader.end()
    onEnd({ ...end, bytesOut: this.#bytesOut, bytesIn: this.#bytesIn })
  }
}

function hasEnded(client: Channel, origin: Channel): boolean {
  return client.readableEnded && origin.readableEnded
}
