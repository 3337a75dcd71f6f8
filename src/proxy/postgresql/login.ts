/** How a client of PostgreSQL is let in: what the two agree upon and how it proves who it is, which is between them, as far as TLS that ends here lets it. */

import type { Problem } from '../../model/errors.ts'
import {
  AUTHENTICATION,
  BOUND,
  faultOfResponse,
  requestOf,
  withoutBinding,
} from './channel-binding.ts'
import { HEAD } from './messages.ts'
import { NEWEST_MINOR, type Startup } from './startup.ts'

export class Login {
  readonly #endsTls: boolean
  /** What the client has asked for and is not known here, until the server has declined it. */
  readonly #unknown: Set<string>
  #wasBinding = false
  #isSasl = false

  /** @param endsTls whether TLS with the client ends here */
  constructor({ parameters, minor }: Extract<Startup, { kind: 'start' }>, endsTls: boolean) {
    this.#endsTls = endsTls
    this.#unknown = new Set([...parameters.keys()].filter((name) => name.startsWith('_pq_.')))
    if (minor > NEWEST_MINOR) this.#unknown.add('')
  }

  /** An answer of the client. @returns why it cannot succeed; null where it may */
  answer(message: Buffer): Problem | null {
    const isChecked = this.#isSasl && this.#wasBinding && this.#endsTls
    this.#isSasl = false
    return isChecked ? faultOfResponse(message) : null
  }

  /** A request of the server. @returns what the client hears; `in` where it was let in */
  hear(message: Buffer): Buffer | 'in' | Problem {
    if (this.#unknown.size > 0) return UNKNOWN_VERSION
    const request = requestOf(message)
    if (request === null) return UNREADABLE
    if (request === AUTHENTICATION.ok) return 'in'
    this.#isSasl = request === AUTHENTICATION.sasl
    if (!this.#isSasl || !this.#endsTls) return message
    const without = withoutBinding(message)
    if (!without) return UNREADABLE
    this.#wasBinding = without.took
    return without.left === 0 ? BOUND : without.message
  }

  /** NegotiateProtocolVersion: the newest version that the server knows, and what of the options it does not. */
  hearVersion(message: Buffer): Problem | null {
    const texts = message.toString('utf8', HEAD + 8).split('\0')
    if (message.length < HEAD + 8 || texts.pop() !== '') return UNREADABLE
    if ((message.readUInt32BE(HEAD) & 0xffff) <= NEWEST_MINOR) this.#unknown.delete('')
    for (const name of texts) this.#unknown.delete(name)
    return null
  }
}

const UNREADABLE: Problem = {
  code: 'connect-malformed',
  detail: 'a message of the server has not the form of its type',
}
const UNKNOWN_VERSION: Problem = {
  code: 'connect-malformed',
  detail: 'the server goes on in a version of the protocol that is not known here',
}
