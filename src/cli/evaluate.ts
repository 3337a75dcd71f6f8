/**
 * One call through the evaluator, without sending anything: what `explain`, `locate` and `test` show. It is the spine's own `admit`
 * and `judge`; only the log is missing, so nothing can be released from here.
 */

import type { Settings } from '../config/load.ts'
import { type Admission, createEnforcer, judge } from '../enforce.ts'
import { type Agent, ANONYMOUS } from '../model/agent.ts'
import { type Authority, parseAuthority } from '../model/authority.ts'
import type { Resolution } from '../model/destination.ts'
import { AuditUnavailable } from '../model/errors.ts'
import type { Flow, RequestLine, Scheme } from '../model/flow.ts'
import type { RequestView } from '../model/request-view.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Policy } from '../policy/compile.ts'
import type { Ports } from '../ports.ts'
import { isHopByHop } from '../proxy/http1/fields.ts'
import { clock, type Evaluation } from './compose.ts'
import { CommandError, EXIT } from './output.ts'

export interface Call {
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  readonly method: string
  readonly path: string
  readonly agent: Agent
  /** From `?` on; empty when there is none. */
  readonly query: string
  /** Names and values. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | null
}

/** What a call has that says nothing. */
export const BARE = { query: '', headers: [], body: null } as const

export interface Evaluated {
  readonly admission: Admission
  readonly request: RequestLine
  readonly verdict: Verdict
}

/** @throws CommandError when the text is not an http or https URL. */
export function parseCallUrl(url: string): Pick<Call, 'scheme' | 'authority' | 'path' | 'query'> {
  const fail = (reason: string) =>
    new CommandError(EXIT.invalid, `\`${url}\`: ${reason}`, 'write https://host/path')
  const match = /^(https?):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i.exec(url)
  if (!match) throw fail('not an http:// or https:// URL')
  const scheme = match[1]?.toLowerCase() === 'http' ? 'http' : 'https'
  const authority = parseAuthority(match[2] ?? '', scheme === 'http' ? 80 : 443)
  if ('fault' in authority) throw fail(authority.fault)
  return {
    scheme,
    authority: authority.value,
    path: toWirePath(match[3] || '/'),
    query: toWirePath(match[4] ?? ''),
  }
}

/** What no target may contain is percent-encoded, as clients do; the rest stays as written. */
function toWirePath(path: string): string {
  return path.toWellFormed().replace(/[^!-~]+/g, encodeURIComponent)
}

/** The agent a name stands for, however it would prove to be that. */
export function agentNamed(
  policy: Policy,
  name: string | undefined,
  groups: readonly string[],
): Agent {
  if (name === undefined && groups.length === 0) return ANONYMOUS
  const entry = policy.agents.find(({ id }) => id === name)
  const all = new Set([...(entry?.memberOf ?? []), ...groups])
  return { id: name ?? ANONYMOUS.id, groups: [...all].sort(), by: 'token' }
}

/** @param resolution in place of asking DNS. */
export async function evaluate(
  { policy }: Settings,
  { resolver, locator }: Pick<Evaluation, 'resolver' | 'locator'>,
  call: Call,
  resolution: Resolution | null = null,
): Promise<Evaluated> {
  const ports: Ports = {
    clock,
    resolver: resolution ? { resolve: async () => resolution } : resolver,
    locator,
    audit: NO_LOG,
    policy: () => policy,
    report: (_, error) => {
      throw error
    },
  }
  const flow: Flow = {
    mode: call.scheme === 'http' ? 'absolute' : 'connect',
    ...seen(policy, call),
    clientIp: '127.0.0.1',
    agent: call.agent,
  }
  const unseen = flow.inspection === 'sni'
  const request: RequestLine = unseen
    ? { method: null, path: null, protocol: 'TLS' }
    : { method: call.method, path: call.path, protocol: 'HTTP/1.1' }
  const enforcer = createEnforcer(ports)
  const admitted = await enforcer.admit(flow, call.authority)
  const admission = unseen ? admitted : await enforcer.consider(admitted, toView(call))
  return { admission, request, verdict: judge(admission, request) }
}

function toView({ authority, method, path, query, headers, body }: Call): RequestView {
  const received = (name: string) =>
    headers.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value)
  const nominated = received('connection')
    .join(',')
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/)
  // As the proxy does it: what the origin will not get says nothing.
  const values = (name: string) =>
    isHopByHop(name) || nominated.includes(name) ? [] : received(name)
  const contentType = values('content-type').join(', ') || null
  const contentEncoding = values('content-encoding').join(', ') || null
  return {
    host: authority.host.text,
    method,
    target: path + query,
    header: values,
    body: body && { bytes: body, complete: true, contentType, contentEncoding },
  }
}

/** How much of the call the proxy would see. */
function seen(policy: Policy, { scheme, authority }: Call): Pick<Flow, 'inspection' | 'scheme'> {
  const unseen =
    scheme === 'https' && policy.tunnelOnly.some((pattern) => pattern.matches(authority.host.text))
  return unseen
    ? { inspection: 'sni', scheme: 'tcp' satisfies Scheme }
    : { inspection: 'headers', scheme }
}

const NO_LOG: Ports['audit'] = {
  decide: () => Promise.reject(new AuditUnavailable('nothing is released from here')),
  settle: () => {},
  note: () => Promise.reject(new AuditUnavailable('nothing is recorded from here')),
}
