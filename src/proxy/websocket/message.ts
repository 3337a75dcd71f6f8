/** What goes through a WebSocket, whole, and who may have a say about it before it goes on. */

import type { OPCODE } from './frames.ts'

export interface Message {
  readonly opcode: typeof OPCODE.text | typeof OPCODE.binary
  /** May be kept; nobody changes it. A text is UTF-8. */
  readonly payload: Buffer
}

/**
 * Says what goes on in place of a message: the same, another, or null for nothing. Until it has said so, nothing that came behind the
 * message is read. When it throws or rejects, the WebSocket ends, and nothing of the message goes on.
 */
export type MessageGate = (message: Message) => Message | null | Promise<Message | null>

/** One for each direction: towards the origin, and towards the client. */
export interface MessageGates {
  readonly out: MessageGate | null
  readonly in: MessageGate | null
}

export const NO_GATES: MessageGates = { out: null, in: null }
