/** One request through the spine: what it names, who asks, what is decided. No sockets; the answer is a permit or a refusal. */

import type { Inspected, Passing } from '../../inspection.ts'
import type { Replaced, ReplacedHead } from '../../inspector.ts'
import { type Agent, ANONYMOUS } from '../../model/agent.ts'
import { type Authority, parseWireAuthority } from '../../model/authority.ts'
import type { Client } from '../../model/client.ts'
import type { Problem } from '../../model/errors.ts'
import type { Flow, RequestLine, Scheme } from '../../model/flow.ts'
import type { Refusal } from '../../model/refusal.ts'
import type { BodyView } from '../../model/request-view.ts'
import { readSignedParts } from '../../model/signed-parts.ts'
import type { Permit } from '../../release.ts'
import type { ProxyContext } from '../proxy.ts'
import { WEBSOCKET } from '../websocket/handshake.ts'
import { changeFields, replaceFields, speaksOfBody } from './changed-fields.ts'
import { HeldRequest } from './held-request.ts'
import { type BodyLength, type RequestHead, UNTOLD, valuesOf } from './message.ts'
import { EMPTY_BODY, isConversation, notYet, toHeadView, toView } from './peek.ts'
import { type Target, TargetReader, type Tunnel } from './target.ts'

/** Where a client connection comes from, and what is fixed for all its requests. */
export interface Scope {
  readonly client: Client
  /** Set inside a tunnel: what CONNECT named. */
  readonly tunnel: Tunnel | null
  /** Inside a tunnel: the credentials CONNECT came with. */
  readonly credentials: string | null
  /** Set when every request is refused, whatever it says: the tunnel itself was wrong. */
  readonly fault: Problem | null
}

export type Passed =
  | {
      readonly permit: Permit
      readonly target: Target
      /** What the connection is asked to become, and may; null for nothing. */
      readonly upgrade: string | null
      /** As it goes on. */
      readonly head: RequestHead
      /** What goes on in place of its body; null for the body as it is. */
      readonly replaced: Replaced | null
      /** How its body is read on its way; null where it is not. */
      readonly passing: Passing | null
    }
  | { readonly refusal: Refusal }

/** What CONNECT asks for, once its form is right and its caller known. */
export type Tunnelling =
  | { readonly mode: 'connect'; readonly authority: Authority; readonly agent: Agent }
  | { readonly refusal: Refusal }

export class RequestGate {
  readonly #scope: Scope
  readonly #context: ProxyContext
  readonly #targets: TargetReader
  #flow: Flow

  constructor(scope: Scope, context: ProxyContext) {
    this.#scope = scope
    this.#context = context
    this.#targets = new TargetReader(scope.tunnel)
    this.#flow = toFlow(scope, ANONYMOUS, scope.tunnel?.scheme ?? 'http')
  }

