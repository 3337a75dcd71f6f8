/**
 * The way to origins through another proxy, where the network has no other way out (CONNECT, RFC 9110 section 9.3.6). INVARIANT: it is
 * asked for the judged address: what it connects to is for us to say. Only destinations that were left to it (`delegated`) are asked for by
 * name. It is itself a destination that the policy has to let through. Nothing it says but a status gets into a message.
 */

import type net from 'node:net'
import type { Admission } from '../../admission.ts'
import type { IpAddress } from '../../model/address.ts'
import { type Authority, type Host, toAuthority } from '../../model/authority.ts'
import type { Code, Problem } from '../../model/errors.ts'
import type { OriginContexts } from '../../tls/origin-contexts.ts'
import type { TlsSessions } from '../../tls/sessions.ts'
import { parseResponseHead } from '../http1/head.ts'
import { HeadBuffer } from '../http1/head-buffer.ts'
import { interleave, type RaceOptions, type Reached, race } from './race.ts'
import { secure } from './secure.ts'

export interface UpstreamProxyOptions {
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  /** `user:password`; null for none. */
  readonly credentials: string | null
  /** Whether a host is called without it. */
  readonly isException: (host: Host) => boolean
  /** Finds it and asks the policy for it, as for any destination. Never rejects. */
  readonly admit: () => Promise<Admission | Problem>
  readonly contexts: Pick<OriginContexts, 'for'>
  readonly sessions: TlsSessions
}

/** Bytes of its answer to CONNECT. */
const MAX_HEAD = 16 * 1024
/** Interim answers before the final one. */
const MAX_INTERIM = 8

export class UpstreamProxy {
  readonly #options: UpstreamProxyOptions
  readonly #authorization: string

  constructor(options: UpstreamProxyOptions) {
    this.#options = options
    const { credentials } = options
    // RFC 7617, with UTF-8.
    const basic = credentials === null ? null : Buffer.from(credentials).toString('base64')
    this.#authorization = basic === null ? '' : `Proxy-Authorization: Basic ${basic}\r\n`
  }

  /** Whether the host is called through it. */
  leadsTo(host: Host): boolean {
    return !this.#options.isException(host)
  }

  /**
   * A connection to one of the judged addresses, as `race` gives it, one after the other; or to a name, then with the address of the proxy in
   * place of the one it chose. Never rejects. The socket is paused.
   *
   * @param to at least one address, or what is left to the proxy
   */
  async reach(
    to: readonly IpAddress[] | Authority,
    options: RaceOptions,
  ): Promise<Reached | Problem> {
    const giveUpAt = performance.now() + options.timeout
    const admission = await this.#options.admit()
    if ('code' in admission) return admission
    if ('host' in to) {
      const left = Math.max(giveUpAt - performance.now(), 1)
      return await this.#ask(admission, to.text, { ...options, timeout: left })
    }
    return await this.#reachOne(admission, to, giveUpAt, options)
  }

