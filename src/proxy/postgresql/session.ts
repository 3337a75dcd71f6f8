/**
 * A session of PostgreSQL between a client and a server: what of each message goes on, and what goes instead. Statements are judged before they leave; one
 * that is refused leaves as a text that is no SQL, so that the server itself ends the series and the transaction as for any error, and
 * the client hears ours in place of its own. No sockets: messages in, messages out.
 */

import { createHmac, randomBytes } from 'node:crypto'
import type { Problem } from '../../model/errors.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { StatementRead } from '../../ports.ts'
import type { Released, Said, StatementJudge } from '../statements/judge.ts'
import {
  AUTHENTICATION,
  BOUND,
  faultOfResponse,
  requestOf,
  withoutBinding,
} from './channel-binding.ts'
import { toErrorResponse } from './error-response.ts'
import { BACKEND, FRONTEND, HEAD, readText, toInt16, toMessage } from './messages.ts'
import { Names } from './names.ts'
import { MAX_SENT, Pipeline, type Sent } from './pipeline.ts'
import { NEWEST_MINOR, type Startup } from './startup.ts'

/** What goes on of a message: it as it is, or that instead of it, or nothing. */
export type Onward = boolean | Buffer

export interface SessionOptions {
  readonly start: Extract<Startup, { kind: 'start' }>
  /** Whether TLS with the client ends here. */
  readonly endsTls: boolean
  readonly judge: Pick<StatementJudge, 'known' | 'judge' | 'settle'>
  read(text: Buffer, isSafe: boolean): StatementRead
  readonly keeper: SessionKeeper
}

/** Who is told what happens. */
export interface SessionKeeper {
  /** The server has let the client in. */
  onAuthenticated(): void
  /** By this the session can be asked to stop what it does. */
  onKey(key: Buffer): void
  /** It has to end. @param side whose doing it was */
  fail(problem: Problem, side: 'client' | 'server'): void
  /** Leave has ended under which something is under way. */
  onLeaseEnd(): void
  /** The client has said goodbye, or the server has. */
  onGoodbye(): void
}

/** What was sent, and who is asked for what became of it. */
interface Asked extends Sent {
  readonly released?: Released | null
  readonly refused?: { readonly refusal: Refusal; readonly nonce: string }
  readonly name?: Buffer
  readonly isPortal?: boolean
}

interface Statement {
  readonly said: Said
  /** What was released when it was prepared, for the first time that it runs. */
  released: Released | null
}

/** Encodings in which bytes of ASCII may be parts of other characters. */
const UNSAFE = new Set(['BIG5', 'GBK', 'GB18030', 'JOHAB', 'SJIS', 'UHC', 'SHIFT_JIS_2004'])
/** What cannot change how the texts behind it are read. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['begin', 'start', 'start transaction', 'commit', 'end', 'rollback', 'abort', 'savepoint'],
  ...['release', 'release savepoint'],
])
/** What gives names another meaning. */
const RENAMING = ['prepare', 'deallocate', 'discard']

/** Statements that could not be read are told apart, but nobody can find out what they were. */
const KEY = randomBytes(32)

export class Session {
  readonly #options: SessionOptions
  readonly #pipeline = new Pipeline<Asked>()
  readonly #prepared = new Names<Statement>()
  readonly #portals = new Names<Statement>()
  readonly #database: string
  /** What the client has asked for and is not known here, until the server has declined it. */
  readonly #unknown: Set<string>
  #wasBinding = false
  #isSasl = false
  #encoding: string | null = null
  /** Something is under way after which texts may be read in another encoding. */
  #isChanging = false
  /** How much the server had said when the last command ended. */
  #mark = 0

  constructor(options: SessionOptions) {
    this.#options = options
    const { parameters, minor } = options.start
    this.#database = parameters.get('database') ?? parameters.get('user') ?? ''
    this.#unknown = new Set([...parameters.keys()].filter((name) => name.startsWith('_pq_.')))
    if (minor > NEWEST_MINOR) this.#unknown.add('')
    // What the server says once it has let the client in ends as an answer does.
    this.#pipeline.send({ kind: 'sync' })
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#pipeline.size === 0
  }

