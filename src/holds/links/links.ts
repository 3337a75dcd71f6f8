/**
 * Links back, from notices to the page where one decides. A link says which hold it is about and nothing else: whoever opens it still has
 * to say who they are. It is good once, no longer than its hold and no longer than a day. INVARIANT: that a link is used up is written
 * to the log, durably, before the decision is made; should we end in between, the link is gone and the hold still waits.
 */

import { randomBytes } from 'node:crypto'
import type { Hold, HoldId } from '../../model/hold.ts'
import { type LinkClaims, readLink, signLink } from './link-token.ts'

/** Why a link leads nowhere, in words for whoever has opened it. */
export interface LinkFault {
  readonly fault: 'forged' | 'expired' | 'used' | 'busy'
  readonly detail: string
}

export interface LinkUse {
  readonly nonce: string
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface LinksOptions {
  readonly key: Buffer
  /** Where reviewers reach the console, without a slash at its end; null while they do not. */
  base(): string | null
  /** Of the last day. */
  readonly used: readonly LinkUse[]
  /** Milliseconds since the epoch. */
  now(): number
  /** Writes it down; resolves when it is on stable storage. */
  record(hold: HoldId, by: string, receiver: string, nonce: string): Promise<void>
}

export const MAX_LINK_MS = 24 * 60 * 60_000

export class Links {
  readonly #options: LinksOptions
  readonly #used = new Map<string, LinkUse>()
  /** Being written down. */
  readonly #busy = new Set<string>()

  constructor(options: LinksOptions) {
    this.#options = options
    for (const use of options.used) this.#used.set(use.nonce, use)
  }

  /** Of the place that links lead to; null while there is none. */
  get origin(): string | null {
    const base = this.#options.base()
    return base === null ? null : (URL.parse(base)?.origin ?? null)
  }

  /** @returns null while there is no place that it could lead to */
  make(
    { id, expiresAt: holdExpiresAt }: Pick<Hold, 'id' | 'expiresAt'>,
    receiver: string,
  ): { readonly url: string; readonly expiresAt: number } | null {
    const { key, now } = this.#options
    const base = this.#options.base()
    if (base === null) return null
    const until = Math.min(holdExpiresAt, now() + MAX_LINK_MS)
    const expiresAt = Math.floor(until / 1_000) * 1_000
    const nonce = randomBytes(16).toString('hex')
    const token = signLink(key, { hold: id, receiver, nonce, expiresAt })
    return { url: `${base}/decide/${token}`, expiresAt }
  }

  /** What a link says, if it is one of ours and still good. Changes nothing. */
  read(token: string): LinkClaims | LinkFault {
    const { key, now } = this.#options
    const claims = readLink(key, token)
    if (!claims) return FORGED
    const use = this.#used.get(claims.nonce)
    if (use) return toUsed(use)
    return claims.expiresAt <= now() ? EXPIRED : claims
  }

  /**
   * Uses it up. @returns null when it was good until now
   * @throws what the log throws when it cannot be written: then it is not used up
   */
  async use(claims: LinkClaims, by: string): Promise<LinkFault | null> {
    const { now, record } = this.#options
    const { hold, receiver, nonce, expiresAt } = claims
    const use = this.#used.get(nonce)
    if (use) return toUsed(use)
    const at = now()
    if (expiresAt <= at) return EXPIRED
    if (this.#busy.has(nonce)) return BUSY
    this.#busy.add(nonce)
    try {
      await record(hold, by, receiver, nonce)
      this.#forgetOld(at)
      this.#used.set(nonce, { nonce, by, at })
      return null
    } finally {
      this.#busy.delete(nonce)
    }
  }

  /** What is older than any link can be would be refused as expired anyway. */
  #forgetOld(now: number): void {
    for (const [nonce, { at }] of this.#used) {
      if (at + MAX_LINK_MS >= now) break
      this.#used.delete(nonce)
    }
  }
}

const FORGED: LinkFault = {
  fault: 'forged',
  detail: 'this link was not made by this Cordon, or not all of it was copied',
}

const EXPIRED: LinkFault = {
  fault: 'expired',
  detail: 'this link has expired',
}

const BUSY: LinkFault = {
  fault: 'busy',
  detail: 'this link is being used at this moment',
}

function toUsed({ by, at }: LinkUse): LinkFault {
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  return { fault: 'used', detail: `this link was used up by ${by} on ${time} UTC` }
}