  async #reachOne(
    admission: Admission,
    addresses: readonly IpAddress[],
    giveUpAt: number,
    options: RaceOptions,
  ): Promise<Reached | Problem> {
    let problem: Problem = TOO_LATE
    for (const [i, address] of addresses.entries()) {
      const left = giveUpAt - performance.now()
      if (left <= 0 || options.signal.aborted) break
      const share = { ...options, timeout: left / (addresses.length - i) }
      const result = await this.#ask(admission, toTarget(address, options.port), share)
      if (!('code' in result)) return { ...result, address, rest: addresses.slice(i + 1) }
      problem = result
      // Another address would make no difference.
      if (result.code !== 'upstream-proxy-refused') break
    }
    return problem
  }

  /** @returns the socket, with the address of the proxy */
  async #ask(
    { destination }: Admission,
    target: string,
    options: RaceOptions,
  ): Promise<Reached | Problem> {
    const { scheme, authority, contexts, sessions } = this.#options
    const { host, port } = authority
    const { meter, signal } = options
    const giveUpAt = performance.now() + options.timeout
    const left = () => Math.max(giveUpAt - performance.now(), 1)
    const reached = await race(interleave(destination.addresses), { ...options, port })
    if ('code' in reached) return this.#unreachable(reached)
    let socket = reached.socket
    if (scheme === 'https') {
      const { context: trust, id } = contexts.for(host)
      const sessionKey = `upstream proxy ${authority.text} ${id}`
      const tls = { trust, offer: ['http/1.1'], sessions, sessionKey }
      const to = { host, port, address: reached.address }
      const secured = await secure(socket, to, tls, { timeout: left(), meter, signal })
      if ('code' in secured) return this.#say('upstream-proxy-tls', secured.detail)
      socket = secured
    }
    const head = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${this.#authorization}\r\n`
    const problem = await converse(socket, head, left(), signal)
    if (problem === null) return { socket, address: reached.address, rest: [] }
    socket.destroy()
    return this.#say(problem.code, problem.detail)
  }

  /** What is wrong with the way to it, told apart from what is wrong with a destination. */
  #unreachable({ code, detail }: Problem): Problem {
    const isLate = code === 'connect-timeout' || code === 'connect-stalled'
    return this.#say(isLate ? 'upstream-proxy-timeout' : 'upstream-proxy-unreachable', detail)
  }

  #say(code: Code, detail: string): Problem {
    return { code, detail: `through ${this.#options.authority.text}: ${detail}` }
  }
}

function toTarget(address: IpAddress, port: number): string {
  return toAuthority({ text: address.text, ip: address }, port).text
}

/** Sends the head of a CONNECT and reads the answer. @returns null when the socket, paused now, leads to the destination */
function converse(
  socket: net.Socket,
  head: string,
  timeout: number,
  signal: AbortSignal,
): Promise<Problem | null> {
  return new Promise((resolve) => {
    const received = new HeadBuffer()
    let interim = 0
    const finish = (problem: Problem | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off('data', onData)
      socket.off('end', onEnd)
      socket.off('close', onEnd)
      socket.pause()
      resolve(problem)
    }
    const onAbort = () => finish({ code: 'connect-reset', detail: 'nobody waits for it any more' })
    const onEnd = () =>
      finish({ code: 'upstream-proxy-unreachable', detail: 'it closed the connection' })
    const timer = setTimeout(() => finish(SILENT), timeout)
    const onData = (piece: Buffer) => {
      received.push(piece)
      for (let text = received.take(); text !== null; text = received.take()) {
        const answer = text.length > MAX_HEAD ? null : parseResponseHead(text)
        if (!answer || answer.status === 101) return finish(NO_HTTP)
        if (answer.status >= 200) return finish(judge(answer.status, received.length > 0))
        if (++interim > MAX_INTERIM) return finish(NO_HTTP)
      }
      if (received.length > MAX_HEAD || received.hasBareLf || !received.mayBeginWith('HTTP/1.')) {
        if (received.length > 0) finish(NO_HTTP)
      }
    }
    signal.addEventListener('abort', onAbort)
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    socket.resume()
    socket.write(head, 'latin1')
    if (signal.aborted) onAbort()
  })
}

/** @param hasMore whether something stands right behind the head: what we connect to never speaks first */
function judge(status: number, hasMore: boolean): Problem | null {
  if (status < 300) return hasMore ? NO_HTTP : null
  // Some say 401 where 407 is meant.
  if (status === 407 || status === 401) {
    return {
      code: 'upstream-proxy-auth',
      detail: `it wants credentials, or other ones (${status})`,
    }
  }
  return { code: 'upstream-proxy-refused', detail: `it answered CONNECT with ${status}` }
}

const SILENT: Problem = {
  code: 'upstream-proxy-timeout',
  detail: 'it did not answer CONNECT in time',
}
const NO_HTTP: Problem = {
  code: 'upstream-proxy-malformed',
  detail: 'its answer to CONNECT is not well-formed HTTP/1.1',
}
const TOO_LATE: Problem = {
  code: 'upstream-proxy-timeout',
  detail: 'there was no time left for the upstream proxy',
}
