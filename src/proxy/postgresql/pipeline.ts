/**
 * What a client has sent and the server has not answered yet, in order: whose answer comes next. Follows the rules of the extended protocol: after an error
 * nothing is answered up to the next Sync, and while rows are copied in a Sync is ignored. No sockets.
 *
 * INVARIANT: an answer that nothing asked for is never taken for one of something.
 */

import { BACKEND } from './messages.ts'

export type Kind =
  | 'query'
  | 'parse'
  | 'bind'
  | 'describe-statement'
  | 'describe-portal'
  | 'execute'
  | 'close'
  | 'sync'
  | 'call'
  /** The rows that the client copies in are over: nothing answers it. */
  | 'copy-end'

export interface Sent {
  readonly kind: Kind
  /** Asked by us: the client is not to hear of it. */
  readonly isOwn?: boolean
  /** Of a Sync that the server may have ignored. */
  isDoubtful?: boolean
  /** Nothing answers it any more: the server has skipped it. */
  onSkipped?(): void
}

/** Sent and not answered at once. Clients that pipeline wait for answers before they have that many. */
export const MAX_SENT = 100_000

export class Pipeline<S extends Sent = Sent> {
  #sent: (S | null)[] = []
  #first = 0
  /** The server skips everything up to a Sync that has not been sent yet. */
  #isSkipping = false
  /** Rows are copied in, and the client has not said that they are over. */
  #isCopyingIn = false
  /** Of those in the queue. */
  #copyEnds = 0
  #doubtful = 0

  /** How many wait. */
  get size(): number {
    return this.#sent.length - this.#first
  }

  /** Whose answer comes next; null when nothing is waited for. */
  get head(): S | null {
    return this.#sent[this.#first] ?? null
  }

  send(entry: S): void {
    const { kind } = entry
    if (this.#isSkipping && kind !== 'sync') return entry.onSkipped?.()
    if (kind === 'sync') {
      this.#isSkipping = false
      // One that comes behind such a one may be the first that counts.
      if (this.#isCopyingIn || this.#doubtful > 0) this.#doubt(entry)
    }
    if (kind === 'copy-end') {
      this.#isCopyingIn = false
      this.#copyEnds++
    }
    this.#sent.push(entry)
  }

  /**
   * A message has come from the server.
   *
   * @returns whose answer it is, null where it is nobody's; `fault` when it answers nothing that was sent
   */
  answer(type: number): S | null | 'fault' {
    switch (type) {
      case BACKEND.noticeResponse:
      case BACKEND.notificationResponse:
      case BACKEND.parameterStatus:
        return null
      case BACKEND.parseComplete:
        return this.#end('parse')
      case BACKEND.bindComplete:
        return this.#end('bind')
      case BACKEND.closeComplete:
        return this.#end('close')
      case BACKEND.parameterDescription:
        return this.#is('describe-statement')
      case BACKEND.rowDescription:
        return this.#kind() === 'query'
          ? this.head
          : this.#end('describe-portal', 'describe-statement')
      case BACKEND.noData:
        return this.#end('describe-portal', 'describe-statement')
      case BACKEND.copyInResponse:
        return this.#beginCopyIn()
      case BACKEND.dataRow:
      case BACKEND.copyOutResponse:
      case BACKEND.copyData:
      case BACKEND.copyDone:
        return this.#is('query', 'execute')
      case BACKEND.commandComplete:
      case BACKEND.emptyQueryResponse:
      case BACKEND.portalSuspended:
        return this.#endCommand()
      case BACKEND.functionCallResponse:
        return this.#is('call')
      case BACKEND.readyForQuery:
        return this.#end('query', 'sync', 'call')
      case BACKEND.errorResponse:
        return this.#fail()
      default:
        return 'fault'
    }
  }

  #kind(): Kind | null {
    // Of rows that were over when nobody copied any more, or of a Sync that was ignored, nothing is heard.
    for (;;) {
      const { head } = this
      if (head?.kind !== 'copy-end') return head?.kind ?? null
      this.#shift()
    }
  }

  #is(...kinds: readonly Kind[]): S | 'fault' {
    let kind = this.#kind()
    while (kind === 'sync' && this.head?.isDoubtful && !kinds.includes('sync')) {
      this.#shift()
      kind = this.#kind()
    }
    return kind !== null && kinds.includes(kind) && this.head ? this.head : 'fault'
  }

  #end(...kinds: readonly Kind[]): S | 'fault' {
    const entry = this.#is(...kinds)
    if (entry !== 'fault') this.#shift()
    return entry
  }

  #beginCopyIn(): S | 'fault' {
    const entry = this.#is('query', 'execute')
    if (entry === 'fault') return entry
    this.#isCopyingIn = true
    for (let i = this.#first + 1; i < this.#sent.length; i++) {
      const sent = this.#sent[i]
      if (sent?.kind === 'copy-end') {
        this.#isCopyingIn = false
        break
      }
      if (sent?.kind === 'sync') this.#doubt(sent)
    }
    return entry
  }

  /** Of a query several may end. */
  #endCommand(): S | 'fault' {
    const entry = this.#is('query', 'execute')
    if (entry === 'fault') return entry
    this.#isCopyingIn = false
    if (this.#copyEnds > 0) this.#dropIgnored()
    if (entry.kind === 'execute') this.#shift()
    return entry
  }

  /** What stands between a command and the end of the rows that it has copied in was ignored. */
  #dropIgnored(): void {
    const after = this.#first + 1
    let end = after
    while (this.#sent[end]?.kind === 'sync') end++
    if (this.#sent[end]?.kind !== 'copy-end') return
    for (const dropped of this.#sent.splice(after, end + 1 - after)) this.#discount(dropped)
  }

  #doubt(sync: S): void {
    if (!sync.isDoubtful) this.#doubtful++
    sync.isDoubtful = true
  }

  /** It is in the queue no more. */
  #discount(entry: S | null): void {
    if (entry?.kind === 'copy-end') this.#copyEnds--
    if (entry?.isDoubtful) this.#doubtful--
  }

  /** What belongs to the same series is skipped. @returns what has failed */
  #fail(): S | null {
    this.#isCopyingIn = false
    const kind = this.#kind()
    const failed = this.head
    if (kind === null || kind === 'query' || kind === 'sync' || kind === 'call') return failed
    while (this.size > 0 && this.head?.kind !== 'sync') this.#shift()?.onSkipped?.()
    this.#isSkipping = this.size === 0
    return failed
  }

  #shift(): S | null {
    const entry = this.#sent[this.#first] ?? null
    this.#discount(entry)
    this.#sent[this.#first++] = null
    if (this.#first === this.#sent.length) {
      this.#sent.length = 0
      this.#first = 0
    } else if (this.#first > 1_024) {
      this.#sent.splice(0, this.#first)
      this.#first = 0
    }
    return entry
  }
}
