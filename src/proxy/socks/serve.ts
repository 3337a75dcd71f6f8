/** A client of SOCKS on the proxy port: once it has said where to, its tunnel is one like those of CONNECT. */

import { ANONYMOUS } from '../../model/agent.ts'
import type { Authority } from '../../model/authority.ts'
import type { Client } from '../../model/client.ts'
import type { Problem } from '../../model/errors.ts'
import type { Flow, RequestLine } from '../../model/flow.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { Channel } from '../channel.ts'
import { linger } from '../linger.ts'
import type { ProxyContext, Tunnel } from '../proxy.ts'
import { QuietSocket, TOO_LATE } from '../quiet-socket.ts'
import { SocksNegotiation, type SocksVersion, sayEstablished, sayRefused } from './negotiation.ts'

export interface SocksClient {
  readonly socket: Channel
  readonly client: Client
  readonly version: SocksVersion
  readonly context: ProxyContext
  /** Takes the socket over. */
  onTunnel(tunnel: Tunnel): void
}

/** Serves one connection, whose bytes are all still in the socket, or given to `onData`. */
export class SocksConnection extends QuietSocket {
  readonly #options: SocksClient
  readonly #negotiation: SocksNegotiation
  #bytes: Buffer | null = null

  constructor(options: SocksClient) {
    super(options.socket, options.context)
    this.#options = options
    this.#negotiation = new SocksNegotiation(options.version)
  }

  expire(): void {
    this.#leave(this.#refuse(null, TOO_LATE))
  }

  protected onData(piece: Buffer): void {
    let bytes = this.#bytes ? Buffer.concat([this.#bytes, piece]) : piece
    for (;;) {
      const step = this.#negotiation.next(bytes)
      switch (step.kind) {
        case 'more':
          this.#bytes = bytes
          return
        case 'reply':
          this.socket.write(step.bytes)
          bytes = bytes.subarray(step.length)
          break
        case 'connect':
          return this.#leave(this.#connect(step.authority, step.token, bytes.subarray(step.length)))
        case 'fault':
          return this.#leave(this.#refuse(null, step.problem, step.bytes))
        default:
          return step satisfies never
      }
    }
  }

  protected onEnd(): void {
    this.#leave(this.#refuse(null, LEFT))
  }

  protected onGone(): void {
    // Who only looked whether somebody listens has begun nothing.
    if (this.#bytes) this.#run(this.#record(LEFT))
  }

  async #connect(authority: Authority, token: string | null, rest: Buffer): Promise<void> {
    const { client, version, context, onTunnel } = this.#options
    const { socket } = this
    const credentials = token === null ? null : `Bearer ${token}`
    const agent = await context.identify(credentials, client)
    if ('code' in agent) return this.#refuse(authority, agent)
    if (socket.destroyed) {
      await this.#record(LEFT, authority)
      return
    }
    onTunnel({
      mode: 'socks5',
      authority,
      agent,
      credentials,
      socket,
      early: rest.length > 0 ? rest : null,
      establish: () => socket.write(sayEstablished(version)),
      refuse: (refusal) => this.#end(sayRefused(version, refusal.code)),
    })
  }

  async #refuse(authority: Authority | null, problem: Problem, bytes?: Buffer): Promise<void> {
    const refusal = await this.#record(problem, authority)
    this.#end(bytes ?? sayRefused(this.#options.version, refusal.code))
  }

  #record(problem: Problem, authority: Authority | null = null): Promise<Refusal> {
    const { client, version, context } = this.#options
    const flow: Flow = {
      mode: 'socks5',
      scheme: 'tcp',
      clientIp: client.text,
      agent: ANONYMOUS,
      inspection: 'none',
    }
    const line: RequestLine = { method: null, path: null, protocol: `SOCKS${version}` }
    return context.enforcer.refuse(flow, authority, problem, line)
  }

  #end(bytes: Buffer): void {
    if (this.socket.destroyed) return
    this.socket.write(bytes)
    linger(this.socket)
  }

  /** The socket is in other hands from here. */
  #leave(work: Promise<void>): void {
    this.letGo()
    this.socket.pause()
    this.#run(work)
  }

  #run(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#options.context.report('SOCKS', error)
      this.socket.destroy()
    })
  }
}

const LEFT: Problem = { code: 'request-incomplete', detail: 'the client left early' }
