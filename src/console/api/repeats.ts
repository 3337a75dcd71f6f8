/**
 * `Idempotency-Key`: who sends the same request again with the same key, because the answer was lost, gets the same answer, and nothing is
 * done twice. Remembered in memory, for the latest of all callers.
 */

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Fault } from '../answers.ts'
import type { Caller } from './caller.ts'
import { invalid, type Reply } from './handler.ts'

const MAX_KEPT = 1_000
const FORM = /^[!-~]{1,128}$/

interface Kept {
  /** Of the request. */
  readonly digest: string
  readonly answer: Promise<Reply | Fault>
}

export class Repeats {
  readonly #kept = new Map<string, Kept>()

  /** @param act does what is asked for; not called for a repetition */
  async once(
    request: IncomingMessage,
    { kind, name }: Caller,
    body: Buffer,
    act: () => Promise<Reply | Fault>,
  ): Promise<Reply | Fault> {
    const keys = request.headersDistinct['idempotency-key']
    if (keys === undefined) return act()
    const [key = ''] = keys
    if (keys.length > 1 || !FORM.test(key)) {
      return invalid('`Idempotency-Key` is not one text of at most 128 visible characters')
    }
    const at = `${kind} ${name} ${key}`
    const hash = createHash('sha256').update(`${request.method} ${request.url}\n`)
    const digest = hash.update(body).digest('hex')
    const before = this.#kept.get(at)
    if (before) return before.digest === digest ? before.answer : REUSED
    const answer = act()
    if (this.#kept.size >= MAX_KEPT) {
      const [oldest = ''] = this.#kept.keys()
      this.#kept.delete(oldest)
    }
    this.#kept.set(at, { digest, answer })
    // What could not be done can be tried again.
    const forget = () => this.#kept.delete(at)
    answer.then((reply) => {
      if ('fault' in reply && AGAIN.includes(reply.fault)) forget()
    }, forget)
    return answer
  }
}

const AGAIN: readonly Fault['fault'][] = ['unavailable', 'full', 'failed']

const REUSED: Fault = {
  fault: 'key-reused',
  detail: 'this key was sent with another request before',
  hint: 'use a new key for each request, and the same one only to repeat it',
}
