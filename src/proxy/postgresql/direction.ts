/** What one side of a session of PostgreSQL sends to the other: read, shown, and written on, with back-pressure. */

import type { Channel } from '../channel.ts'
import type { ProxyContext } from '../proxy.ts'
import {
  type MessageFault,
  MessageReader,
  type MessageSink,
  type MessageTable,
} from './message-reader.ts'

/** Who is told what happens in a direction. */
export interface DirectionKeeper {
  /** Something has come, or was taken. */
  touch(): void
  onFault(direction: Direction, fault: MessageFault): void
  /** We have failed. Never throws. */
  onDefect(error: unknown): void
  /** The side has sent FIN, or is gone. */
  onGone(direction: Direction, isClean: boolean): void
  onClosed(): void
  /** The side has said goodbye, or is gone, while something of it was held. */
  onLeft(): void
}

export interface DirectionOptions extends Pick<MessageSink, 'onTold' | 'onMessage'> {
  readonly from: Channel
  readonly to: Channel
  readonly keeper: DirectionKeeper
  readonly table: MessageTable
  readonly context: Pick<ProxyContext, 'websocketBudget'>
}

/** Bytes of the largest message that has to be seen whole: a statement as long as one is read. */
const MAX_SHOWN = 16 * 1024 * 1024 + 1024
/** Of what is read while something is held, to see whether a goodbye comes behind it. */
const MOST_WAITING = 64 * 1024
/** What was cut out of one piece is joined up to this size. */
const JOINED = 16 * 1024

export class Direction implements MessageSink, Disposable {
  readonly from: Channel
  readonly to: Channel
  readonly reader: MessageReader
  /** Bytes sent on. */
  bytes = 0
  readonly onTold: MessageSink['onTold']
  readonly onMessage: MessageSink['onMessage']
  readonly #keeper: DirectionKeeper
  /** What goes on of what is being read. */
  #onward: Buffer[] = []
  #isHolding = false
  #isOver = false
  /** The side has said goodbye while something of it was held. */
  #hasEnded = false

  constructor({ from, to, keeper, table, context, onTold, onMessage }: DirectionOptions) {
    this.from = from
    this.to = to
    this.onTold = onTold
    this.onMessage = onMessage
    this.#keeper = keeper
    const options = { table, maxShown: MAX_SHOWN, budget: context.websocketBudget }
    this.reader = new MessageReader(options, this)
    from.on('data', (piece: Buffer) => {
      keeper.touch()
      this.#read(piece)
      if (this.#isHolding && this.reader.waiting > MOST_WAITING) from.pause()
    })
    to.on('drain', () => {
      keeper.touch()
      this.#goOn()
    })
    from.on('end', () => {
      if (!this.#isHolding) return keeper.onGone(this, true)
      this.#hasEnded = true
      keeper.onLeft()
    })
    from.on('error', () => from.destroy())
    from.on('close', () => {
      if (this.#isHolding) keeper.onLeft()
      if (!from.readableEnded) keeper.onGone(this, false)
      keeper.onClosed()
    })
  }

  /** Whether something has begun and not ended that was sent on, or waits. */
  get isWithin(): boolean {
    return this.reader.isWithin
  }

  onPass(bytes: Buffer): void {
    this.#onward.push(bytes)
  }

  onFault(fault: MessageFault): void {
    this.#keeper.onFault(this, fault)
  }

  /** Nothing more is read until that is known, and goes on first. */
  hold(message: Buffer, answer: Promise<boolean | Buffer>): void {
    this.#isHolding = true
    this.reader.pause()
    answer.then(
      (onward) => {
        this.#isHolding = false
        if (this.#isOver) return
        if (onward === true) this.reader.passRest()
        if (onward) this.write(onward === true ? message : onward)
        this.#goOn()
        if (this.#hasEnded && !this.#isHolding) this.#keeper.onGone(this, true)
      },
      (error: unknown) => this.#keeper.onDefect(error),
    )
  }

  write(bytes: Buffer): void {
    if (!this.to.writable || this.#isOver) return
    this.bytes += bytes.length
    if (!this.to.write(bytes)) this.from.pause()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.reader[Symbol.dispose]()
  }

  /** @param piece null for what waits */
  #read(piece: Buffer | null): void {
    try {
      if (piece) this.reader.push(piece)
      else this.reader.resume()
    } catch (error) {
      this.#onward = []
      return this.#keeper.onDefect(error)
    }
    this.#flush()
  }

  #flush(): void {
    const onward = this.#onward
    const [first] = onward
    if (!first) return
    this.#onward = []
    if (onward.length === 1) return this.write(first)
    const size = onward.reduce((sum, { length }) => sum + length, 0)
    if (size <= JOINED) return this.write(Buffer.concat(onward, size))
    this.to.cork()
    for (const bytes of onward) this.write(bytes)
    this.to.uncork()
  }

  #goOn(): void {
    if (this.#isHolding || this.#isOver) return
    this.#read(null)
    if (!this.#isHolding && !this.#isOver && !this.to.writableNeedDrain) this.from.resume()
  }
}