  /**
   * Never rejects.
   *
   * @param upgrade what the connection is asked to become; null for nothing
   * @param peek gives the beginning of the body, where that has to be known first; null when there is none. What may be read on its way
   * is not waited for where nobody knows how much it is, once it pauses
   * @param gone gives what aborts when the client has left
   */
  async pass(
    head: RequestHead,
    upgrade: string | null,
    peek: ((mayPause: boolean) => Promise<BodyView>) | null,
    gone: () => AbortSignal,
  ): Promise<Passed> {
    const { tunnel, fault, credentials } = this.#scope
    const { enforcer, pseudonym, meter } = this.#context
    let began = meter.now()
    const known = tunnel?.authority ?? null
    if (fault) return { refusal: await this.refuse(fault, known, toLine(head, null)) }

    const target = this.#targets.read(head)
    if ('code' in target) return { refusal: await this.refuse(target, known, toLine(head, null)) }
    const { authority, scheme } = target
    const line = toLine(head, target, upgrade)
    if (head.fields.via?.includes(pseudonym)) {
      const loop = {
        code: 'proxy-loop',
        detail: 'Via shows that the request was here before',
      } as const
      return { refusal: await this.refuse(loop, authority, line) }
    }

    const shown = tunnel ? credentials : head.fields.proxyAuthorization
    const identified = this.#identify(shown, scheme)
    let flow = identified instanceof Promise ? await identified : identified
    if ('code' in flow) return { refusal: await this.refuse(flow, authority, line) }
    const waiting = new HeldRequest(target.wire, head, peek ? null : EMPTY_BODY, gone)
    for (;;) {
      // A client may take its time, and so may people: what held before does not have to hold any more.
      const admitted = enforcer.admit(flow, authority)
      const admission = admitted instanceof Promise ? await admitted : admitted
      const view = toView(head, target, waiting.body)
      if (peek && waiting.body === null && enforcer.wantsBody(view)) {
        waiting.body = await peek(false)
        // How long a client takes is not ours.
        began = meter.now()
        continue
      }
      const considering = enforcer.consider(admission, view)
      const considered = considering instanceof Promise ? await considering : considering
      const looks = enforcer.looksInside(considered)
      // What waits is known again by its body.
      if (peek && waiting.body === null && (looks || enforcer.holds(considered, line))) {
        const decides = enforcer.judgesBody(considered) || enforcer.holds(considered, line)
        // Who sends a little and waits for an answer would wait for ever.
        const mayPause = head.body === UNTOLD && !decides
        const isAhead = isConversation(head) && !decides
        waiting.body = isAhead ? notYet(head) : await peek(mayPause)
        continue
      }
      const inspected = looks
        ? await enforcer.inspect(considered, line, waiting.body, toHeadView(head, target.wire))
        : { line, replaced: null, passing: null, head: null }
      const { line: asked, replaced, passing } = inspected
      const released = await enforcer.releaseOrWait(considered, asked, waiting)
      if (released === 'again') {
        // While people take their time tokens expire and are revoked, and policies say something else of whom they prove.
        const anew = await this.#identify(shown, scheme)
        if ('code' in anew) return { refusal: await this.refuse(anew, authority, line) }
        flow = anew
        continue
      }
      // Nor is how long people take.
      meter.took('decision', began + (waiting.hasWaited ? waiting.waited : 0))
      if ('refusal' in released) return released
      const { permit } = released
      // What Cordon cannot read passes only where a rule says so; else the request goes on without.
      const mayBecome = upgrade === WEBSOCKET || permit.upgrades
      const came = inspected.head ? toRewritten(head, inspected.head) : head
      const sent = toSent(came, permit, inspected)
      const to = inspected.head ? { ...target, wire: inspected.head.target } : target
      const becomes = mayBecome ? upgrade : null
      return { permit, target: to, upgrade: becomes, head: sent, replaced, passing }
    }
  }

  /** Whose call it is, as far as that can be told now. */
  #identify(shown: string | null, scheme: Scheme): Flow | Problem | Promise<Flow | Problem> {
    const agent = this.#context.identify(shown, this.#scope.client)
    const toFlowOf = (one: Agent | Problem) => ('code' in one ? one : this.#flowOf(one, scheme))
    return agent instanceof Promise ? agent.then(toFlowOf) : toFlowOf(agent)
  }

