/**
 * A connection on which PostgreSQL is spoken. It is judged as a whole before anything is sent, then statement by statement. TLS ends here and begins
 * anew: a client is answered its request for it as the server answers ours, so that what it wants of TLS holds. What is refused is said in the protocol.
 *
 * Of a client that has chosen its address itself the name is only heard inside TLS, and has to count before anything is dialled: it is always answered
 * yes, unless that server has said no lately.
 */

import type { Ending } from '../../model/audit-record.ts'
import type { Authority } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import { type Refusal, refuseByProblem } from '../../model/refusal.ts'
import type { Channel } from '../channel.ts'
import type { Connect } from '../connect.ts'
import { linger } from '../linger.ts'
import type { TunnelTls } from '../origin/pool.ts'
import { ALPN, askTls } from './ask-tls.ts'
import { cancel } from './cancel.ts'
import { toErrorResponse } from './error-response.ts'
import { readFirstPacket } from './first-packet.ts'
import { NOTHING_SENT, type Opened, openWay, READ, refusedTls, toFlow } from './open.ts'
import { secureClient } from './secure-client.ts'
import { relaySession } from './start.ts'
import { isReplication, type Startup } from './startup.ts'

/** Never rejects but for a defect of ours. @param connect its tunnel is open; `early` is what was read of it */
export async function servePostgresql(
  connect: Connect,
  direct: DirectTls | null = null,
): Promise<void> {
  const beginning = new Beginning(connect, direct)
  try {
    await beginning.run()
  } catch (error) {
    beginning.leave({ outcome: 'failed', error: 'gate-failed' })
    throw error
  }
}

/** TLS that has ended here before the protocol began. */
export interface DirectTls {
  /** What was agreed upon by ALPN; null for nothing. */
  readonly alpn: string | null
  /** Why it is refused whatever it asks for; null for nothing. */
  readonly fault: Problem | null
}

class Beginning {
  readonly #connect: Connect
  /** As the client is spoken with now. */
  #client: Channel
  #authority: Authority
  #tls: TunnelTls | null
  #isSecure: boolean
  #hasAskedGss = false
  #hasAskedTls = false
  /** The way, once it is open; why there is none. */
  #opened: Opened | null = null
  #refusal: Refusal | null = null
  #fault: Problem | null

  constructor(connect: Connect, direct: DirectTls | null) {
    const { socket, authority } = connect.tunnel
    this.#connect = connect
    this.#client = socket
    this.#authority = authority
    this.#isSecure = direct !== null
    this.#tls = direct && { alpn: direct.alpn }
    this.#fault = direct?.fault ?? null
  }

