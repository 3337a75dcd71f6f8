/**
 * A request of Cordon's own: data files, keys, notices. It goes the way every other call goes, as agent `cordon`: located, measured,
 * decided, written down, and sent to a judged address or not at all. Answers are read whole, so they are bounded in bytes
 * and time. Redirects are answers: whoever follows one asks again.
 */

import type { Enforcer } from '../enforce.ts'
import type { Agent } from '../model/agent.ts'
import type { Ending } from '../model/audit-record.ts'
import { type Authority, parseAuthority } from '../model/authority.ts'
import type { Parsed, Problem } from '../model/errors.ts'
import type { Flow } from '../model/flow.ts'
import { type Refusal, refuseByProblem } from '../model/refusal.ts'
import type { Permit } from '../release.ts'
import type { RequestHead, ResponseHead } from './exchange/message.ts'
import type { AnswerSink, OriginSide } from './exchange/sides.ts'
import { RESET } from './exchange/sides.ts'
import type { Target } from './exchange/target.ts'
import { parseRequestHead } from './http1/head.ts'
import type { OriginPool } from './origin/pool.ts'
import type { Passage } from './origin/way.ts'

/** Whom the log names as the caller, and what rules and `agents:` entries call it. */
export const CORDON: Agent = { id: 'cordon', groups: [], by: 'token' }

export interface OwnContext {
  readonly enforcer: Enforcer
  readonly origins: OriginPool
}

export interface OwnRequest {
  readonly method?: 'GET' | 'POST'
  /** Besides `Host` and what frames the body. Names and values as they go on the wire. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Whether the path is a credential, and so kept out of the log. */
  readonly hidesPath?: boolean
  /** Of the answer's body. */
  readonly maxBytes: number
  /** Milliseconds for everything after the decision: connecting, asking, reading. */
  readonly timeoutMs: number
  /** Ends it earlier. */
  readonly signal?: AbortSignal
}

export interface OwnAnswer {
  readonly status: number
  /** Lower-case names; of fields that are there twice, the first. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/**
 * Never rejects but for a defect of ours.
 *
 * @param url absolute, http or https; what follows `?` goes on the wire and not into the log
 * @returns the answer, whatever its status, or why there is none: refused by the policy, or failed
 */
export async function requestAsCordon(
  { enforcer, origins }: OwnContext,
  url: string,
  request: OwnRequest,
): Promise<OwnAnswer | Refusal> {
  const target = parseOwnUrl(url)
  if ('fault' in target) {
    return refuseByProblem(null, { code: 'request-target', detail: target.fault }, null)
  }
  const { scheme, authority, path } = target.value
  const head = toHead(target.value, request)
  const { method } = head
  const flow: Flow = {
    mode: 'absolute',
    scheme,
    clientIp: '127.0.0.1',
    agent: CORDON,
    inspection: 'full',
  }
  const admission = await enforcer.admit(flow, authority)
  const { hidesPath = false } = request
  const line = { method, path, hidesPath, protocol: 'HTTP/1.1' }
  const released = await enforcer.release(admission, line)
  if ('refusal' in released) return released.refusal

  const { signal, timeoutMs } = request
  const giveUp = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
  const opened = await origins.open(admission, PASSAGE, giveUp)
  if ('code' in opened) {
    const problem = giveUp.aborted ? tooSlow(request) : opened
    return fail(enforcer, released.permit, problem, NOTHING_SENT)
  }
  let bytesOut = 0
  const answer = await new Promise<OwnAnswer | Problem>((resolve) => {
    const collector = new Collector(opened, method, request.maxBytes, resolve)
    const out = opened.begin({ head, target: toTarget(target.value), upgrade: null }, collector)
    if (giveUp.aborted) return collector.onFailure(tooSlow(request))
    giveUp.addEventListener('abort', () => collector.onFailure(tooSlow(request)), { once: true })
    const { body } = request
    if (body) out.payload(Buffer.from(body), 0, body.length)
    out.finish(null, null)
    out.flush()
    bytesOut = out.bytes
  })
  opened.abandon(RESET.cancel)
  const sent = {
    ...NOTHING_SENT,
    dialedIp: opened.address.text,
    bytesOut,
    bytesIn: opened.received,
  }
  if ('code' in answer) return fail(enforcer, released.permit, answer, sent)
  enforcer.settle(released.permit, { ...sent, outcome: 'forwarded', status: answer.status })
  return answer
}

/** Takes one answer in, up to a number of bytes. */
class Collector implements AnswerSink {
  readonly method: string
  readonly #connection: OriginSide
  readonly #maxBytes: number
  readonly #resolve: (answer: OwnAnswer | Problem) => void
  readonly #pieces: Buffer[] = []
  #size = 0
  #head: ResponseHead | null = null

