/**
 * What is said on one connection to a database, judged statement by statement before it leaves. For each protocol the same: it reads what is
 * said and gives its kinds and its normalised text, in which placeholders stand for all values.
 *
 *   const released = judge.known(said) ?? (await judge.judge(said))
 *   if ('refusal' in released) …       // say so in the words of the protocol; not one byte of it goes out
 *   released.times++                   // sent; what has to be taken out: `released.permit.plan`
 *   if (released.isOnce) judge.settle(released)   // when all of its answer has come
 *   …
 *   judge.end()                        // the connection has ended
 *
 * `known` is asked each time, also for a statement that was prepared: it does not know any more what was judged under another policy, and knows nothing when
 * it is time to see who is there. It costs about a microsecond. One statement at a time: the next one is read when this one is decided.
 *
 * INVARIANT: nothing is released but with a row in the log, and what a person gave leave for once is sent once.
 */

import { hash } from 'node:crypto'
import type { Admission } from '../../admission.ts'
import type { Agent } from '../../model/agent.ts'
import type { Problem } from '../../model/errors.ts'
import type { Redaction } from '../../model/finding.ts'
import type { Fault, Flow, RequestLine } from '../../model/flow.ts'
import { type Refusal, refuseByProblem } from '../../model/refusal.ts'
import type { HeadView } from '../../model/request-view.ts'
import { judge, type Permit } from '../../release.ts'
import { HeldRequest } from '../exchange/held-request.ts'
import { EMPTY_BODY } from '../exchange/peek.ts'
import type { ProxyContext } from '../proxy.ts'

export interface Said {
  /** What it does, as rules name it: `drop table` and `drop`. The first one is what it is called; at least one. Null where nobody can tell. */
  readonly kinds: ReadonlySet<string> | null
  /** All of it without values. Equal texts have equal kinds. */
  readonly text: string
  readonly database: string | null
  /** Kinds of data in its values, and their classes; null or left out where nobody has looked. What differs in that is another statement. */
  readonly data?: ReadonlySet<string> | null
  /** Finds out what `data` is; asked where rules want to know, and it is left out. */
  look?(): ReadonlySet<string> | null
}

/** A statement that may go out, and what became of it so far: whoever sends it counts. */
export interface Released {
  readonly permit: Permit
  /** It may go out this once, and is not known again. */
  readonly isOnce: boolean
  /** How often it was sent. */
  times: number
  /** Rows that were answered. */
  rows: number
  bytesOut: number
  bytesIn: number
  /** What was taken out, by what and where. */
  readonly redactions: Map<string, Redaction>
}

export interface JudgeOptions {
  readonly context: Pick<ProxyContext, 'enforcer' | 'policy' | 'deadlines'>
  /** For the connection itself; its flow says that all of it is read. */
  readonly connection: Permit
  readonly protocol: 'postgresql' | 'redis'
  readonly dialedIp: string
  /** Whether what rules want to know of the values, or take out of them or of answers, is beyond this protocol: then `on_unscannable` decides. */
  readonly unread: { readonly out: boolean; readonly in: boolean }
  /** Who is there now: people take their time to decide. */
  identify(): Promise<Agent | Problem>
  /** Aborts when the client has left. */
  gone(): AbortSignal
  /** Leave has ended under which a statement is under way: the connection has to end. */
  onLeaseEnd(): void
}

/** Statements remembered of one connection; of more than these the ones that were not used for the longest time are judged anew. */
const MAX_KNOWN = 500
/** Milliseconds for which a caller is who they were: tokens expire, and are revoked. */
const SURE_MS = 1_000
/** Characters of a statement that are written down. */
const MAX_TEXT = 1_900

export class StatementJudge {
  readonly #options: JudgeOptions
  /** Oldest use first. */
  readonly #known = new Map<string | symbol, Released>()
  /** Leave that has to last, each with the number of statements that go on under it. */
  readonly #leases = new Map<AbortSignal, number>()
  /** Under which they were judged. */
  #policy: ReturnType<ProxyContext['policy']>
  #agent: Agent
  #sureUntil: number
  #isOver = false
  #looksInside: boolean
  #looksAtData: boolean
  /** Mostly the same comes again. */
  #last: { readonly said: Said; readonly released: Released } | null = null
  /** What the last one was about besides its text, and how that stands in its key: mostly it stays so. */
  #place: Place = { database: null, data: null, prefix: '\n\n' }

  constructor(options: JudgeOptions) {
    this.#options = options
    const { assessment, flow } = options.connection.admission
    this.#policy = assessment.policy
    this.#agent = flow.agent
    this.#sureUntil = options.context.deadlines.now + SURE_MS
    const { enforcer } = options.context
    this.#looksInside = enforcer.looksInside(options.connection.admission)
    this.#looksAtData = !options.unread.out && enforcer.judgesBody(options.connection.admission)
  }

