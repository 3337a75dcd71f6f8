/**
 * The audit port of a process that serves: everything goes to the process that holds the log, once for each turn of the event loop.
 *
 * INVARIANT: as with the log itself, a number is handed out only for a row that is in the database; when the other process is gone there
 * are no numbers any more.
 */

import type { Socket } from 'node:net'
import type {
  AdminRecord,
  DecisionContext,
  DecisionRecord,
  OutcomeRecord,
} from '../../model/audit-record.ts'
import { AuditUnavailable } from '../../model/errors.ts'
import type { FlowId } from '../../model/flow.ts'
import { withKeptRedactions } from '../redactions.ts'
import { type Answers, type Batch, type DecisionLine, type Id, readLines } from './wire.ts'

interface Waiting {
  readonly resolve: (flow: FlowId) => void
  readonly reject: (error: Error) => void
}

/** An outcome waits this long, in milliseconds, for something else to go with. */
const OUTCOME_DELAY_MS = 10
/** Contexts the other side is asked to remember at a time. */
const MAX_CONTEXTS = 10_000

export class AuditClient {
  readonly #channel: Socket
  readonly #waiting = new Map<Id, Waiting>()
  #contexts: Batch['contexts'][number][] = []
  #decisions: DecisionLine[] = []
  #outcomes: Batch['outcomes'][number][] = []
  #notes: Batch['notes'][number][] = []
  #known = new WeakMap<DecisionContext, Id>()
  #knownCount = 0
  #forget = false
  #lastId = 0
  #turn: NodeJS.Immediate | null = null
  #later: NodeJS.Timeout | null = null
  #gone = false

  constructor(channel: Socket) {
    this.#channel = channel
    readLines(channel, (line) => this.#onAnswers(JSON.parse(line) as Answers))
    channel.on('error', () => {})
    channel.on('close', () => this.#onGone())
  }

  /** Decisions that have no number yet, and outcomes that have not been sent. */
  get queued(): number {
    return this.#waiting.size + this.#outcomes.length
  }

  decide(
    { context, at, method, path, protocol, statement, ending }: DecisionRecord,
    durable: boolean,
  ): Promise<FlowId> {
    return this.#ask((id) => {
      const end = ending && withKeptRedactions(ending)
      const of = this.#idOf(context)
      const line: unknown[] = [id, of, at, method, path, protocol, durable ? 1 : 0, end]
      if (statement) line.push(statement)
      this.#decisions.push(line as unknown as DecisionLine)
    })
  }

  settle({ flow, at, ending }: OutcomeRecord): void {
    this.#outcomes.push([flow, at, withKeptRedactions(ending)])
    this.#later ??= setTimeout(() => this.#flush(), OUTCOME_DELAY_MS)
  }

  async note(record: AdminRecord): Promise<void> {
    await this.#ask((id) => this.#notes.push([id, record]))
  }

  /** Resolves when everything has been taken over by the log. */
  async close(): Promise<void> {
    this.#flush()
    await new Promise<void>((resolve) => {
      if (this.#gone) return resolve()
      this.#channel.once('close', () => resolve())
      this.#channel.end()
    })
  }

  #ask(add: (id: Id) => void): Promise<FlowId> {
    if (this.#gone) return Promise.reject(new AuditUnavailable(GONE))
    const id = ++this.#lastId
    add(id)
    this.#turn ??= setImmediate(() => this.#flush())
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  #idOf(context: DecisionContext): Id {
    let id = this.#known.get(context)
    if (id === undefined) {
      id = this.#knownCount++
      this.#known.set(context, id)
      this.#contexts.push([id, toPlain(context)])
    }
    return id
  }

  #flush(): void {
    if (this.#turn) clearImmediate(this.#turn)
    if (this.#later) clearTimeout(this.#later)
    this.#turn = null
    this.#later = null
    const batch: Batch = {
      ...(this.#forget ? { forget: true } : {}),
      contexts: this.#contexts,
      decisions: this.#decisions,
      outcomes: this.#outcomes,
      notes: this.#notes,
    }
    this.#forget = this.#knownCount >= MAX_CONTEXTS
    if (this.#forget) {
      this.#known = new WeakMap()
      this.#knownCount = 0
    }
    this.#contexts = []
    this.#decisions = []
    this.#outcomes = []
    this.#notes = []
    if (!this.#gone) this.#channel.write(`${JSON.stringify(batch)}\n`)
  }

  #onAnswers(answers: Answers): void {
    for (const [id, answer] of answers) {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (typeof answer === 'number') waiting?.resolve(answer)
      else waiting?.reject(new AuditUnavailable(answer))
    }
  }

  #onGone(): void {
    this.#gone = true
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(new AuditUnavailable(GONE))
  }
}

const GONE = 'the process that writes the log is gone'

/** What is written down of it, and nothing else. */
function toPlain(context: DecisionContext): DecisionContext {
  const { flow, authority, destination, verdict, policyDigest, enforced, hold, would } = context
  const { action, code, placement, rule, because, reason } = verdict
  return {
    flow,
    authority,
    destination: destination && { regions: destination.regions, evidence: destination.evidence },
    verdict: { action, code, placement, rule, because, reason },
    policyDigest,
    enforced,
    hold: hold && { id: hold.id, grant: hold.grant, approvers: hold.approvers },
    would,
  }
}
