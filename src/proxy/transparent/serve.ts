/**
 * One connection that was taken over on its way. Where it was going is what the kernel says; what it speaks is told by its first bytes. TLS
 * and HTTP are served as inside a tunnel, under the name the client says; anything else is judged by its address and relayed unread.
 */

import type { Socket } from 'node:net'
import { type Agent, ANONYMOUS } from '../../model/agent.ts'
import { type Authority, parseHost, toAuthority } from '../../model/authority.ts'
import type { Client } from '../../model/client.ts'
import type { Problem } from '../../model/errors.ts'
import type { Flow, Protocol, RequestLine } from '../../model/flow.ts'

import type { Connect } from '../connect.ts'
import { ClientConnection } from '../http1/client-connection.ts'
import { ClientSession } from '../http2/client-session.ts'
import { interceptOpening } from '../intercept.ts'
import { serveOpaque } from '../opaque.ts'
import { type Opening, readOpening } from '../opening.ts'
import { isOwn } from '../origin/own-sockets.ts'
import { servePostgresql } from '../postgresql/serve.ts'
import { SERVER_FIRST } from '../protocol/recognise.ts'
import type { ProxyContext } from '../proxy.ts'
import { TOO_LATE } from '../quiet-socket.ts'
import { tunnelUnseen } from '../unseen.ts'
import { FirstWords } from './first-words.ts'
import type { Original } from './sockets.ts'

export interface TakenOver {
  readonly socket: Socket
  readonly client: Client
  readonly original: Original
  readonly context: ProxyContext
}

/** Where the client always speaks first: it may take its time there, as browsers do that connect ahead. */
const CLIENT_FIRST: ReadonlySet<number> = new Set([80, 443])

/** @param first what has come already; null for nothing */
export function serveTakenOver(taken: TakenOver, first: Buffer | null = null): void {
  const { socket, client, original, context } = taken
  const { port } = original
  const hasServerFirst = first === null && !CLIENT_FIRST.has(port)
  new FirstWords(
    socket,
    context,
    { first, hasServerFirst },
    {
      onProtocol(protocol, bytes) {
        // By now we know of every connection of ours that has said anything.
        if (isOwn(client, socket.remotePort)) return endLoop(taken)
        serveProtocol(taken, protocol, bytes)
      },
      onSilence() {
        if (isOwn(client, socket.remotePort)) return endLoop(taken)
        const onClientFirst = (bytes: Buffer) => serveTakenOver(taken, bytes)
        const protocol = SERVER_FIRST[port] ?? 'unknown'
        run(taken, serveOpaque({ connect: toConnect(taken, null), protocol, onClientFirst }))
      },
      onGone() {},
      onLate() {
        socket.destroy()
        run(taken, record(taken, TOO_LATE, 'unknown'))
      },
    },
  )
}

function serveProtocol(taken: TakenOver, protocol: Protocol, first: Buffer): void {
  switch (protocol) {
    case 'tls':
      return run(taken, serveTls(taken, first))
    case 'http':
      return run(taken, serveHttp(taken, first))
    case 'postgresql':
      return run(taken, servePostgresql(toConnect(taken, first)))
    default:
      return run(
        taken,
        serveOpaque({ connect: toConnect(taken, first), protocol, onClientFirst: null }),
      )
  }
}

/** Plain HTTP: each request says its host, on the port that the connection was for. */
async function serveHttp(taken: TakenOver, first: Buffer): Promise<void> {
  const { socket, client, original, context } = taken
  const opening = await readOpening(socket, first, context.deadlines, context.timeouts.head)
  if (opening.kind !== 'http' && opening.kind !== 'http2') {
    socket.destroy()
    return record(taken, opening.kind === 'fault' ? opening.problem : TOO_LATE, 'HTTP/1.1')
  }
  const { mode, address } = original
  const tunnel = {
    mode,
    scheme: 'http',
    authority: toAddressed(original),
    original: address,
    isNamedByHost: true,
  } as const
  const scope = { client, tunnel, credentials: null, fault: null }
  socket.unshift(opening.bytes)
  if (opening.kind === 'http2') new ClientSession({ socket, scope, context, onConnect: null })
  else new ClientConnection({ socket, scope, context, onConnect: null })
  socket.resume()
}

/** TLS is for the name the client asks for; for the address where it names none. */
async function serveTls(taken: TakenOver, first: Buffer): Promise<void> {
  const { socket, client, original, context } = taken
  const { deadlines, timeouts, enforcer, policy } = context
  const opening = await readOpening(socket, first, deadlines, timeouts.head)
  const identified = await context.identify(null, client)
  const [agent, fault] =
    'code' in identified ? [ANONYMOUS, identified] : ([identified, null] as const)
  const authority = nameOf(opening, original)
  const connect: Connect = {
    ...toConnect(taken, null),
    tunnel: { ...toTunnel(taken, null, agent), authority },
  }
  const { mode, address } = original
  const flow: Flow = {
    mode,
    scheme: 'https',
    clientIp: client.text,
    agent,
    inspection: 'headers',
    original: address,
  }
  const isUnseen = policy().tunnelOnly.some((pattern) => pattern.matches(authority.host.text))
  if (isUnseen && opening.kind === 'tls' && !fault) {
    // INVARIANT: a name that nobody can check keeps nobody from looking inside.
    const { destination } = await enforcer.admit({ ...flow, scheme: 'tcp' }, authority)
    if (!destination.claim) {
      socket.unshift(opening.bytes)
      return tunnelUnseen(connect)
    }
  }
  await interceptOpening(connect, flow, opening, fault)
}

function nameOf(opening: Opening, original: Original): Authority {
  const named =
    opening.kind === 'tls' && opening.hello.serverName !== null
      ? parseHost(opening.hello.serverName)
      : null
  return named && 'value' in named ? toAuthority(named.value, original.port) : toAddressed(original)
}

function toAddressed({ address, port }: Original): Authority {
  return toAuthority({ text: address.text, ip: address }, port)
}

function toConnect(taken: TakenOver, early: Buffer | null): Connect {
  const { client, context } = taken
  return { client, context, tunnel: toTunnel(taken, early, ANONYMOUS) }
}

function toTunnel(
  { socket, original }: TakenOver,
  early: Buffer | null,
  agent: Agent,
): Connect['tunnel'] {
  return {
    mode: original.mode,
    authority: toAddressed(original),
    agent,
    credentials: null,
    original: original.address,
    socket,
    early,
    // The client believes that it talks to its destination: there is nothing to say yes or no in.
    establish() {},
    refuse: () => socket.destroy(),
  }
}

/** It is our own: answering it would call it again. */
function endLoop(taken: TakenOver): void {
  taken.socket.destroy()
  run(taken, record(taken, LOOP, 'unknown'))
}

const LOOP: Problem = {
  code: 'proxy-loop',
  detail:
    "a connection of this proxy's own was led back to it: the firewall has to leave out its user",
}

/** Records what never became anything. */
async function record(
  { client, original, context }: TakenOver,
  problem: Problem,
  protocol: string,
): Promise<void> {
  const { mode, address } = original
  const flow: Flow = {
    mode,
    scheme: 'tcp',
    clientIp: client.text,
    agent: ANONYMOUS,
    inspection: 'none',
    original: address,
  }
  const line: RequestLine = { method: null, path: null, protocol }
  await context.enforcer.refuse(flow, toAddressed(original), problem, line)
}

function run({ socket, context }: TakenOver, work: Promise<void>): void {
  work.catch((error: unknown) => {
    context.report('transparent', error)
    socket.destroy()
  })
}
