/** Who calls the API: somebody who may decide, or an agent that asks about itself. Known by a bearer token (RFC 6750) and by nothing else. */

import type { IncomingMessage } from 'node:http'
import type { Fault } from '../answers.ts'

export interface Caller {
  readonly kind: 'reviewer' | 'agent'
  readonly name: string
  /** Of an agent: whom its token names, where the policy calls them something else. */
  readonly subject?: string
  /** Sorted. */
  readonly groups: readonly string[]
}

export interface Callers {
  /**
   * By what is in force now, each time. Never rejects.
   *
   * @param client IP address
   * @returns why nobody is known by it: `unauthenticated`, `forbidden` for who may not decide any more, `unavailable`
   */
  of(token: string, client: string): Promise<Caller | Fault>
}

/** Longer ones were not issued here. */
const MAX_LENGTH = 8_192

/** @returns null when there is none, or more than one. */
export function readBearer({ headersDistinct }: IncomingMessage): string | null {
  const [field, ...more] = headersDistinct.authorization ?? []
  if (field === undefined || more.length > 0 || field.length > MAX_LENGTH) return null
  return /^bearer +([A-Za-z0-9+/=._~-]+)$/i.exec(field)?.[1] ?? null
}
