/** What an exchange may go over, and to whom. */

import type { Admission } from '../../admission.ts'
import type { IpAddress } from '../../model/address.ts'
import type { Owner } from './owner.ts'

/**
 * `http/1.1`: that alone. `either`: that, or HTTP/2 where the origin has shown that it speaks nothing else. `h2`: HTTP/2 where the handshake
 * chooses it, else HTTP/1.1. `h2c`: HTTP/2 without asking, in the clear (RFC 9113 section 3.3).
 */
export type Way = 'http/1.1' | 'either' | 'h2' | 'h2c'

export interface Passage {
  readonly way: Way
  /** What it is to become; null for a plain request. */
  readonly upgrade: string | null
  /** The client's connection, as far as connections to origins belong to it. */
  readonly user: Owner | null
}

/**
 * INVARIANT: what is open is used again only while it leads to an address that was judged. Under the key of what is left to the proxy behind us
 * there is nothing but connections it has made, to addresses of its own choice.
 */
export function isJudged({ destination }: Admission, address: IpAddress): boolean {
  return destination.delegated || destination.addresses.some(({ text }) => text === address.text)
}

export const ABORTED = { code: 'connect-reset', detail: 'nobody waits for it any more' } as const

export const BUSY = {
  code: 'origin-busy',
  detail: 'every connection to the destination stayed in use',
} as const