  /** From the client, while the server has not let it in. */
  authenticate(message: Buffer): Onward {
    if (!this.#isSasl) return true
    this.#isSasl = false
    const fault = this.#wasBinding && this.#options.endsTls ? faultOfResponse(message) : null
    return fault === null || this.#fail(fault, 'client')
  }

  /** From the client. */
  ask(type: number, message: Buffer): Onward | Promise<Onward> {
    if (this.#pipeline.size >= MAX_SENT) {
      return this.#fail(malformed('more is asked for than can wait for answers'), 'client')
    }
    switch (type) {
      case FRONTEND.query:
        return this.#query(message)
      case FRONTEND.parse:
        return this.#parse(message)
      case FRONTEND.bind:
        return this.#bind(message)
      case FRONTEND.describe:
      case FRONTEND.close:
        return this.#describeOrClose(type, message)
      case FRONTEND.execute:
        return this.#execute(message)
      case FRONTEND.functionCall:
        return this.#call(message)
      default:
        return true
    }
  }

  /** From the client; goes on as it is. */
  asked(type: number): void {
    switch (type) {
      case FRONTEND.sync:
        this.#prepared.endSeries()
        this.#portals.endSeries()
        return this.#pipeline.send({ kind: 'sync' })
      case FRONTEND.copyDone:
      case FRONTEND.copyFail:
        return this.#pipeline.send({ kind: 'copy-end' })
      case FRONTEND.terminate:
        return this.#options.keeper.onGoodbye()
    }
  }

  /** From the server. */
  hear(type: number, message: Buffer): Onward {
    switch (type) {
      case BACKEND.authentication:
        return this.#hearAuthentication(message)
      case BACKEND.negotiateProtocolVersion:
        return this.#hearVersion(message)
      case BACKEND.backendKeyData:
        this.#options.keeper.onKey(message.subarray(HEAD))
        return true
      case BACKEND.parameterStatus:
        this.#hearParameter(message)
        return true
      case BACKEND.errorResponse:
        return this.#hearError(message)
      default:
        return true
    }
  }

  /** From the server; goes on as it is. @param said what it has said so far */
  heard(type: number, said: Heard): void {
    const entry = this.#pipeline.answer(type)
    if (entry === 'fault') return void this.#fail(UNASKED, 'server')
    if (!entry) return
    switch (type) {
      case BACKEND.parseComplete:
        if (entry.name) this.#prepared.confirm(entry.name)
        return
      case BACKEND.bindComplete:
        if (entry.name) this.#portals.confirm(entry.name)
        return
      case BACKEND.closeComplete:
        if (entry.name) (entry.isPortal ? this.#portals : this.#prepared).close(entry.name)
        return
      case BACKEND.commandComplete:
      case BACKEND.portalSuspended:
      case BACKEND.emptyQueryResponse:
        return this.#account(entry, said, entry.kind === 'execute')
      case BACKEND.readyForQuery:
        if (this.#pipeline.size === 0) this.#isChanging = false
        return this.#account(entry, said, true)
    }
  }

  #query(message: Buffer): Onward | Promise<Onward> {
    const text = readText(message, HEAD)
    if (!text || HEAD + text.length + 1 !== message.length) return this.#misread()
    const statement = this.#read(text)
    return this.#judge(statement.said, (released) => {
      if ('refusal' in released) {
        const refused = this.#refuse(released.refusal)
        this.#pipeline.send({ kind: 'query', refused })
        return toMessage(FRONTEND.query, refused.nonce, ZERO)
      }
      this.#count(released, message.length, statement)
      this.#pipeline.send({ kind: 'query', released })
      return true
    })
  }

