/**
 * What goes out on one HTTP/2 connection: frames are put together until a turn of work is done, streams with more than there is room for
 * take turns, and nobody sends faster than the peer reads or its window allows.
 */

import type { Channel } from '../channel.ts'
import { FrameBuffer } from './frame-buffer.ts'
import { DEFAULT_WINDOW, MAX_WINDOW } from './frames.ts'
import type { Stream } from './stream.ts'

/** Whose output it is. */
export interface OutputKeeper {
  /** Nothing goes out any more. */
  readonly isOver: boolean
  /** More waits unread than may. */
  onUnread(): void
  /** Something of ours is broken. */
  onDefect(error: unknown): void
}

/** Frames written in one go before the socket is asked whether it can take more. */
const WRITE_BYTES = 128 * 1024
/** Bytes that a peer may leave unread before we give up on it. Payload alone never gets there. */
const MAX_UNREAD = 4 * 1024 * 1024

export class Output {
  readonly frames = new FrameBuffer()
  /** What may still be sent on the whole connection. */
  window = DEFAULT_WINDOW
  readonly #socket: Channel
  readonly #keeper: OutputKeeper
  readonly #waiting = new Set<Stream>()
  #needsDrain = false
  #isScheduled = false

  constructor(socket: Channel, keeper: OutputKeeper) {
    this.#socket = socket
    this.#keeper = keeper
    socket.on('drain', this.#onDrain)
  }

  /** Whether a frame of payload may be handed over now. */
  get hasRoom(): boolean {
    return !this.#needsDrain && this.window > 0 && this.frames.size < WRITE_BYTES
  }

  /** The stream has more to send than it could. */
  wait(stream: Stream): void {
    this.#waiting.add(stream)
    if (this.hasRoom) this.schedule()
  }

  /** The stream has nothing to send any more. */
  forget(stream: Stream): void {
    this.#waiting.delete(stream)
  }

  /** The peer takes more. @returns false when its window is larger than any may be */
  widen(increment: number): boolean {
    this.window += increment
    if (this.window > MAX_WINDOW) return false
    if (this.#waiting.size > 0) this.schedule()
    return true
  }

  /** Has everything written once this turn of work is done. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(this.#flush)
  }

  /** Writes what there is, and lets nobody wait. */
  end(): void {
    this.#waiting.clear()
    this.#write()
  }

  #flush = (): void => {
    this.#isScheduled = false
    try {
      this.#send()
    } catch (error) {
      this.#keeper.onDefect(error)
    }
  }

  #send(): void {
    const keeper = this.#keeper
    while (!keeper.isOver && this.frames.size > 0) {
      this.#write()
      if (this.#needsDrain) return
      this.#advanceWaiting()
    }
    // What came up after the end is for nobody: it must not be waited for.
    if (keeper.isOver) return
    if (this.#waiting.size > 0) this.#advanceWaiting()
    if (this.frames.size > 0) this.schedule()
  }

  #write(): void {
    const socket = this.#socket
    const parts = this.frames.take()
    const [first] = parts
    if (!first || socket.destroyed) return
    let flowing: boolean
    if (parts.length === 1) flowing = socket.write(first)
    else {
      socket.cork()
      flowing = true
      for (const part of parts) flowing = socket.write(part)
      socket.uncork()
    }
    this.#needsDrain = !flowing
    if (socket.writableLength > MAX_UNREAD) this.#keeper.onUnread()
  }

  /** One frame of each stream in turn, as long as there is room. */
  #advanceWaiting(): void {
    while (this.hasRoom) {
      const [stream] = this.#waiting
      if (!stream) return
      this.#waiting.delete(stream)
      stream.advance(1)
    }
  }

  #onDrain = (): void => {
    this.#needsDrain = false
    this.#flush()
  }
}
