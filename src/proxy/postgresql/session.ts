/** A session of PostgreSQL between a client and a server: what of each message goes on, and what goes instead. No sockets: messages in, messages out. */

import { Answers, type Heard } from './answers.ts'
import { Conversation, type ConversationOptions, type Onward } from './conversation.ts'
import { Login } from './login.ts'
import { BACKEND, FRONTEND } from './messages.ts'
import { Requests } from './requests.ts'
import type { Startup } from './startup.ts'

export interface SessionOptions extends ConversationOptions {
  readonly start: Extract<Startup, { kind: 'start' }>
  /** Whether TLS with the client ends here. */
  readonly endsTls: boolean
  /** What the server has said so far. */
  readonly said: Heard
}

export class Session {
  readonly #conversation: Conversation
  readonly #login: Login
  readonly #requests: Requests
  readonly #answers: Answers

  constructor(options: SessionOptions) {
    const conversation = new Conversation(options)
    this.#conversation = conversation
    this.#login = new Login(options.start, options.endsTls)
    this.#requests = new Requests(conversation)
    this.#answers = new Answers(conversation, options.said)
    // What the server says once it has let the client in ends as an answer does.
    conversation.pipeline.send({ kind: 'sync' })
  }

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#conversation.pipeline.size === 0
  }

  /** From the client. @param isPart whether only its beginning was seen */
  ask(type: number, message: Buffer, isPart: boolean): Onward | Promise<Onward> {
    if (type !== FRONTEND.password) return this.#requests.ask(type, message, isPart)
    const problem = this.#login.answer(message)
    return problem === null || this.#conversation.fail(problem, 'client')
  }

  /** From the client; goes on as it is. */
  asked(type: number): void {
    this.#requests.asked(type)
  }

  /** From the server. */
  hear(type: number, message: Buffer): Onward {
    if (type === BACKEND.authentication) return this.#hearAuthentication(message)
    if (type !== BACKEND.negotiateProtocolVersion) return this.#answers.hear(type, message)
    const problem = this.#login.hearVersion(message)
    return problem === null || this.#conversation.fail(problem, 'server')
  }

  /** From the server; goes on as it is. */
  heard(type: number): void {
    this.#answers.heard(type)
  }

  #hearAuthentication(message: Buffer): Onward {
    const onward = this.#login.hear(message)
    const { keeper, judge } = this.#conversation
    if (onward === 'in') {
      keeper.onAuthenticated()
      if (judge.looksInside) keeper.onReading()
    } else if ('code' in onward) return this.#conversation.fail(onward, 'server')
    return onward === 'in' || onward === message || onward
  }
}
