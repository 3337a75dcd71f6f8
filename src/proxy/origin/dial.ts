/**
 * Opens connections to origins: to one of the judged addresses, and to nothing else; where the proxy behind us chooses the address, by asking
 * that one for the name. An https origin has proved its name before this resolves.
 */

import type net from 'node:net'
import type { IpAddress } from '../../model/address.ts'
import { certifiedHost, type Destination } from '../../model/destination.ts'
import type { Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import { interleave, race } from './race.ts'
import { type OriginTls, secure } from './secure.ts'
import type { UpstreamProxy } from './upstream-proxy.ts'

export interface DialOptions {
  /** The proxy that leads there; null: straight. */
  readonly through: UpstreamProxy | null
  /** Null for TCP alone. */
  readonly tls: OriginTls | null
  /** Asks for it first, where the protocol is one that begins in the clear; null: TLS comes at once. */
  readonly ask: AskTls | null
  /** Milliseconds for all addresses together, TLS included. */
  readonly timeout: number
  readonly meter: Meter
  /** Ends the attempt; the promise then resolves to a problem nobody reads. */
  readonly signal: AbortSignal
}

/**
 * Asks on a connection that is open whether TLS is spoken there. Never rejects; the socket is paused.
 *
 * @returns whether it is, or why nobody knows
 */
export type AskTls = (
  socket: net.Socket,
  how: { readonly timeout: number; readonly signal: AbortSignal },
) => Promise<boolean | Problem>

/** A connection that is ready for its first byte; it may be paused. */
export interface Dialed {
  readonly socket: net.Socket
  /** Of the origin; of the proxy behind us, where that one chose the origin's. */
  readonly address: IpAddress
  /** What was chosen of what was offered; null when nothing was. */
  readonly protocol: string | null
  /** Whether TLS is spoken with the origin, which has proved its name then. */
  readonly isSecure: boolean
}

/** Never rejects. Where TLS fails with one address, the others are tried; what went wrong there is told before what went wrong below. */
export async function dial(
  destination: Destination,
  { through, tls, ask, timeout, meter, signal }: DialOptions,
): Promise<Dialed | Problem> {
  const { authority, addresses, delegated } = destination
  const { port } = authority
  const giveUpAt = performance.now() + timeout
  let left: readonly IpAddress[] = interleave(addresses)
  let problem: Problem | null = null
  // There is one way by name, and only through the proxy that is to look it up.
  let byName = delegated && through !== null
  while (left.length > 0 || byName) {
    const ms = giveUpAt - performance.now()
    if (ms <= 0 || signal.aborted) break
    const how = { port, timeout: ms, meter, signal }
    const reached = await (through
      ? through.reach(byName ? authority : left, how)
      : race(left, how))
    if ('code' in reached) return problem ?? reached
    const { socket, address, rest } = reached
    if (!tls) return { socket, address, protocol: null, isSecure: false }
    left = rest
    byName = false
    // One that stalls leaves the others an even share of what is left.
    const share = (giveUpAt - performance.now()) / (left.length + 1)
    const answer = ask ? await ask(socket, { timeout: Math.max(share, 1), signal }) : true
    if (answer === false) return { socket, address, protocol: null, isSecure: false }
    if (answer !== true) {
      socket.destroy()
      problem = answer
      continue
    }
    const to = { host: certifiedHost(destination), port, address }
    const secured = await secure(socket, to, tls, { timeout: Math.max(share, 1), meter, signal })
    if (!('code' in secured)) {
      const protocol = secured.alpnProtocol || null
      return { socket: secured, address, protocol, isSecure: true }
    }
    // Some origins stumble over sessions they have given: once more without.
    if (secured.wasResuming && delegated) byName = true
    else if (secured.wasResuming) left = [address, ...left]
    else problem = { code: secured.code, detail: secured.detail }
  }
  return problem ?? NOWHERE
}

const NOWHERE: Problem = {
  code: 'connect-unreachable',
  detail: 'there is no address to connect to',
}
