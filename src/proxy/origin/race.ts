/**
 * Connects to one of several judged addresses (Happy Eyeballs, RFC 8305): they are tried one after the other without waiting for each to
 * fail, the first that accepts is taken, and the others are closed. INVARIANT: no address is dialled but those given, Node never sees a
 * name it could look up, and the peer's address is compared with the one that was judged.
 */

import net from 'node:net'
import { type IpAddress, parseIp } from '../../model/address.ts'
import type { Code, Problem } from '../../model/errors.ts'
import type { Meter } from '../../ports.ts'
import { noteOwn } from './own-sockets.ts'

export interface RaceOptions {
  readonly port: number
  /** Milliseconds for all addresses together. */
  readonly timeout: number
  readonly meter: Meter
  readonly signal: AbortSignal
}

/** A TCP connection, and the addresses that were not found wanting: those never tried, and those still trying. */
export interface Reached {
  readonly socket: net.Socket
  readonly address: IpAddress
  readonly rest: readonly IpAddress[]
}

/** Milliseconds between two attempts: the Connection Attempt Delay that RFC 8305 section 5 recommends. */
const ATTEMPT_DELAY_MS = 250

/** Attempts under way at once. */
const MAX_ATTEMPTS = 8

/** Never rejects. Of failures, the last one is told. @param addresses at least one, in the order in which to try them */
export function race(
  addresses: readonly IpAddress[],
  options: RaceOptions,
): Promise<Reached | Problem> {
  return new Promise((resolve) => new Race(addresses, options, resolve))
}

/**
 * In turns of IPv4 and IPv6 (RFC 8305 section 4), beginning with the family that comes first: a whole family that leads nowhere costs one
 * delay and no more.
 */
export function interleave(addresses: readonly IpAddress[]): IpAddress[] {
  const first = addresses[0]?.version
  const same = addresses.filter(({ version }) => version === first)
  const other = addresses.filter(({ version }) => version !== first)
  const turns: IpAddress[] = []
  for (let i = 0; i < addresses.length; i++) {
    for (const address of [same[i], other[i]]) if (address) turns.push(address)
  }
  return turns
}

class Race {
  readonly #options: RaceOptions
  readonly #resolve: (result: Reached | Problem) => void
  readonly #waiting: IpAddress[]
  readonly #attempts = new Map<net.Socket, IpAddress>()
  readonly #giveUp: NodeJS.Timeout
  readonly #began: number
  #nextAttempt: NodeJS.Timeout | undefined

  constructor(
    addresses: readonly IpAddress[],
    options: RaceOptions,
    resolve: (result: Reached | Problem) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#waiting = [...addresses]
    this.#began = options.meter.now()
    this.#giveUp = setTimeout(this.#onTimeout, options.timeout)
    options.signal.addEventListener('abort', this.#onAbort)
    if (options.signal.aborted) this.#onAbort()
    else this.#attempt()
  }

  #attempt = (): void => {
    clearTimeout(this.#nextAttempt)
    const address = this.#waiting.shift()
    if (!address) return
    const socket = net.connect({
      host: address.text,
      port: this.#options.port,
      noDelay: true,
      allowHalfOpen: true,
      autoSelectFamily: false,
      lookup: refuseLookup,
    })
    this.#attempts.set(socket, address)
    socket.once('error', (error) =>
      this.#onFailure(socket, toConnectProblem(error, this.#at(address))),
    )
    socket.once('connect', () => this.#onConnect(socket, address))
    if (this.#waiting.length > 0 && this.#attempts.size < MAX_ATTEMPTS) {
      this.#nextAttempt = setTimeout(this.#attempt, ATTEMPT_DELAY_MS)
    }
  }

  #onConnect(socket: net.Socket, address: IpAddress): void {
    noteOwn(socket)
    const peer = parseIp(socket.remoteAddress ?? '')
    // INVARIANT: no address is spoken to that the verdict did not judge.
    if (peer?.text !== address.text || socket.remotePort !== this.#options.port) {
      return this.#onFailure(
        socket,
        this.#say('connect-unreachable', address, 'the connection led somewhere else'),
      )
    }
    this.#options.meter.took('dial', this.#began)
    socket.removeAllListeners('error')
    this.#attempts.delete(socket)
    const rest = [...this.#attempts.values(), ...this.#waiting]
    this.#finish({ socket, address, rest })
  }

  #onFailure(socket: net.Socket, problem: Problem): void {
    // Closed for another reason: nobody asks any more.
    if (!this.#attempts.delete(socket)) return
    socket.destroy()
    if (this.#waiting.length > 0) this.#attempt()
    else if (this.#attempts.size === 0) this.#finish(problem)
  }

  #onTimeout = (): void => {
    const [address] = this.#attempts.values()
    if (address) this.#finish(this.#say('connect-timeout', address, 'no connection in time'))
  }

  #onAbort = (): void => {
    this.#finish({ code: 'connect-reset', detail: 'nobody waits for it any more' })
  }

  #finish(result: Reached | Problem): void {
    clearTimeout(this.#giveUp)
    clearTimeout(this.#nextAttempt)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    const losers = [...this.#attempts.keys()]
    this.#attempts.clear()
    for (const loser of losers) loser.destroy()
    // Until its user listens, an error has to have somewhere to go.
    if ('socket' in result) result.socket.on('error', () => {})
    this.#resolve(result)
  }

  #say(code: Code, address: IpAddress, detail: string): Problem {
    return { code, detail: `${this.#at(address)}: ${detail}` }
  }

  #at({ text }: IpAddress): string {
    return `${text} port ${this.#options.port}`
  }
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
