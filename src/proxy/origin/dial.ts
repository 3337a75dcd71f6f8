/**
 * Opens connections to origins: to the judged addresses, one after the other, and to nothing else. Node never sees a name it
 * could look up; after connecting, the peer's address is compared with the one that was judged. An https origin has
 * proved its name before this resolves.
 */

import net from 'node:net'
import tls from 'node:tls'
import { type IpAddress, parseIp } from '../../model/address.ts'
import type { Destination } from '../../model/destination.ts'
import type { Code, Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import { toTlsProblem, toVerifiedOptions } from '../../tls/trust.ts'

export interface DialOptions {
  /** Milliseconds for all addresses together, TLS included. */
  readonly timeout: number
  /** Verifies https origins: roots and protocol versions. */
  readonly trust: tls.SecureContext
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

/** Never rejects. A later address is tried only after the one before it failed. */
export async function dial(
  destination: Destination,
  scheme: 'http' | 'https' | 'tcp',
  options: DialOptions,
): Promise<Dialed | Problem> {
  const giveUpAt = performance.now() + options.timeout
  let problem: Problem = {
    code: 'connect-unreachable',
    detail: 'there is no address to connect to',
  }
  for (const [i, address] of destination.addresses.entries()) {
    const left = giveUpAt - performance.now()
    if (left <= 0 || options.signal.aborted) break
    // Each address gets an even share of what is left, so that one black hole does not use it all.
    const share = left / (destination.addresses.length - i)
    const result = await dialOne(destination, address, scheme, share, options)
    if ('socket' in result) return result
    problem = result
  }
  return problem
}

function dialOne(
  destination: Destination,
  address: IpAddress,
  scheme: 'http' | 'https' | 'tcp',
  timeout: number,
  { trust, offer, signal, meter }: DialOptions,
): Promise<Dialed | Problem> {
  const { host, port } = destination.authority
  return new Promise((resolve) => {
    const tcp = net.connect({
      host: address.text,
      port,
      noDelay: true,
      allowHalfOpen: true,
      autoSelectFamily: false,
      lookup: refuseLookup,
    })
    let socket: net.Socket = tcp
    let began = meter.now()
    const at = `${address.text} port ${port}`
    const finish = (result: Dialed | Problem) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.removeListener('error', onError)
      // Until its user listens, an error has to have somewhere to go.
      socket.on('error', () => {})
      if (!('socket' in result)) {
        socket.destroy()
        tcp.destroy()
      }
      resolve(result)
    }
    const fail = (code: Code, detail: string) => finish({ code, detail: `${at}: ${detail}` })
    const onAbort = () => fail('connect-reset', 'nobody waits for it any more')
    const onError = (error: NodeJS.ErrnoException) =>
      finish(socket === tcp ? toConnectProblem(error, at) : toTlsProblem(error, host.text))
    const timer = setTimeout(() => {
      if (socket === tcp) fail('connect-timeout', 'no connection in time')
      else fail('connect-stalled', 'the TLS handshake was not finished in time')
    }, timeout)
    signal.addEventListener('abort', onAbort)
    tcp.once('error', onError)
    tcp.once('connect', () => {
      meter.took('dial', began)
      began = meter.now()
      const peer = parseIp(tcp.remoteAddress ?? '')
      // INVARIANT: no address is spoken to that the verdict did not judge.
      if (peer?.text !== address.text || tcp.remotePort !== port) {
        return fail('connect-unreachable', 'the connection led somewhere else')
      }
      if (scheme !== 'https') return finish({ socket: tcp, address, protocol: null })
      const secured = tls.connect({
        socket: tcp,
        ALPNProtocols: [...offer],
        ...toVerifiedOptions(trust, host),
      })
      socket = secured
      tcp.removeListener('error', onError)
      socket.once('error', onError)
      socket.once('secureConnect', () => {
        meter.took('tls', began)
        finish({ socket, address, protocol: secured.alpnProtocol || null })
      })
    })
  })
}

/** INVARIANT: Node's own resolver is never asked. */
function refuseLookup(hostname: string): never {
  throw new Error(`refused to look up ${hostname}: only judged addresses are dialled`)
}

function toConnectProblem(error: NodeJS.ErrnoException, at: string): Problem {
  switch (error.code) {
    case 'ECONNREFUSED':
      return { code: 'connect-refused', detail: `${at}: connection refused` }
    case 'ETIMEDOUT':
      return { code: 'connect-timeout', detail: `${at}: no connection in time` }
    case 'ECONNRESET':
    case 'EPIPE':
      return { code: 'connect-reset', detail: `${at}: connection reset` }
    default:
      return { code: 'connect-unreachable', detail: `${at}: cannot be reached (${error.code})` }
  }
}