  #parse(message: Buffer): Onward | Promise<Onward> {
    const name = readText(message, HEAD)
    const text = name && readText(message, HEAD + name.length + 1)
    if (!text) return this.#misread()
    const statement = this.#read(text)
    return this.#judge(statement.said, (released) => {
      if ('refusal' in released) return this.#parseRefused(name, released.refusal)
      if (released.isOnce) statement.released = released
      const prepared = this.#prepared
      prepared.give(name, statement)
      const onSkipped = () => prepared.drop(name, statement)
      this.#pipeline.send({ kind: 'parse', name, onSkipped })
      return true
    })
  }

  #parseRefused(name: Buffer, refusal: Refusal): Buffer {
    const refused = this.#refuse(refusal)
    this.#pipeline.send({ kind: 'parse', refused })
    return toMessage(FRONTEND.parse, name, ZERO, refused.nonce, ZERO, toInt16(0))
  }

  #bind(message: Buffer): Onward {
    const portal = readText(message, HEAD)
    const name = portal && readText(message, HEAD + portal.length + 1)
    if (!name) return this.#misread()
    const portals = this.#portals
    // What is not known is not known by the portal either.
    const statement = this.#prepared.get(name) ?? this.#unseen()
    portals.give(portal, statement)
    const onSkipped = () => portals.drop(portal, statement)
    this.#pipeline.send({ kind: 'bind', name: portal, onSkipped })
    return true
  }

  #describeOrClose(type: number, message: Buffer): Onward {
    const [kind] = message.subarray(HEAD)
    const name = readText(message, HEAD + 1)
    if (!name || HEAD + name.length + 2 !== message.length) return this.#misread()
    if (kind !== PORTAL && kind !== STATEMENT) return this.#misread()
    const isPortal = kind === PORTAL
    if (type === FRONTEND.close) this.#pipeline.send({ kind: 'close', name, isPortal })
    else this.#pipeline.send({ kind: isPortal ? 'describe-portal' : 'describe-statement' })
    return true
  }

  #execute(message: Buffer): Onward | Promise<Onward> {
    const portal = readText(message, HEAD)
    if (!portal || HEAD + portal.length + 5 !== message.length) return this.#misread()
    const statement = this.#portals.get(portal) ?? this.#unseen()
    const send = (released: Released | { refusal: Refusal }) => {
      // In a series of its own: what the client has prepared stays.
      if ('refusal' in released) return this.#parseRefused(this.#nonce(), released.refusal)
      this.#count(released, message.length, statement)
      this.#pipeline.send({ kind: 'execute', released })
      return true
    }
    const { released } = statement
    if (!released) return this.#judge(statement.said, send)
    // What a person has let pass once runs once.
    statement.released = null
    return send(released)
  }

  /** A function by its number, with its arguments: no statement at all. */
  #call(message: Buffer): Onward | Promise<Onward> {
    return this.#judge(this.#unread(message), (released) => {
      if ('refusal' in released) {
        const refused = this.#refuse(released.refusal)
        this.#pipeline.send({ kind: 'query', refused })
        return toMessage(FRONTEND.query, refused.nonce, ZERO)
      }
      this.#count(released, message.length, null)
      this.#pipeline.send({ kind: 'call', released })
      return true
    })
  }

  #judge(
    said: Said,
    then: (released: Released | { readonly refusal: Refusal }) => Onward,
  ): Onward | Promise<Onward> {
    const { judge } = this.#options
    const known = judge.known(said)
    return known ? then(known) : judge.judge(said).then(then)
  }

  /** What a text is, and does. */
  #read(text: Buffer): Statement {
    const isSafe = this.#encoding !== null && !this.#isChanging && !UNSAFE.has(this.#encoding)
    const { kinds, normalised } = this.#options.read(text, isSafe)
    const said =
      kinds === null || normalised === null
        ? { ...this.#unread(text), kinds }
        : {
            kinds: kinds.size > 0 ? kinds : NOTHING_DONE,
            text: normalised,
            database: this.#database,
          }
    return { said, released: null }
  }

  /** What runs under a name that nobody has given here. */
  #unseen(): Statement {
    return { said: this.#unread(Buffer.alloc(0)), released: null }
  }

  #unread(bytes: Buffer): Said {
    const digest = createHmac('sha256', KEY).update(bytes).digest('hex').slice(0, 16)
    return { kinds: null, text: `unread (${digest})`, database: this.#database }
  }

  #refuse(refusal: Refusal): NonNullable<Asked['refused']> {
    return { refusal, nonce: this.#nonce().toString('latin1') }
  }

  /** A word that is no SQL, and that nobody can have said. */
  #nonce(): Buffer {
    return Buffer.from(`refused_by_cordon_${randomBytes(16).toString('hex')}`)
  }

  #count(released: Released, bytes: number, statement: Statement | null): void {
    released.times++
    released.bytesOut += bytes
    const { kinds } = statement?.said ?? { kinds: null }
    if (!kinds?.isSubsetOf(HARMLESS)) this.#isChanging = true
    if (kinds && RENAMING.some((kind) => kinds.has(kind))) this.#prepared.clear()
  }

  /** @param isOver whether nothing more comes of it */
  #account({ released }: Asked, said: Heard, isOver: boolean): void {
    const rows = said.counted
    said.counted = 0
    const bytes = said.bytes - this.#mark
    this.#mark = said.bytes
    if (!released) return
    released.rows += rows
    released.bytesIn += bytes
    if (isOver && released.isOnce) this.#options.judge.settle(released)
  }

  #hearAuthentication(message: Buffer): Onward {
    const { keeper, endsTls } = this.#options
    if (this.#unknown.size > 0) return this.#fail(UNKNOWN_VERSION, 'server')
    const request = requestOf(message)
    if (request === null) return this.#fail(UNREADABLE, 'server')
    if (request === AUTHENTICATION.ok) keeper.onAuthenticated()
    if (request !== AUTHENTICATION.sasl) return true
    this.#isSasl = true
    if (!endsTls) return true
    const without = withoutBinding(message)
    if (!without) return this.#fail(UNREADABLE, 'server')
    this.#wasBinding = without.took
    if (without.left === 0) return this.#fail(BOUND, 'client')
    return without.took ? without.message : true
  }

  /** NegotiateProtocolVersion: the newest version that the server knows, and what of the options it does not. */
  #hearVersion(message: Buffer): Onward {
    const texts = message.toString('utf8', HEAD + 8).split('\0')
    if (message.length < HEAD + 8 || texts.pop() !== '') return this.#fail(UNREADABLE, 'server')
    if ((message.readUInt32BE(HEAD) & 0xffff) <= NEWEST_MINOR) this.#unknown.delete('')
    for (const name of texts) this.#unknown.delete(name)
    return true
  }

  #hearParameter(message: Buffer): void {
    this.#pipeline.answer(BACKEND.parameterStatus)
    const [name, value] = message.toString('latin1', HEAD).split('\0')
    if (name === 'client_encoding' && value !== undefined) this.#encoding = value.toUpperCase()
  }

  #hearError(message: Buffer): Onward {
    // The severity that is not translated, of servers since 9.6.
    if (/\0V(FATAL|PANIC)\0/.test(message.toString('latin1', HEAD - 1))) {
      this.#options.keeper.onGoodbye()
    }
    const entry = this.#pipeline.answer(BACKEND.errorResponse)
    if (entry === 'fault' || !entry) return true
    const { refused, released } = entry
    if (entry.kind === 'execute' && released?.isOnce) this.#options.judge.settle(released)
    if (!refused || !message.includes(refused.nonce)) return true
    return toErrorResponse(refused.refusal, 'ERROR')
  }

  #misread(): false {
    return this.#fail(malformed('a message has not the form of its type'), 'client')
  }

  #fail(problem: Problem, side: 'client' | 'server'): false {
    this.#options.keeper.fail(problem, side)
    return false
  }
}

/** What the server has said; rows since somebody last set them back. */
export interface Heard {
  counted: number
  readonly bytes: number
}

const ZERO = Buffer.alloc(1)
const PORTAL = 0x50
const STATEMENT = 0x53
/** A text without a statement. */
const NOTHING_DONE: ReadonlySet<string> = new Set(['empty'])

function malformed(detail: string): Problem {
  return { code: 'request-statement', detail }
}

const UNASKED: Problem = {
  code: 'connect-malformed',
  detail: 'the server answers something that it was not asked',
}
const UNREADABLE: Problem = {
  code: 'connect-malformed',
  detail: 'a message of the server has not the form of its type',
}
const UNKNOWN_VERSION: Problem = {
  code: 'connect-malformed',
  detail: 'the server goes on in a version of the protocol that is not known here',
}
