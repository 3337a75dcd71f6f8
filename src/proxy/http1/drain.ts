/** The body of a refused request, read away so that the connection can serve the next one. */

import type { RequestHead } from '../exchange/message.ts'
import type { BodyState } from '../exchange/relay.ts'
import { BodyReader } from './body.ts'
import type { HeadBuffer } from './head-buffer.ts'

/** Bytes; a longer body is not worth the connection. */
const MAX_BYTES = 256 * 1024

export class Drain {
  readonly #body: BodyReader
  #left = MAX_BYTES

  constructor(head: RequestHead) {
    this.#body = new BodyReader(head.body)
  }

  /** Takes what belongs to the body out of what was received. */
  read(received: HeadBuffer): 'more' | 'over' | 'hopeless' {
    const bytes = received.drain()
    if (bytes) {
      const at = this.#body.read(bytes, 0)
      this.#left -= at
      if (at < bytes.length) received.push(bytes.subarray(at))
    }
    if (this.#body.broken || this.#left < 0) return 'hopeless'
    return this.#body.done ? 'over' : 'more'
  }
}

/** Whether the connection can go on after this request was refused: it has to be clear where the next one begins. */
export function canGoOn(head: RequestHead, body: BodyState): boolean {
  const isPersistent = head.version === '1.1' && !head.fields.close
  if (!isPersistent || body === 'partly-read') return false
  if (body === 'read' || head.body === 0) return true
  // A client that waits for 100 Continue may or may not send its body now.
  return head.body <= MAX_BYTES && !hasExpect(head)
}

function hasExpect({ fields }: RequestHead): boolean {
  return fields.list.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'expect')
}