  constructor(
    connection: OriginSide,
    method: string,
    maxBytes: number,
    resolve: (answer: OwnAnswer | Problem) => void,
  ) {
    this.method = method
    this.#connection = connection
    this.#maxBytes = maxBytes
    this.#resolve = resolve
  }

  onInterim(): void {}

  onHead(head: ResponseHead): void {
    this.#head = head
  }

  onPayload(buffer: Buffer, start: number, end: number): void {
    this.#size += end - start
    if (this.#size <= this.#maxBytes) this.#pieces.push(buffer.subarray(start, end))
    else this.onFailure(malformed(`the answer is larger than ${this.#maxBytes} bytes`))
  }

  onFlush(): void {}

  onEnd(): void {
    const headers = toMap(this.#head?.fields.list ?? [])
    const coding = headers.get('content-encoding') ?? 'identity'
    if (coding !== 'identity') {
      return this.#resolve(malformed('the answer is encoded, which nobody asked for'))
    }
    const status = this.#head?.status ?? 0
    this.#resolve({ status, headers, body: Buffer.concat(this.#pieces) })
  }

  onAccepted(): void {
    this.onFailure(malformed('the answer is to something nobody asked for'))
  }

  onFailure(problem: Problem): void {
    this.#connection.abandon(RESET.cancel)
    this.#resolve(problem)
  }

  onDrain(): void {}
}

interface OwnTarget {
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  /** From `/` up to but not including `?`. */
  readonly path: string
  /** From `?`; empty when there is none. */
  readonly query: string
}

/** No user information, no fragment, and nothing that would have to be escaped first. */
export function parseOwnUrl(url: string): Parsed<OwnTarget> {
  const match = /^(https?):\/\/([^/?#]+)(\/[!-"$->@-~]*)?(\?[!-"$-~]*)?$/.exec(url)
  if (!match) return { fault: 'not an absolute http:// or https:// URL' }
  const scheme = match[1] === 'http' ? 'http' : 'https'
  const authority = parseAuthority(match[2] ?? '', scheme === 'http' ? 80 : 443)
  if ('fault' in authority) return authority
  const [path = '/', query = ''] = [match[3], match[4]]
  return { value: { scheme, authority: authority.value, path, query } }
}

/** @throws TypeError for a header that no field line can have: nothing from outside may get that far */
function toHead(target: OwnTarget, request: OwnRequest): RequestHead {
  const { method = 'GET', headers = {}, body } = request
  const { wire, host } = toTarget(target)
  let text = `${method} ${wire} HTTP/1.1\r\nHost: ${host}\r\n`
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[A-Za-z0-9-]+$/.test(name) || !/^[ -~]*$/.test(value)) {
      throw new TypeError(`the header ${JSON.stringify(name)} cannot be sent`)
    }
    text += `${name}: ${value}\r\n`
  }
  if (body) text += `Content-Length: ${body.length}\r\n`
  const head = parseRequestHead(`${text}\r\n`)
  if ('code' in head) throw new TypeError(head.detail)
  return head
}

function toTarget({ scheme, authority, path, query }: OwnTarget): Target {
  const isDefault = authority.port === (scheme === 'http' ? 80 : 443)
  const host = isDefault ? authority.text.replace(/:\d+$/, '') : authority.text
  return { scheme, authority, wire: path + query, host, path }
}

function toMap(list: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] ?? '').toLowerCase()
    if (!map.has(name)) map.set(name, list[i + 1] ?? '')
  }
  return map
}

function fail(enforcer: Enforcer, permit: Permit, problem: Problem, ending: Ending) {
  const { id, admission } = permit
  const refusal = refuseByProblem(id, problem, admission.destination.authority)
  enforcer.settle(permit, { ...ending, error: problem.code })
  return refusal
}

function tooSlow({ timeoutMs }: OwnRequest): Problem {
  return { code: 'connect-stalled', detail: `there was no whole answer within ${timeoutMs} ms` }
}

function malformed(detail: string): Problem {
  return { code: 'connect-malformed', detail }
}

const PASSAGE: Passage = { way: 'either', upgrade: null, user: null }

const NOTHING_SENT: Ending = {
  outcome: 'failed',
  status: null,
  dialedIp: null,
  bytesOut: 0,
  bytesIn: 0,
  error: null,
}
