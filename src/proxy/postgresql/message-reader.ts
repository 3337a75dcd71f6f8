/**
 * Messages out of one direction of a connection to PostgreSQL, however their bytes come. A table says of each type whether it goes on
 * as it is, in pieces of any size and without being looked at, or is shown to whoever reads. Strict: a type that the side does not send now, or a
 * length that none of that type has, ends the connection. What is held is bounded, and taken from a budget.
 */

import type { Budget } from '../budget.ts'
import { HEAD, MAX_MESSAGE } from './messages.ts'

export interface MessageSink {
  /** Goes on as it is: heads and bodies, whole or not. */
  onPass(bytes: Buffer): void
  /** A message of this type has begun, and goes on as it is. */
  onTold(type: number): void
  /**
   * @param message with its head; of one that is only peeked at as much as is shown. May be kept
   * @returns whether it goes on as it is, or what goes on instead of all of it
   */
  onMessage(type: number, message: Buffer): boolean | Buffer
  /** Nothing more is read. */
  onFault(fault: MessageFault): void
}

export interface MessageFault {
  readonly kind: 'malformed' | 'too-large'
  readonly detail: string
}

/** What is done with a type. */
export const HANDLING = {
  /** Nobody sends it now. */
  unknown: 0,
  pass: 1,
  /** Passes, and is counted. */
  count: 2,
  tell: 3,
  /** Its beginning is shown. */
  peek: 4,
  /** All of it is. */
  show: 5,
} as const

export type Handling = (typeof HANDLING)[keyof typeof HANDLING]

/** Bytes of a message that are shown at most where its beginning is. */
export const PEEKED = 512

/** Of each type how it is handled, and how long it may be, its length counting itself. */
export class MessageTable {
  readonly handling: Uint8Array
  readonly longest: Int32Array

  constructor(base: MessageTable | null = null) {
    this.handling = base?.handling.slice() ?? new Uint8Array(256)
    this.longest = base?.longest.slice() ?? new Int32Array(256).fill(MAX_MESSAGE)
  }

  set(type: number, handling: Handling, longest = MAX_MESSAGE): this {
    this.handling[type] = handling
    this.longest[type] = longest
    return this
  }
}

export interface MessageReaderOptions {
  readonly table: MessageTable
  /** Bytes of the largest message that is shown. */
  readonly maxShown: number
  /** Of messages that are held, over all connections. */
  readonly budget: Budget
}

const NOTHING: Buffer = Buffer.alloc(0)
/** Bytes that are held for a message at first; as it grows, twice what there is. */
const FIRST_ROOM = 1024

export class MessageReader implements Disposable {
  /** May be changed between messages. */
  table: MessageTable
  /** Messages that were to be counted since somebody last set it back. */
  counted = 0
  /** Bytes of all messages that have begun. */
  bytes = 0
  readonly #options: MessageReaderOptions
  readonly #sink: MessageSink
  readonly #head = Buffer.alloc(HEAD)
  #headBytes = 0
  /** Bytes to come of the message under way. */
  #left = 0
  /** Whether those are nobody's. */
  #isDropped = false
  /** Bytes that are to be shown of it, its head included; 0 once they were, or where none are. */
  #wanted = 0
  /** What has come of those, in a buffer that grows, and how much it is. */
  #held = NOTHING
  #size = 0
  #charged = 0
  #fault: MessageFault | null = null
  #isPaused = false
  #isOver = false
  /** What came while paused. */
  readonly #rest: Buffer[] = []

  constructor(options: MessageReaderOptions, sink: MessageSink) {
    this.#options = options
    this.#sink = sink
    this.table = options.table
  }

  /** Whether a message has begun and not ended, or waits. */
  get isWithin(): boolean {
    return this.#left > 0 || this.#headBytes > 0 || this.#rest.length > 0
  }

  /** Bytes that have come while it was paused. */
  get waiting(): number {
    return this.#rest.reduce((sum, { length }) => sum + length, 0)
  }

