/** One process that serves, as the process that owns sees it. */

import cluster, { type Worker } from 'node:cluster'
import type { Socket } from 'node:net'
import {
  type AuditServer,
  type AuditServerOptions,
  serveAudit,
} from '../../../audit/remote/server.ts'
import { NO_USAGE, type Usage } from '../../../proxy/limits/connections.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { AUDIT_FD } from './worker.ts'

export interface MemberOptions {
  readonly audit: AuditServerOptions
  /** What it says without having been asked. */
  onMessage(message: FromWorker): void
}

export interface End {
  /** The signal or exit code it ended with, for people. */
  readonly how: string
  /** Flows that had no end, and are recorded as failed. */
  readonly interrupted: number
}

interface Question {
  fits(message: FromWorker): boolean
  answer(message: FromWorker | null): void
}

export class Member {
  usage: Usage = NO_USAGE
  /** It takes connections: it has said so. */
  isServing = false
  /** How often it was looked at since it last said anything. */
  #silences = 0
  /** Why it was ended. */
  #why: string | null = null
  readonly bornAt = performance.now()
  /** Resolves when it is gone and its flows have their end. */
  readonly ended: Promise<End>
  readonly #worker: Worker
  readonly #audit: AuditServer
  readonly #questions = new Set<Question>()
  #isGone = false

  constructor({ audit, onMessage }: MemberOptions) {
    this.#worker = cluster.fork()
    // It may be gone before it was told everything.
    this.#worker.on('error', () => {})
    this.#audit = serveAudit(this.#worker.process.stdio[AUDIT_FD] as Socket, audit)
    const exited = new Promise<string>((resolve) => {
      this.#worker.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    this.ended = exited.then(async (how) => {
      this.#isGone = true
      for (const { answer } of [...this.#questions]) answer(null)
      return { how: this.#why ?? how, interrupted: await this.#audit.gone }
    })
    this.#worker.on('message', (message: FromWorker) => {
      this.#silences = 0
      if (message.type === 'beat') return
      if (message.type === 'listening') this.isServing = true
      const question = [...this.#questions].find(({ fits }) => fits(message))
      if (question) question.answer(message)
      else onMessage(message)
    })
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0
  }

  tell(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message)
  }

  /** @returns the first message that fits; null when the process ends before it comes, or it does not come within `ms` */
  ask(
    message: ToWorker,
    types: readonly FromWorker['type'][],
    ms: number,
    fits: (message: FromWorker) => boolean = () => true,
  ): Promise<FromWorker | null> {
    if (this.#isGone) return Promise.resolve(null)
    return new Promise((resolve) => {
      const question: Question = {
        fits: (reply) => types.includes(reply.type) && fits(reply),
        answer: (reply) => {
          clearTimeout(timer)
          this.#questions.delete(question)
          resolve(reply)
        },
      }
      const timer = setTimeout(() => question.answer(null), ms)
      this.#questions.add(question)
      this.tell(message)
    })
  }

  /**
   * To be called at even intervals. Looks are counted and not time: while the process that looks is itself kept from running, nobody is
   * blamed for it.
   *
   * @returns how many there were since it last said anything
   */
  look(): number {
    return this.isServing ? ++this.#silences : 0
  }

  /** @param why for people; null where it needs no explanation */
  kill(why: string | null = null): void {
    this.#why ??= why
    this.#worker.process.kill('SIGKILL')
  }
}
