/** What goes through a WebSocket, whole, and who may have a say about it before it goes on. */

import type { Code } from '../../model/errors.ts'
import type { OPCODE } from './frames.ts'

export interface Message {
  readonly opcode: typeof OPCODE.text | typeof OPCODE.binary
  /** May be kept; nobody changes it. A text is UTF-8. */
  readonly payload: Buffer
}

/** When it throws or rejects, the WebSocket ends, and nothing of the message goes on. */
export interface MessageGate {
  /**
   * Says what goes on now: the message, another in its place, those that waited for it, or nothing. Until it has said so, nothing that came
   * behind the message is read. A refusal ends the WebSocket.
   */
  pass(message: Message): Passage | Promise<Passage>
  /** What goes on of the payload of a ping, a pong or a goodbye. */
  control(opcode: number, payload: Buffer): Buffer
  /** Nothing more comes: what still waits. */
  end(): readonly Message[]
  /** Bytes that wait in it. */
  readonly held: number
}

export type Passage = readonly Message[] | MessageRefusal

/** Both sides are told so. */
export interface MessageRefusal {
  /** RFC 6455 section 7.4.1. */
  readonly closeCode: number
  readonly error: Code
}

/** One for each direction: towards the origin, and towards the client. */
export interface MessageGates {
  readonly out: MessageGate | null
  readonly in: MessageGate | null
}

export const NO_GATES: MessageGates = { out: null, in: null }
