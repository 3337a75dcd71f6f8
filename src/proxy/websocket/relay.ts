/**
 * A WebSocket between a client and an origin: whole messages one way and the other, control frames as they come, back-pressure, and an end
 * that each side sees as it was. No extension is in use, so nothing passes that could not be read (permessage-deflate is declined
 * in the handshake).
 */

import type { Meter } from '../../ports.ts'
import type { Channel } from '../channel.ts'
import type { Expiring } from '../deadlines.ts'
import { linger } from '../linger.ts'
import type { Served } from '../proxy.ts'
import type { ChannelEnd, ChannelOptions } from '../tunnel.ts'
import { type FrameFault, FrameReader, type MessageSink } from './frame-reader.ts'
import { CLOSE, OPCODE, toClose, toFrame } from './frames.ts'

/** For the other side to say goodbye, or to close, once one has. */
const GOODBYE_MS = 5_000

export class WebSocketRelay implements Expiring, Served {
  deadline: number
  readonly #options: ChannelOptions
  readonly #out: Direction
  readonly #in: Direction
  #isEnding = false
  #end: Pick<ChannelEnd, 'outcome' | 'error'> = { outcome: 'forwarded', error: null }
  #isOver = false

  constructor(options: ChannelOptions) {
    const { client, origin, context } = options
    this.#options = options
    this.deadline = context.deadlines.in(context.timeouts.tunnel)
    this.#out = new Direction(this, client, origin, true, options)
    this.#in = new Direction(this, origin, client, false, options)
    context.deadlines.add(this)
    context.connections.add(this)
    client.resume()
    origin.resume()
  }

  expire(): void {
    if (!this.#isEnding) this.#end = { outcome: 'failed', error: 'connect-stalled' }
    this.#finish()
  }

  shutDown(): void {
    if (this.#isEnding) return
    for (const direction of [this.#out, this.#in]) direction.sendClose(CLOSE.goingAway, 'stopping')
    this.leave()
  }

  /** Something has come. */
  touch(): void {
    const { deadlines, timeouts } = this.#options.context
    if (!this.#isEnding) this.deadline = deadlines.in(timeouts.tunnel)
  }

  /** A side has said goodbye, or is about to be gone: the rest has to follow soon. */
  leave(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.deadline = this.#options.context.deadlines.in(GOODBYE_MS)
  }

  /** Both have said goodbye: the connections have no use any more. */
  closeIfDone(): void {
    if (!this.#out.hasClosed || !this.#in.hasClosed) return
    linger(this.#options.client)
    linger(this.#options.origin)
  }

  /** A side has broken the rules: it is told so, and the other sees that it is gone (1006). */
  fail(direction: Direction, { code }: FrameFault): void {
    const isClient = direction === this.#out
    const isTooLarge = code === CLOSE.tooLarge
    const error = isClient
      ? isTooLarge
        ? 'request-too-large'
        : 'request-websocket'
      : isTooLarge
        ? 'connect-too-large'
        : 'connect-malformed'
    this.#end = { outcome: 'failed', error }
    this.leave()
    const other = isClient ? this.#in : this.#out
    other.sendClose(code, '')
    linger(direction.from)
    direction.to.end()
  }

  /** The side has sent FIN, or is gone. */
  onGone(direction: Direction, isClean: boolean): void {
    if (!this.#isEnding && direction === this.#in) {
      this.#end = { outcome: 'failed', error: 'connect-reset' }
    }
    this.leave()
    if (isClean) direction.to.end()
    else direction.to.destroy()
  }

  onClosed(): void {
    const { client, origin } = this.#options
    if (client.destroyed && origin.destroyed) this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client, origin, context, onEnd } = this.#options
    context.deadlines.delete(this)
    context.connections.delete(this)
    for (const direction of [this.#out, this.#in]) direction[Symbol.dispose]()
    client.destroy()
    origin.destroy()
    onEnd({ ...this.#end, bytesOut: this.#out.bytes, bytesIn: this.#in.bytes })
  }
}

/** What one side sends to the other. */
class Direction implements MessageSink, Disposable {
  readonly from: Channel
  readonly to: Channel
  /** Bytes sent on. */
  bytes = 0
  /** A Close frame has come from there. */
  hasClosed = false
  readonly #relay: WebSocketRelay
  /** Whether frames have to be masked: towards the origin. */
  readonly #masks: boolean
  readonly #reader: FrameReader
  readonly #meter: Meter

  constructor(
    relay: WebSocketRelay,
    from: Channel,
    to: Channel,
    isFromClient: boolean,
    { context }: ChannelOptions,
  ) {
    this.from = from
    this.to = to
    this.#relay = relay
    this.#masks = isFromClient
    this.#meter = context.meter
    const { limits, websocketBudget: budget } = context
    const options = { isMasked: isFromClient, maxMessage: limits.websocketMessage, budget }
    this.#reader = new FrameReader(options, this)
    from.on('data', (chunk: Buffer) => {
      try {
        relay.touch()
        this.#reader.push(chunk)
      } catch (error) {
        // A defect of ours costs this connection, not the process.
        context.report('websocket', error)
        from.destroy()
      }
    })
    to.on('drain', () => from.resume())
    from.on('end', () => relay.onGone(this, true))
    from.on('error', () => from.destroy())
    from.on('close', () => {
      if (!from.readableEnded) relay.onGone(this, false)
      relay.onClosed()
    })
  }

  onMessage(opcode: number, payload: Buffer): void {
    this.#meter.count(this.#masks ? 'websocket-message-out' : 'websocket-message-in')
    this.#write(opcode, payload)
  }

  onControl(opcode: number, payload: Buffer): void {
    this.#write(opcode, payload)
    if (opcode !== OPCODE.close) return
    this.hasClosed = true
    this.#relay.leave()
    this.#relay.closeIfDone()
  }

  onFault(fault: FrameFault): void {
    this.#relay.fail(this, fault)
  }

  /** Says goodbye in the name of the other side. */
  sendClose(code: number, reason: string): void {
    this.#write(OPCODE.close, toClose(code, reason))
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]()
  }

  #write(opcode: number, payload: Buffer): void {
    const { to } = this
    if (!to.writable) return
    const frame = toFrame(opcode, payload, this.#masks)
    let flowing = true
    if (frame.length > 1) to.cork()
    for (const piece of frame) {
      this.bytes += piece.length
      flowing = to.write(piece)
    }
    if (frame.length > 1) to.uncork()
    if (!flowing) this.from.pause()
  }
}