  /** Whether rules want to know what is in values, or take something out of them, as far as was seen: it may change with the policy. */
  get looksInside(): boolean {
    return this.#looksInside
  }

  /** One that passes and has been judged already, under the policy that is in force. */
  known(said: Said): Released | null {
    const { policy, deadlines } = this.#options.context
    if (policy() !== this.#policy) this.#judgeAnew(policy(), this.#agent)
    if (deadlines.now > this.#sureUntil) return null
    if (said === this.#last?.said) return this.#last.released
    const released = this.#find(this.#looksAtData ? withData(said) : said)
    this.#last = released && !released.isOnce ? { said, released } : null
    return released
  }

  #find(said: Said): Released | null {
    const key = this.#keyOf(said)
    const released = this.#known.get(key)
    if (!released) return null
    this.#known.delete(key)
    this.#known.set(key, released)
    return released
  }

  /**
   * Decides, writes it down, and waits for a person where the policy says so. Never rejects.
   *
   * @param unfit why what a rule takes out cannot be taken out of this one; null where it can
   */
  async judge(
    given: Said,
    unfit: string | null = null,
  ): Promise<Released | { readonly refusal: Refusal }> {
    const { context, connection, identify, gone, unread } = this.#options
    const { enforcer, policy, deadlines } = context
    const { flow: first, destination } = connection.admission
    const { authority } = destination
    let said = given
    let line = this.#toLine(said)
    const what = JSON.stringify([said.database, said.text])
    const waiting = new HeldRequest(what, null, EMPTY_BODY, gone)
    for (;;) {
      const agent = await identify()
      if ('code' in agent) return { refusal: await enforcer.refuse(first, authority, agent, line) }
      if (policy() !== this.#policy || !isSame(agent, this.#agent)) this.#judgeAnew(policy(), agent)
      this.#sureUntil = deadlines.now + SURE_MS
      const flow = isSame(agent, first.agent) ? first : { ...first, agent }
      const isCurrent = flow === first && policy() === connection.admission.assessment.policy
      const admission = isCurrent ? connection.admission : await enforcer.admit(flow, authority)
      this.#looksInside = enforcer.looksInside(admission)
      this.#looksAtData = !unread.out && enforcer.judgesBody(admission)
      if (this.#looksAtData) said = withData(said)
      const known = unfit === null ? this.#find(said) : null
      if (known) return known
      line = this.#toLine(said)
      const { fault = null } =
        unread.out && this.#looksInside
          ? (await enforcer.inspect(admission, line, null, NO_HEAD)).line
          : unfit === null
            ? line
            : { fault: toFault(admission, line, unfit) }
      const { leave } = connection
      const released = await enforcer.releaseOrWait(admission, { ...line, fault }, waiting, leave)
      if (released === 'again') continue
      if ('refusal' in released) return released
      return unread.in && isUnreadable(released.permit)
        ? this.#refuseUnread(released.permit)
        : this.#keep(said, released.permit, unfit !== null)
    }
  }

  /** All of its answer has come: what became of it is written down. For one that may go out once. */
  settle(released: Released): void {
    for (const [key, entry] of this.#known) if (entry === released) this.#forget(key, entry)
    const { lease } = released.permit
    const others = lease ? (this.#leases.get(lease) ?? 1) - 1 : 0
    if (lease && others > 0) this.#leases.set(lease, others)
    else if (lease) this.#drop(lease)
  }

  /** The same for all. What is being decided may not go any more, whatever is said of it. */
  end(): void {
    this.#isOver = true
    for (const [key, entry] of this.#known) this.#forget(key, entry)
    for (const lease of this.#leases.keys()) this.#drop(lease)
  }

  /** What goes on under leave goes on; what comes is judged. */
  #judgeAnew(policy: ReturnType<ProxyContext['policy']>, agent: Agent): void {
    for (const [key, entry] of this.#known) this.#forget(key, entry)
    this.#policy = policy
    this.#agent = agent
  }

  /** Not the same for different databases or data: neither has a line break in it as it is put before the text. */
  #keyOf({ text, database, data = null }: Said): string {
    if (database !== this.#place.database || data !== this.#place.data) {
      const about = data ? JSON.stringify([...data].sort()) : ''
      const prefix = `${about}\n${database === null ? '' : JSON.stringify(database)}\n`
      this.#place = { database, data, prefix }
    }
    return this.#place.prefix + (text.length > MAX_TEXT ? `\0${hash('sha256', text, 'hex')}` : text)
  }

  #toLine({ kinds, text, database, data = null }: Said): RequestLine {
    const [name = ''] = kinds ?? []
    const { protocol, connection } = this.#options
    return {
      method: kinds && name.toUpperCase(),
      path:
        kinds === null || database === null
          ? null
          : `/${encodeURIComponent(database.toWellFormed())}`,
      protocol,
      data,
      statements: kinds,
      statement: { connection: connection.id, database, text: toShown(text) },
    }
  }

  #refuseUnread(permit: Permit): { readonly refusal: Refusal } {
    const { context, dialedIp } = this.#options
    const { id, admission } = permit
    const ending = { outcome: 'blocked', error: UNREADABLE.code } as const
    context.enforcer.settle(permit, { ...NOTHING_SENT, ...ending, dialedIp })
    return { refusal: refuseByProblem(id, UNREADABLE, admission.destination.authority) }
  }

  /** @param isUnfit it may go as it is, and others like it may not */
  #keep(said: Said, permit: Permit, isUnfit: boolean): Released {
    const { connection, onLeaseEnd } = this.#options
    const isOnce = permit.leave !== null && permit.leave !== connection.leave
    const counts = { times: 0, rows: 0, bytesOut: 0, bytesIn: 0 }
    const released: Released = { permit, isOnce, ...counts, redactions: new Map() }
    // It was judged under what holds no more: it may go, and is not known.
    const isStale = isUnfit || permit.admission.assessment.policy !== this.#policy
    const key = isOnce || isStale ? Symbol('once') : this.#keyOf(said)
    for (const [oldest, entry] of this.#known) {
      if (this.#known.size < MAX_KNOWN) break
      this.#forget(oldest, entry)
    }
    this.#known.set(key, released)
    if (this.#isOver) this.#forget(key, released)
    const { lease } = permit
    if (isOnce && lease && !this.#isOver) {
      this.#leases.set(lease, (this.#leases.get(lease) ?? 0) + 1)
      lease.addEventListener('abort', onLeaseEnd)
      if (lease.aborted) onLeaseEnd()
    }
    return released
  }

  #drop(lease: AbortSignal): void {
    this.#leases.delete(lease)
    lease.removeEventListener('abort', this.#options.onLeaseEnd)
  }

  /** What became of it is written down; leave under which it goes on has to last all the same. */
  #forget(key: string | symbol, released: Released): void {
    const { context, dialedIp } = this.#options
    this.#known.delete(key)
    if (this.#last?.released === released) this.#last = null
    const { permit, times, rows, bytesOut, bytesIn, redactions } = released
    context.enforcer.settle(permit, {
      ...NOTHING_SENT,
      outcome: times > 0 ? 'forwarded' : 'cancelled',
      ...{ dialedIp, bytesOut, bytesIn },
      repeated: { times, rows },
      ...(redactions.size > 0 ? { redactions: [...redactions.values()] } : {}),
    })
  }
}

interface Place extends Required<Pick<Said, 'database' | 'data'>> {
  readonly prefix: string
}

function withData(said: Said): Said {
  return said.data === undefined && said.look ? { ...said, data: said.look() } : said
}

/** In the name of the rules that take something out of it. */
function toFault(admission: Admission, line: RequestLine, unfit: string): Fault {
  const { policy, candidates } = admission.assessment
  const { rules } = judge(admission, line)
  const asking = candidates
    .filter(({ id, redact, observed }) => !observed && redact?.out.size && rules.includes(id))
    .map(({ id, because }) => ({ id, because }))
  const who = `rule ${asking.map(({ id }) => `\`${id}\``).join(', ')}`
  const detail = `${who} takes data out of such statements, and cannot from this one: ${unfit}`
  const mayAsk = policy.onUnscannable.out === 'hold'
  return { code: 'body-unscannable', detail, rules: asking, mayAsk }
}

/** What rules take out of answers where nobody can read them. */
export const UNREADABLE: Problem = {
  code: 'answer-unscannable',
  detail: 'a rule takes data out of what the destination says, and nobody can read that here',
}

function isUnreadable({ redact, admission }: Permit): boolean {
  const { onUnscannable } = admission.assessment.policy
  return redact !== null && redact.size > 0 && onUnscannable.in === 'block'
}

const NOTHING_SENT = {
  ...{ outcome: 'cancelled', status: null, dialedIp: null, bytesOut: 0, bytesIn: 0, error: null },
  repeated: { times: 0, rows: 0 },
} as const

const NO_HEAD: HeadView = { target: '', fields: [], header: () => [] }

function isSame(one: Agent, other: Flow['agent']): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

function toShown(text: string): string {
  if (text.length <= MAX_TEXT) return text.toWellFormed()
  return `${text.slice(0, MAX_TEXT).toWellFormed()}… (SHA-256 ${hash('sha256', text, 'hex')})`
}