  /** The same object for the same caller: destinations are remembered by it. */
  #flowOf(agent: Agent, scheme: Scheme): Flow {
    if (agent !== this.#flow.agent || scheme !== this.#flow.scheme) {
      this.#flow = toFlow(this.#scope, agent, scheme)
    }
    return this.#flow
  }

  /** The head of a CONNECT. Never rejects. */
  async passConnect(head: RequestHead): Promise<Tunnelling> {
    const line = toLine(head, null)
    const flow: Flow = { ...this.#flow, mode: 'connect', scheme: 'https' }
    const refuse = async (problem: Problem, authority: Authority | null) => ({
      refusal: await this.#context.enforcer.refuse(flow, authority, problem, line),
    })
    const named = parseWireAuthority(head.target, null)
    if ('fault' in named) {
      return refuse({ code: 'request-target', detail: `CONNECT: ${named.fault}` }, null)
    }
    const authority = named.value
    const { host } = head.fields
    // Without a port, Host means the one CONNECT names.
    const alias = host === null ? named : parseWireAuthority(host, authority.port)
    if ('fault' in alias || alias.value.text !== authority.text) {
      return refuse({ code: 'names-disagree', detail: 'CONNECT and Host disagree' }, authority)
    }
    if (head.body !== 0) {
      return refuse({ code: 'request-framing', detail: 'CONNECT has no body' }, authority)
    }
    if (this.#scope.fault) return refuse(this.#scope.fault, authority)
    const { proxyAuthorization } = head.fields
    const agent = await this.#context.identify(proxyAuthorization, this.#scope.client)
    return 'code' in agent ? refuse(agent, authority) : { mode: 'connect', authority, agent }
  }

  /** Records and words a refusal that no verdict stands behind. */
  refuse(problem: Problem, authority: Authority | null, line: RequestLine): Promise<Refusal> {
    return this.#context.enforcer.refuse(this.#flow, authority, problem, line)
  }

  /** The same for a request that never became one. */
  refuseUnread(problem: Problem, protocol = 'HTTP/1.1'): Promise<Refusal> {
    const line = { method: null, path: null, protocol }
    return this.refuse(problem, this.#scope.tunnel?.authority ?? null, line)
  }
}

/** Without the data that is taken out of its fields. */
function toRewritten(head: RequestHead, { fields }: ReplacedHead): RequestHead {
  return { ...head, fields: replaceFields(head.fields, fields) }
}

/** The head that fits what is sent, and asks for an answer that can be read where it has to be. */
function toSent(head: RequestHead, permit: Permit, { replaced, passing }: Inspected): RequestHead {
  const length = toLength(head, replaced, passing)
  if (length === null && !permit.redact) return head
  // What was signed with the head stays: whatever comes can be read as well.
  const signed = readSignedParts(null, (name) => valuesOf(head, name))
  const isAsked = permit.redact !== null && !signed.field('accept-encoding')
  const isBare = (name: string) =>
    (length !== null && speaksOfBody(name)) ||
    (permit.redact !== null && DECLINED.has(name) && !signed.field(name)) ||
    (isAsked && name === 'accept-encoding')
  const added = [
    ...(length === null || length < 0 ? [] : [nameIn(head, 'Content-Length'), String(length)]),
    ...(isAsked ? [nameIn(head, 'Accept-Encoding'), 'identity'] : []),
  ]
  const fields = changeFields(head.fields, isBare, added)
  if (length !== null) fields.contentLength = length
  return { ...head, fields, body: length ?? head.body }
}

/** Null where the body stays as it is. What came without a length goes on without: there may be trailers. */
function toLength(
  { body }: RequestHead,
  replaced: Replaced | null,
  passing: Passing | null,
): BodyLength | null {
  if (passing) return passing.bound === null ? UNTOLD : null
  if (!replaced?.bytes) return null
  return body === UNTOLD ? UNTOLD : replaced.bytes.length
}

/** A part of what was redacted is not part of what it was made from. */
const DECLINED: ReadonlySet<string> = new Set([
  ...['range', 'if-range', 'request-range'],
  // Of single messages: without it none is used.
  ...['grpc-accept-encoding', 'connect-accept-encoding'],
])

function nameIn({ version }: RequestHead, name: string): string {
  return version === '2' ? name.toLowerCase() : name
}

function toFlow(scope: Scope, agent: Agent, scheme: Scheme): Flow {
  const { mode = 'absolute', original = null } = scope.tunnel ?? {}
  return { mode, scheme, clientIp: scope.client.text, agent, inspection: 'headers', original }
}

function toLine(
  head: RequestHead,
  target: Target | null,
  upgrade: string | null = null,
): RequestLine {
  return {
    method: head.method,
    overridesMethod: head.fields.overridesMethod,
    upgrade,
    path: target?.path ?? null,
    protocol: upgrade === WEBSOCKET ? WEBSOCKET : `HTTP/${head.version}`,
  }
}
