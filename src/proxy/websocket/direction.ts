/** What one side of a WebSocket sends to the other: read, asked about, and written on as fast as the other takes it. */

import type { Meter } from '../../ports.ts'
import type { Budget } from '../budget.ts'
import type { Channel } from '../channel.ts'
import type { ProxyContext } from '../proxy.ts'
import { type FrameFault, FrameReader, type MessageSink } from './frame-reader.ts'
import { CLOSE, OPCODE, toClose, toFrame } from './frames.ts'
import type { Message, MessageGate, MessageRefusal, Passage } from './message.ts'

/** Who is told what happens in a direction. */
export interface DirectionKeeper {
  /** Something has come, or was taken. */
  touch(): void
  /** The side has said goodbye. */
  onGoodbye(): void
  /** The side has broken the rules. */
  fail(direction: Direction, fault: FrameFault): void
  /** A gate has refused a message: nothing more goes either way. */
  refuse(refusal: MessageRefusal): void
  /** We have failed: nothing more goes either way. Never throws. */
  onDefect(error: unknown): void
  /** The side has sent FIN, or is gone. */
  onGone(direction: Direction, isClean: boolean): void
  onClosed(): void
}

export interface DirectionOptions {
  readonly keeper: DirectionKeeper
  readonly from: Channel
  readonly to: Channel
  /** Who sends masks, who is sent to does not; or the other way round (RFC 6455 section 5.1). */
  readonly isFromClient: boolean
  readonly gate: MessageGate | null
  readonly context: Pick<ProxyContext, 'limits' | 'websocketBudget' | 'meter'>
}

export class Direction implements MessageSink, Disposable {
  readonly from: Channel
  readonly to: Channel
  /** Bytes sent on. */
  bytes = 0
  /** A Close frame has come from there. */
  hasClosed = false
  readonly #keeper: DirectionKeeper
  readonly #isFromClient: boolean
  readonly #gate: MessageGate | null
  readonly #reader: FrameReader
  readonly #meter: Meter
  /** A Close frame was sent on: nothing may follow it (section 5.5.1). */
  #hasSentClose = false
  /** A message waits for its gate. */
  #isAsking = false
  /** Of all messages that wait, over all connections; taken for what waits in the gate. */
  readonly #budget: Budget
  #charged = 0
  #isOver = false

  constructor({ keeper, from, to, isFromClient, gate, context }: DirectionOptions) {
    this.from = from
    this.to = to
    this.#keeper = keeper
    this.#isFromClient = isFromClient
    this.#gate = gate
    this.#meter = context.meter
    const { limits, websocketBudget: budget } = context
    this.#budget = budget
    const options = { isMasked: isFromClient, maxMessage: limits.websocketMessage, budget }
    this.#reader = new FrameReader(options, this)
    from.on('data', (chunk: Buffer) => {
      keeper.touch()
      try {
        this.#reader.push(chunk)
      } catch (error) {
        keeper.onDefect(error)
      }
    })
    to.on('drain', () => {
      keeper.touch()
      this.#goOn()
    })
    from.on('end', () => {
      this.#flush()
      keeper.onGone(this, true)
    })
    from.on('error', () => from.destroy())
    from.on('close', () => {
      if (!from.readableEnded) keeper.onGone(this, false)
      keeper.onClosed()
    })
  }

  onMessage(message: Message): void {
    this.#meter.count(this.#isFromClient ? 'websocket-message-out' : 'websocket-message-in')
    if (!this.#gate) return this.#write(message.opcode, message.payload)
    const passed = this.#gate.pass(message)
    if (!(passed instanceof Promise)) return this.#pass(passed)
    this.#isAsking = true
    this.#wait()
    passed.then(
      (answer) => {
        this.#isAsking = false
        if (!this.#isOver) this.#pass(answer)
        this.#goOn()
      },
      (error: unknown) => this.#keeper.onDefect(error),
    )
  }

  onControl(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.close) this.#flush()
    this.#write(opcode, this.#gate?.control(opcode, payload) ?? payload)
    if (opcode !== OPCODE.close) return
    this.hasClosed = true
    this.#keeper.onGoodbye()
  }

  onFault(fault: FrameFault): void {
    this.#keeper.fail(this, fault)
  }

  /** Says goodbye in the name of the other side, unless it has. */
  sendClose(code: number, reason: string): void {
    this.#write(OPCODE.close, toClose(code, reason))
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#reader[Symbol.dispose]()
    this.#charge(0)
  }

  #pass(passage: Passage): void {
    if ('closeCode' in passage) return this.#keeper.refuse(passage)
    for (const { opcode, payload } of passage) this.#write(opcode, payload)
    if (this.#charge(this.#gate?.held ?? 0)) return
    this[Symbol.dispose]()
    const detail = 'there is no room for more messages that wait'
    this.#keeper.fail(this, { code: CLOSE.tooLarge, detail })
  }

  /** @returns false when there is no such room */
  #charge(bytes: number): boolean {
    if (bytes === this.#charged) return true
    this.#budget.give(this.#charged)
    const isTaken = this.#budget.take(bytes)
    this.#charged = isTaken ? bytes : 0
    return isTaken
  }

  /** What the gate still has. */
  #flush(): void {
    if (!this.#gate || this.#isOver) return
    try {
      this.#pass(this.#gate.end())
    } catch (error) {
      this.#keeper.onDefect(error)
    }
  }

  #write(opcode: number, payload: Buffer): void {
    const { to } = this
    if (!to.writable || this.#hasSentClose) return
    this.#hasSentClose = opcode === OPCODE.close
    const frame = toFrame(opcode, payload, this.#isFromClient)
    let isFlowing = true
    if (frame.length > 1) to.cork()
    for (const piece of frame) {
      this.bytes += piece.length
      isFlowing = to.write(piece)
    }
    if (frame.length > 1) to.uncork()
    if (!isFlowing) this.#wait()
  }

  /** Nothing more is read, neither from the side nor of what has come from it. */
  #wait(): void {
    this.from.pause()
    this.#reader.pause()
  }

  #goOn(): void {
    if (this.#isWaiting()) return
    try {
      this.#reader.resume()
    } catch (error) {
      this.#keeper.onDefect(error)
    }
    // That may have filled the other side again, or have met a message to ask about.
    if (!this.#isWaiting()) this.from.resume()
  }

  #isWaiting(): boolean {
    return this.#isAsking || this.to.writableNeedDrain || this.#isOver
  }
}