  async run(): Promise<void> {
    const { tunnel, context } = this.#connect
    let { early } = tunnel
    for (;;) {
      const { startup, hasMore } = await readFirstPacket(this.#client, early, context)
      early = null
      switch (startup.kind) {
        case 'gss':
          // What is said inside could not be read.
          if (this.#hasAskedGss || hasMore) return this.#refuse(ASKED_WRONGLY)
          this.#hasAskedGss = true
          this.#client.write('N')
          break
        case 'tls':
          if (this.#hasAskedTls || hasMore) return this.#refuse(ASKED_WRONGLY)
          this.#hasAskedTls = true
          if (!(await this.#answerTls())) return
          break
        case 'cancel':
          return this.#cancel(startup.key)
        case 'start':
          return this.#start(startup)
        case 'fault':
          return this.#refuse({ code: 'request-statement', detail: startup.detail })
        case 'gone':
          this.#client.destroy()
          return this.#end(LEFT)
        default:
          startup satisfies never
      }
    }
  }

  /** Nothing more is said on the way that was opened. */
  leave(ending: Partial<Ending>): void {
    const opened = this.#opened
    this.#opened = null
    if (!opened) return
    opened.origin.destroy()
    const dialedIp = opened.address.text
    this.#connect.context.enforcer.settle(opened.permit, { ...NOTHING_SENT, dialedIp, ...ending })
  }

  /** @returns whether something may still come */
  async #answerTls(): Promise<boolean> {
    const { tunnel, context } = this.#connect
    const { original = null } = tunnel
    if (this.#isSecure) return this.#client.write('N')
    if (original) {
      if (context.postgresql.isPlain(tunnel.authority.text, performance.now())) {
        return this.#client.write('N')
      }
      this.#tls = STARTED
    } else {
      await this.#open(STARTED, false)
      if (this.#client.destroyed) return false
      // Why it is refused can be said only behind a yes: after a no clients leave.
      if (this.#opened && !this.#opened.isSecure) return this.#client.write('N')
    }
    this.#client.write('S')
    const secured = await secureClient(this.#connect)
    if ('code' in secured) {
      await this.#end(secured)
      return false
    }
    this.#isSecure = true
    this.#client = secured.socket
    this.#authority = secured.authority
    this.#fault ??= secured.fault
    return true
  }

  async #start(start: Extract<Startup, { kind: 'start' }>): Promise<void> {
    const { context, tunnel } = this.#connect
    if (this.#fault) return this.#refuse(this.#fault)
    const refused = this.#isSecure ? null : refusedTls(this.#connect)
    if (refused) return this.#refuse(refused)
    const isUnread = isReplication(start.parameters)
    // It was opened to be read.
    if (isUnread) this.leave({})
    if (!this.#opened && !this.#refusal) await this.#open(this.#tls, isUnread)
    const [opened, refusal] = [this.#opened, this.#refusal]
    if (refusal) return this.#say(refusal)
    if (!opened) return this.leave({ error: LEFT.code })
    if (this.#isSecure && !opened.isSecure) {
      context.postgresql.notePlain(tunnel.authority.text, performance.now())
      return this.#refuse(NO_TLS, 'failed')
    }
    this.#opened = null
    const endsTls = this.#isSecure
    relaySession({ connect: this.#connect, client: this.#client, opened, start, isUnread, endsTls })
  }

  async #open(tls: TunnelTls | null, isUnread: boolean): Promise<void> {
    const way = await openWay({
      connect: this.#connect,
      client: this.#client,
      authority: this.#authority,
      tls,
      isUnread,
      only: null,
      leave: null,
    })
    if (way === null) this.#client.destroy()
    else if ('refusal' in way) this.#refusal = way.refusal
    else this.#opened = way
  }

  /** Whether it was heard is not said, as by a server. */
  async #cancel(key: Buffer): Promise<void> {
    this.leave({})
    await cancel({ connect: this.#connect, client: this.#client, authority: this.#authority, key })
  }

  async #refuse(problem: Problem, outcome: 'blocked' | 'failed' = 'blocked'): Promise<void> {
    const { permit = null } = this.#opened ?? {}
    this.leave({ outcome, error: problem.code })
    this.#say(
      permit ? refuseByProblem(permit.id, problem, this.#authority) : await this.#record(problem),
    )
  }

  /** There is nobody to say it to. */
  async #end(problem: Problem): Promise<void> {
    if (this.#opened) this.leave({ error: problem.code })
    else await this.#record(problem)
  }

  #say(refusal: Refusal): void {
    const client = this.#client
    if (client.destroyed) return
    client.write(toErrorResponse(refusal, 'FATAL'))
    linger(client)
  }

  #record(problem: Problem): Promise<Refusal> {
    const { tunnel, context } = this.#connect
    const flow = toFlow(this.#connect, tunnel.agent)
    return context.enforcer.refuse(flow, this.#authority, problem, READ)
  }
}

/** TLS that is asked for in the protocol. */
const STARTED: TunnelTls = { alpn: ALPN, ask: askTls }

const ASKED_WRONGLY: Problem = {
  code: 'request-statement',
  detail: 'it asks for encryption twice, or does not wait for the answer',
}
const LEFT: Problem = {
  code: 'request-incomplete',
  detail: 'the client left before its session began',
}
const NO_TLS: Problem = {
  code: 'tls-failed',
  detail: 'the server does without TLS, and the client has asked for it',
}
