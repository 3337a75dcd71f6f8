/**
 * The other end of an `AuditClient`: writes into the one log what a serving process says, and knows which of its flows are under way. When
 * the process is gone, whatever way it went, they have ended with it.
 */

import type { Socket } from 'node:net'
import type { DecisionContext, Ending } from '../../model/audit-record.ts'
import type { FlowId } from '../../model/flow.ts'
import { INTERRUPTED_ENDING } from '../interrupted.ts'
import type { AuditLog } from '../log.ts'
import { type Answers, type Batch, type DecisionLine, type Id, readLines } from './wire.ts'

export interface AuditServerOptions {
  readonly log: Pick<AuditLog, 'decide' | 'settle' | 'note'>
  now(): number
  /** A decision has got its number. */
  onDecision(flow: FlowId, context: DecisionContext, path: string | null): void
  /** A flow has no end and is recorded as failed. */
  onInterrupted(context: DecisionContext): void
  /** @param error what should not have happened */
  onError(error: unknown): void
}

export interface AuditServer {
  /** Flows of the process that have no end yet. */
  readonly open: number
  /** Resolves when the process is gone. @returns how many flows had no end, and are recorded as failed */
  readonly gone: Promise<number>
}

export function serveAudit(channel: Socket, options: AuditServerOptions): AuditServer {
  const service = new Service(channel, options)
  const gone = new Promise<number>((resolve) => {
    channel.on('close', () => resolve(service.end()))
  })
  return {
    get open() {
      return service.open.size
    },
    gone,
  }
}

class Service {
  readonly open = new Map<FlowId, DecisionContext>()
  readonly #channel: Socket
  readonly #options: AuditServerOptions
  readonly #contexts = new Map<Id, DecisionContext>()
  #answers: Answers[number][] = []
  #turn: NodeJS.Immediate | null = null
  #ended = false

  constructor(channel: Socket, options: AuditServerOptions) {
    this.#channel = channel
    this.#options = options
    channel.on('error', () => {})
    readLines(channel, (line) => {
      try {
        this.#take(JSON.parse(line) as Batch)
      } catch (error) {
        options.onError(error)
        channel.destroy()
      }
    })
  }

  end(): number {
    this.#ended = true
    for (const [flow, context] of this.open) this.#interrupt(flow, context)
    const { size } = this.open
    this.open.clear()
    return size
  }

  #take({ forget, contexts, decisions, outcomes, notes }: Batch): void {
    const { log } = this.#options
    if (forget) this.#contexts.clear()
    for (const [id, context] of contexts) this.#contexts.set(id, context)
    for (const [flow, at, ending] of outcomes) {
      this.open.delete(flow)
      log.settle({ flow, at, ending })
    }
    for (const decision of decisions) this.#decide(decision)
    for (const [id, record] of notes) {
      log.note(record).then(() => this.#answer(id, 0), this.#refuser(id))
    }
  }

  #decide([
    id,
    contextId,
    at,
    method,
    path,
    protocol,
    durable,
    ending,
    statement,
  ]: DecisionLine): void {
    const { log, onDecision } = this.#options
    const context = this.#contexts.get(contextId)
    if (!context) throw new Error(`a decision names context ${contextId}, which was never told of`)
    const said = statement ? { statement } : {}
    const record = { context, at, method, path, protocol, ...said, ending }
    log.decide(record, durable === 1).then((flow) => {
      if (ending === null) this.#begin(flow, context)
      onDecision(flow, context, path)
      this.#answer(id, flow)
    }, this.#refuser(id))
  }

  /** The process may have gone while its decision was being written. */
  #begin(flow: FlowId, context: DecisionContext): void {
    if (this.#ended) this.#interrupt(flow, context)
    else this.open.set(flow, context)
  }

  #interrupt(flow: FlowId, context: DecisionContext): void {
    const ending: Ending = INTERRUPTED_ENDING
    this.#options.log.settle({ flow, at: this.#options.now(), ending })
    this.#options.onInterrupted(context)
  }

  #refuser(id: Id) {
    return (error: Error) => this.#answer(id, error.message)
  }

  #answer(id: Id, answer: FlowId | string): void {
    this.#answers.push([id, answer])
    this.#turn ??= setImmediate(() => {
      this.#turn = null
      const answers = this.#answers
      this.#answers = []
      if (this.#channel.writable) this.#channel.write(`${JSON.stringify(answers)}\n`)
    })
  }
}
