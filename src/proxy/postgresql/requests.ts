/**
 * What a client of PostgreSQL asks for: statements are judged before they leave. One that is refused leaves as a word that is no SQL, so that the
 * server itself ends the series and the transaction as for any error; the client hears ours in place of its own.
 */

import { randomBytes } from 'node:crypto'
import type { Problem } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { Released, Said } from '../statements/judge.ts'
import {
  type Bind,
  type BoundValues,
  readBind,
  readBoundValues,
  readTypes,
} from './bound-values.ts'
import type { Asked, Conversation, Onward, Refused } from './conversation.ts'
import { type CopyText, openCopiedRows } from './copied-rows.ts'
import { FRONTEND, HEAD, readText, toInt16, toMessage } from './messages.ts'
import { MAX_SENT } from './pipeline.ts'
import { addFound, RowsRedactor } from './rows.ts'
import { type Statement, TYPE_BYTES } from './statements.ts'

type Sending = Pick<Statement, 'isHarmless' | 'renames'>
type Verdict = Released | { readonly refusal: Refusal }

export class Requests {
  readonly #conversation: Conversation
  /** A Describe of a portal, and nothing was sent behind it. */
  #described: { readonly portal: Buffer; readonly entry: Asked } | null = null

  constructor(conversation: Conversation) {
    this.#conversation = conversation
  }

  /** @param isPart whether only its beginning was seen */
  ask(type: number, message: Buffer, isPart: boolean): Onward | Promise<Onward> {
    const described = this.#described
    this.#described = null
    this.#conversation.statements.ask()
    if (this.#conversation.pipeline.size >= MAX_SENT) {
      return this.#refuseForm('more is asked for than can wait for answers')
    }
    switch (type) {
      case FRONTEND.query:
        return this.#query(message)
      case FRONTEND.parse:
        return this.#parse(message)
      case FRONTEND.bind:
        return this.#bind(message, isPart)
      case FRONTEND.describe:
        return this.#describe(message)
      case FRONTEND.close:
        return this.#close(message)
      case FRONTEND.execute:
        return this.#execute(message, described)
      case FRONTEND.functionCall:
        return this.#call(message)
      case FRONTEND.copyData:
        return this.#conversation.copyIn.push(message)
      case FRONTEND.copyDone:
        return this.#copyDone(message)
      default:
        return true
    }
  }

  /** It goes on as it is. */
  asked(type: number): void {
    const { pipeline, prepared, portals, statements, keeper, copyIn } = this.#conversation
    this.#described = null
    statements.ask()
    switch (type) {
      case FRONTEND.sync:
        prepared.endSeries()
        portals.endSeries()
        return pipeline.send({ kind: 'sync' })
      case FRONTEND.copyDone:
      case FRONTEND.copyFail:
        copyIn.end()
        return pipeline.send({ kind: 'copy-end' })
      case FRONTEND.terminate:
        return keeper.onGoodbye()
    }
  }

