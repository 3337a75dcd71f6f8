/** Opens connections to origins: to one of the judged addresses, and to nothing else. An https origin has proved its name before this resolves. */

import type net from 'node:net'
import type { SecureContext } from 'node:tls'
import type { IpAddress } from '../../model/address.ts'
import type { Destination } from '../../model/destination.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import { interleave, race } from './race.ts'
import { secure } from './secure.ts'

export interface DialOptions {
  /** Milliseconds for all addresses together, TLS included. */
  readonly timeout: number
  /** Verifies https origins: roots and protocol versions. */
  readonly trust: SecureContext
  /** Versions of HTTP to choose from, for https origins; first what is preferred. */
  readonly offer: readonly string[]
  readonly meter: Meter
  /** Ends the attempt; the promise then resolves to a problem nobody reads. */
  readonly signal: AbortSignal
}

/** A connection that is ready for its first byte. */
export interface Dialed {
  readonly socket: net.Socket
  readonly address: IpAddress
  /** What was chosen of what was offered; null when nothing was. */
  readonly protocol: string | null
}

/** Never rejects. Where TLS fails with one address, the others are tried; what went wrong there is told before what went wrong below. */
export async function dial(
  { authority, addresses }: Destination,
  scheme: 'http' | 'https' | 'tcp',
  { timeout, trust, offer, meter, signal }: DialOptions,
): Promise<Dialed | Problem> {
  const { host, port } = authority
  const giveUpAt = performance.now() + timeout
  let left: readonly IpAddress[] = interleave(addresses)
  let problem: Problem | null = null
  while (left.length > 0) {
    const ms = giveUpAt - performance.now()
    if (ms <= 0 || signal.aborted) break
    const reached = await race(left, { port, timeout: ms, meter, signal })
    if ('code' in reached) return problem ?? reached
    const { socket, address, rest } = reached
    if (scheme !== 'https') return { socket, address, protocol: null }
    left = rest
    // One that stalls leaves the others an even share of what is left.
    const share = (giveUpAt - performance.now()) / (left.length + 1)
    const at = `${address.text} port ${port}`
    const options = { host, timeout: Math.max(share, 1), trust, offer, meter, signal }
    const secured = await secure(socket, at, options)
    if (!('code' in secured)) {
      return { socket: secured, address, protocol: secured.alpnProtocol || null }
    }
    problem = secured
  }
  return problem ?? NOWHERE
}

const NOWHERE: Problem = {
  code: 'connect-unreachable',
  detail: 'there is no address to connect to',
}