  push(piece: Buffer): void {
    if (this.#isOver) return
    if (this.#isPaused) this.#rest.push(piece)
    else this.#read(piece)
  }

  /** Whether more of what was shown last is to come: only its beginning was. */
  get hasMore(): boolean {
    return this.#left > 0
  }

  /** The rest of it goes on as it is, too. */
  passRest(): void {
    this.#isDropped = false
  }

  /** Nothing is read until `resume`. The source has to be paused as well. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    for (const piece of this.#rest.splice(0)) this.push(piece)
  }

  /** What was held is not needed any more, and nothing more is read. */
  [Symbol.dispose](): void {
    this.#isOver = true
    this.#rest.length = 0
    this.#release()
  }

  #read(piece: Buffer): void {
    const { length } = piece
    /** From where nothing was given on yet. */
    let from = 0
    let at = 0
    while (at < length && !this.#isOver && !this.#isPaused) {
      if (this.#wanted > 0) {
        // One that has begun is to be shown.
        const end = Math.min(at + this.#wanted - this.#size, length)
        if (!this.#hold(piece.subarray(at, end))) return
        this.#left -= end - at
        at = end
        from = end
        if (this.#size === this.#wanted) this.#showHeld()
      } else if (this.#left > 0) {
        const end = Math.min(at + this.#left, length)
        this.#left -= end - at
        at = end
        if (this.#isDropped) from = end
      } else if (this.#headBytes > 0 || length - at < HEAD) {
        this.#give(piece, from, at)
        at += this.#readCutHead(piece, at)
        from = at
      } else {
        const type = piece[at] ?? 0
        if (!this.#begin(type, piece.readInt32BE(at + 1))) {
          // What came before is as it should be.
          this.#give(piece, from, at)
          return this.#fail()
        }
        if (this.#wanted === 0) {
          at += HEAD
        } else if (at + this.#wanted <= length) {
          // All that is to be shown is here: nothing has to be held.
          const end = at + this.#wanted
          this.#left -= this.#wanted - HEAD
          this.#wanted = 0
          const answer = this.#sink.onMessage(type, piece.subarray(at, end))
          if (answer !== true) {
            this.#give(piece, from, at)
            this.#replace(answer)
            from = end
          }
          at = end
        } else {
          this.#give(piece, from, at)
          if (!this.#hold(piece.subarray(at, at + HEAD))) return
          at += HEAD
          from = at
        }
      }
    }
    if (this.#isOver) return
    this.#give(piece, from, at)
    if (at < length) this.#rest.unshift(piece.subarray(at))
  }

  #give(piece: Buffer, from: number, to: number): void {
    if (from === to) return
    this.#sink.onPass(from === 0 && to === piece.length ? piece : piece.subarray(from, to))
  }

  /** @returns bytes taken */
  #readCutHead(piece: Buffer, at: number): number {
    const taken = piece.copy(this.#head, this.#headBytes, at, at + HEAD - this.#headBytes)
    this.#headBytes += taken
    if (this.#headBytes < HEAD) return taken
    this.#headBytes = 0
    const head = Buffer.from(this.#head)
    if (!this.#begin(head[0] ?? 0, head.readInt32BE(1))) this.#fail()
    else if (this.#wanted === 0) this.#sink.onPass(head)
    else if (this.#hold(head) && this.#size === this.#wanted) this.#showHeld()
    return taken
  }

  #showHeld(): void {
    const message = this.#held.subarray(0, this.#size)
    this.#release()
    const answer = this.#sink.onMessage(message[0] ?? 0, message)
    if (answer === true) this.#sink.onPass(message)
    else this.#replace(answer)
  }

  #replace(answer: false | Buffer): void {
    this.#isDropped = true
    if (answer) this.#sink.onPass(answer)
  }

  /** @returns false where it is none, and `#fault` says why */
  #begin(type: number, size: number): boolean {
    const { handling, longest } = this.table
    const how = handling[type] ?? HANDLING.unknown
    if (how === HANDLING.unknown) {
      this.#fault = { kind: 'malformed', detail: 'a message is of a type that is not sent now' }
    } else if (size < 4) {
      this.#fault = { kind: 'malformed', detail: 'a message has no valid length' }
    } else if (size > (longest[type] ?? 0)) {
      this.#fault = { kind: 'malformed', detail: 'a message is longer than any of its type' }
    } else if (how === HANDLING.show && size > this.#options.maxShown) {
      this.#fault = { kind: 'too-large', detail: 'a message that has to be read is too large' }
    }
    if (this.#fault) return false
    this.#left = size - 4
    this.bytes += size + 1
    this.#isDropped = false
    if (how === HANDLING.count) this.counted++
    else if (how === HANDLING.tell) this.#sink.onTold(type)
    else if (how === HANDLING.peek) this.#wanted = Math.min(size + 1, PEEKED)
    else if (how === HANDLING.show) this.#wanted = size + 1
    return true
  }

  /** @returns whether there is room for it */
  #hold(bytes: Buffer): boolean {
    const size = this.#size + bytes.length
    if (size > this.#held.length) {
      const room = Math.min(Math.max(size, this.#held.length * 2, FIRST_ROOM), this.#wanted)
      if (!this.#options.budget.take(room - this.#charged)) {
        this.#fault = { kind: 'too-large', detail: 'there is no room for more messages' }
        this.#fail()
        return false
      }
      this.#charged = room
      const grown = Buffer.allocUnsafeSlow(room)
      this.#held.copy(grown, 0, 0, this.#size)
      this.#held = grown
    }
    bytes.copy(this.#held, this.#size)
    this.#size = size
    return true
  }

  #release(): void {
    this.#options.budget.give(this.#charged)
    this.#charged = 0
    this.#held = NOTHING
    this.#size = 0
    this.#wanted = 0
  }

  #fail(): void {
    const fault = this.#fault
    this[Symbol.dispose]()
    if (fault) this.#sink.onFault(fault)
  }
}