  #query(message: Buffer): Onward | Promise<Onward> {
    const text = readText(message, HEAD)
    if (!text || HEAD + text.length + 1 !== message.length) return this.#misread()
    const statement = this.#readStatement(text)
    const { said, copy } = statement
    return this.#release(said, text, copy, (verdict, now) => {
      if ('refusal' in verdict) return this.#queryRefused(verdict.refusal)
      const rows = this.#count(verdict, statement, message.length, copy)
      const entry: Asked = { kind: 'query', released: verdict, rows, copy }
      if (copy) this.#conversation.copyIn.announce(entry)
      this.#conversation.pipeline.send(entry)
      return now === text || toMessage(FRONTEND.query, now, ZERO)
    })
  }

  #queryRefused(refusal: Refusal): Buffer {
    const refused = toRefused(refusal)
    this.#conversation.pipeline.send({ kind: 'query', refused })
    return toMessage(FRONTEND.query, refused.nonce, ZERO)
  }

  #parse(message: Buffer): Onward | Promise<Onward> {
    const name = readText(message, HEAD)
    const text = name && readText(message, HEAD + name.length + 1)
    if (!text) return this.#misread()
    const behind = HEAD + name.length + text.length + 2
    const types = readTypes(message, behind)
    if (!types) return this.#misread()
    const { prepared, pipeline } = this.#conversation
    const statement = this.#readStatement(text)
    statement.parameters.types = types
    statement.weight += types.length * TYPE_BYTES
    return this.#release(statement.said, text, statement.copy, (verdict, now) => {
      if ('refusal' in verdict) return this.#parseRefused(name, verdict.refusal)
      if (verdict.isOnce) statement.leave = verdict
      prepared.give(name, statement)
      const onSkipped = () => prepared.drop(name, statement)
      pipeline.send({ kind: 'parse', name, given: statement, onSkipped })
      if (now === text) return true
      return toMessage(FRONTEND.parse, name, ZERO, now, ZERO, message.subarray(behind))
    })
  }

  #parseRefused(name: Buffer | string, refusal: Refusal): Buffer {
    const refused = toRefused(refusal)
    this.#conversation.pipeline.send({ kind: 'parse', refused })
    return toMessage(FRONTEND.parse, name, ZERO, refused.nonce, ZERO, toInt16(0))
  }

  #bind(message: Buffer, isPart: boolean): Onward | Promise<Onward> {
    const bind = readBind(message)
    if (!bind) return this.#misread()
    const { prepared, statements } = this.#conversation
    // What is not known is not known by the portal either.
    const statement = prepared.get(bind.statement) ?? statements.unseen()
    const isOpen = this.#conversation.judge.looksInside
    return isOpen ? this.#bindRead(message, bind, statement, isPart) : this.#bound(bind, statement)
  }

  /** Values of a statement may be what rules are about. */
  #bindRead(
    message: Buffer,
    bind: Bind,
    statement: Statement,
    isPart: boolean,
  ): Onward | Promise<Onward> {
    const bound = isPart ? null : readBoundValues(message, bind, statement.parameters)
    if (!bound && !isPart) return this.#misread()
    const said = bound ? this.#withValues(statement.said, bound) : statement.said
    const { leave } = statement
    const send = (verdict: Verdict, values: Buffer | null): Onward => {
      if ('refusal' in verdict) return this.#parseRefused(toNonce(), verdict.refusal)
      this.#bound(bind, { ...statement, said, leave: verdict.isOnce ? verdict : null })
      return values === null || values === bound?.values || (bound?.with(values) ?? true)
    }
    // It was let pass as it is, once.
    statement.leave = null
    if (leave) return send(leave, null)
    return this.#judge(said, (verdict) => {
      if ('refusal' in verdict || !verdict.permit.plan?.out.size) return send(verdict, null)
      if (!bound) return this.#unfit(said, verdict, TOO_LATE, (other) => send(other, null))
      const { permit, redactions } = verdict
      const agent = permit.admission.flow.agent.id
      const { out } = verdict.permit.plan
      const inspector = this.#conversation.inspectorFor(permit)
      const redactor = inspector.openValues('out', bound.columns, out, agent)
      const now = redactor.push(bound.values)
      if (now === null || redactor.isPartial) {
        return this.#unfit(said, verdict, UNREAD, (other) => send(other, now))
      }
      addFound(redactions, 'out', redactor.found)
      return send(verdict, now)
    })
  }

  #bound({ portal }: Bind, statement: Statement): true {
    const { portals, pipeline } = this.#conversation
    portals.give(portal, statement)
    const onSkipped = () => portals.drop(portal, statement)
    pipeline.send({ kind: 'bind', name: portal, given: statement, onSkipped })
    return true
  }

  #withValues(said: Said, { columns, values }: BoundValues): Said {
    const { statements } = this.#conversation
    let known: ReadonlySet<string> | null | undefined
    const look = () => {
      if (known !== undefined) return known
      const inText = said.look?.() ?? null
      const inValues = inText && statements.inspector.lookAtValues(columns, values)
      known = inText && inValues ? inText.union(inValues) : null
      return known
    }
    return { ...said, look }
  }

  #describe(message: Buffer): Onward {
    const target = readTarget(message)
    if (!target) return this.#misread()
    const { isPortal, name } = target
    const entry: Asked = isPortal
      ? { kind: 'describe-portal' }
      : { kind: 'describe-statement', statement: this.#conversation.prepared.get(name) }
    if (isPortal) this.#described = { portal: name, entry }
    this.#conversation.pipeline.send(entry)
    return true
  }

  #close(message: Buffer): Onward {
    const target = readTarget(message)
    if (!target) return this.#misread()
    this.#conversation.pipeline.send({ kind: 'close', ...target })
    return true
  }

  #execute(
    message: Buffer,
    described: { readonly portal: Buffer; readonly entry: Asked } | null,
  ): Onward | Promise<Onward> {
    const portal = readText(message, HEAD)
    if (!portal || HEAD + portal.length + 5 !== message.length) return this.#misread()
    const { portals, statements, pipeline } = this.#conversation
    const statement = portals.get(portal) ?? statements.unseen()
    const send = (verdict: Verdict): Onward => {
      // Under a name of its own: what the client has prepared stays.
      if ('refusal' in verdict) return this.#parseRefused(toNonce(), verdict.refusal)
      const { copy } = statement
      const rows = this.#count(verdict, statement, message.length, copy)
      const entry: Asked = { kind: 'execute', released: verdict, rows, copy }
      if (copy) this.#conversation.copyIn.announce(entry)
      // Once its answer has come it is too late for that.
      const isDescribed = pipeline.size > 0 && (described?.portal.equals(portal) ?? false)
      if (rows && !isDescribed) {
        // What its rows are has to be known, and nobody has asked.
        pipeline.send({ kind: 'describe-portal', isOwn: true, describes: entry })
        pipeline.send(entry)
        return Buffer.concat([toMessage(FRONTEND.describe, 'P', portal, ZERO), message])
      }
      if (described && isDescribed) described.entry.describes = entry
      pipeline.send(entry)
      return true
    }
    const { leave } = statement
    if (!leave) return this.#judge(statement.said, send)
    // What a person has let pass once runs once.
    statement.leave = null
    return send(leave)
  }

  /** A function by its number, with its arguments: no statement at all. */
  #call(message: Buffer): Onward | Promise<Onward> {
    const { pipeline, statements } = this.#conversation
    const said = statements.unread(message)
    const send = (verdict: Verdict): Onward => {
      if ('refusal' in verdict) return this.#queryRefused(verdict.refusal)
      const rows = this.#count(verdict, UNSEEN, message.length)
      pipeline.send({ kind: 'call', released: verdict, rows })
      return true
    }
    return this.#judge(said, (verdict) => {
      if ('refusal' in verdict || !verdict.permit.plan?.out.size) return send(verdict)
      return this.#unfit(said, verdict, UNREAD, send)
    })
  }

  #readStatement(text: Buffer): Statement {
    const { statements, judge } = this.#conversation
    return statements.read(text, judge.looksInside)
  }

  #judge(
    said: Said,
    then: (verdict: Verdict) => Onward | Promise<Onward>,
  ): Onward | Promise<Onward> {
    const { judge, keeper } = this.#conversation
    const known = judge.known(said)
    if (known) return then(known)
    return judge.judge(said).then((verdict) => {
      // The policy may want more now than when the session began.
      if (judge.looksInside) keeper.onReading()
      return then(verdict)
    })
  }

  /** A text, without what is taken out of its literals. */
  #release(
    said: Said,
    text: Buffer,
    copy: CopyText | null,
    then: (verdict: Verdict, now: Buffer) => Onward,
  ): Onward | Promise<Onward> {
    return this.#judge(said, (verdict) => {
      if ('refusal' in verdict || !verdict.permit.plan?.out.size) return then(verdict, text)
      const { permit, redactions } = verdict
      const { statements, inspectorFor } = this.#conversation
      const { out } = verdict.permit.plan
      const agent = permit.admission.flow.agent.id
      const replaced = inspectorFor(permit).redactStatement(text, statements.isSafe, out, agent)
      const rows = openCopiedRows(inspectorFor(permit), 'out', copy, out, agent)
      const isRead = rows !== null || !said.kinds?.has('copy from')
      const unfit = replaced.problem ? PROBLEMS[replaced.problem] : whyUnread(said, isRead)
      if (unfit) return this.#unfit(said, verdict, unfit, (other) => then(other, text))
      addFound(redactions, 'out', replaced.found)
      return then(verdict, replaced.bytes ?? text)
    })
  }

  /** What has to be taken out cannot be: the policy says what becomes of it. */
  #unfit(
    said: Said,
    verdict: Released,
    why: string,
    then: (verdict: Verdict) => Onward,
  ): Onward | Promise<Onward> {
    const { policy } = verdict.permit.admission.assessment
    if (verdict.isOnce || policy.onUnscannable.out === 'pass') return then(verdict)
    return this.#conversation.judge.judge(said, why).then(then)
  }

  /** It goes out. @returns what its rows go through; null where they stay as they are */
  #count(
    released: Released,
    sent: Sending,
    bytes: number,
    copy: CopyText | null = null,
  ): RowsRedactor | null {
    const conversation = this.#conversation
    released.times++
    released.bytesOut += bytes
    if (conversation.statements.send(sent)) conversation.prepared.clear()
    const { permit, redactions } = released
    if (!permit.redact) return null
    if (!conversation.redacting) conversation.keeper.onRedacting()
    conversation.redacting = released
    return new RowsRedactor(conversation.inspectorFor(permit), permit, redactions, copy)
  }

  /** What of the rows was not sent yet goes before it. */
  #copyDone(message: Buffer): Buffer | boolean {
    const rest = this.#conversation.copyIn.end()
    this.#conversation.pipeline.send({ kind: 'copy-end' })
    return rest === null || Buffer.concat([rest, message])
  }

  #misread(): false {
    return this.#refuseForm('a message has not the form of its type')
  }

  #refuseForm(detail: string): false {
    const problem: Problem = { code: 'request-statement', detail }
    return this.#conversation.fail(problem, 'client')
  }
}

/** Of what nobody can tell what it does. */
const UNSEEN: Sending = { isHarmless: false, renames: false }
const UNREAD = 'it cannot be read'
const TOO_LATE = 'it was sent before the rule was there'
const PROBLEMS = {
  form: 'it cannot be told what is a literal in it',
  fixed: 'something is in a number, a name or a comment, or where it cannot be replaced',
} as const

/** @param isRead whether rows that are copied in behind it can be read */
function whyUnread({ kinds }: Said, isRead: boolean): string | null {
  return kinds === null || !isRead ? UNREAD : null
}

const ZERO = Buffer.alloc(1)
const PORTAL = 0x50
const STATEMENT = 0x53

/** Of a Describe or a Close; null where it is none. */
function readTarget(message: Buffer): { readonly isPortal: boolean; readonly name: Buffer } | null {
  const kind = message[HEAD]
  const name = readText(message, HEAD + 1)
  if (!name || HEAD + name.length + 2 !== message.length) return null
  return kind === PORTAL || kind === STATEMENT ? { isPortal: kind === PORTAL, name } : null
}

function toRefused(refusal: Refusal): Refused {
  return { refusal, nonce: toNonce() }
}

/** A word that is no SQL, and that nobody can have said. */
function toNonce(): string {
  return `refused_by_cordon_${randomBytes(16).toString('hex')}`
}
