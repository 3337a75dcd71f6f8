/**
 * One call through the evaluator, without sending anything: what `explain`, `locate` and `test` show. It is the spine's own `admit`
 * and `judge`; only the log is missing, so nothing can be released from here.
 */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Admission } from '../admission.ts'
import { AuditReader } from '../audit/read.ts'
import type { Settings } from '../config/load.ts'
import { createEnforcer } from '../enforce.ts'
import type { Found } from '../inspector.ts'
import { type Agent, ANONYMOUS } from '../model/agent.ts'
import { type Authority, parseAuthority } from '../model/authority.ts'
import type { Resolution } from '../model/destination.ts'
import { AuditUnavailable } from '../model/errors.ts'
import type { Flow, RequestLine, Scheme } from '../model/flow.ts'
import type { BodyView } from '../model/request-view.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Policy } from '../policy/compile.ts'
import { NO_HOLDS, NO_LEDGER, NO_METER, NO_OUTLINE, type Ports } from '../ports.ts'
import type { RequestHead } from '../proxy/exchange/message.ts'
import { codingOf, EMPTY_BODY, toHeadView, toView } from '../proxy/exchange/peek.ts'
import { askedUpgrade } from '../proxy/exchange/upgrade.ts'
import { parseRequestHead } from '../proxy/http1/head.ts'
import { judge } from '../release.ts'
import { composeDecoder, decodedRatio } from './compose/decoder.ts'
import type { Evaluation } from './compose/evaluation.ts'
import { composeInspector } from './compose/inspector.ts'
import { auditPath, clock } from './compose/process.ts'
import { evaluateSpoken, parseDatabaseUrl, type Spoken } from './evaluate-spoken.ts'
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
  /** What is said where it is no HTTP: then nothing else counts but who asks, and where it goes. */
  readonly spoken?: Spoken | null
}

/** What a call has that says nothing. */
export const BARE = { query: '', headers: [], body: null } as const

export interface Evaluated {
  readonly admission: Admission
  readonly request: RequestLine
  readonly verdict: Verdict
  /** What would be taken out of the body that was given. */
  readonly found: readonly Found[]
}

/** @throws CommandError when the text is not an http or https URL, or that of a database. */
export function parseCallUrl(
  url: string,
): Pick<Call, 'scheme' | 'authority' | 'path' | 'query' | 'spoken'> {
  const database = parseDatabaseUrl(url)
  if (database) return { scheme: 'https', path: '/', query: '', ...database }
  const fail = (reason: string) =>
    new CommandError(EXIT.invalid, `\`${url}\`: ${reason}`, 'write https://host/path')
  const match = /^(https?):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i.exec(url)
  if (!match) throw fail('not an http:// or https:// URL, nor one of a database')
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
  settings: Settings,
  { resolver, locator }: Pick<Evaluation, 'resolver' | 'locator'>,
  call: Call,
  resolution: Resolution | null = null,
): Promise<Evaluated> {
  const { policy } = settings
  const decoder = composeDecoder(settings.operation, NO_METER)
  const ports: Ports = {
    clock,
    resolver: resolution ? { resolve: async () => resolution } : resolver,
    locator,
    decoder,
    outline: NO_OUTLINE,
    // Nothing leaves, and nothing is kept: any key will do.
    inspector: composeInspector(() => randomBytes(32), decoder, decodedRatio(settings.operation)),
    holds: NO_HOLDS,
    audit: NO_LOG,
    ledger: readLedger(settings),
    meter: NO_METER,
    policy: () => policy,
    report: (_, error) => {
      throw error
    },
  }
  if (call.spoken) return evaluateSpoken(ports, call, call.spoken)
  const flow: Flow = {
    mode: call.scheme === 'http' ? 'absolute' : 'connect',
    ...seen(policy, call),
    clientIp: '127.0.0.1',
    agent: call.agent,
  }
  const unseen = flow.inspection === 'sni'
  const head = readHead(call)
  const request: RequestLine = unseen
    ? { method: null, path: null, protocol: 'TLS' }
    : {
        method: call.method,
        overridesMethod: head.fields.overridesMethod,
        upgrade: askedUpgrade(head),
        path: call.path,
        protocol: 'HTTP/1.1',
      }
  const { scheme, authority, path, query } = call
  const target = { scheme, authority, wire: path + query, host: authority.text, path }
  const enforcer = createEnforcer(ports)
  const admitted = await enforcer.admit(flow, call.authority)
  const view = toView(head, target, toBody(head, call))
  const admission = unseen ? admitted : await enforcer.consider(admitted, view)
  const inspected =
    unseen || !enforcer.looksInside(admission)
      ? null
      : await enforcer.inspect(
          admission,
          request,
          view.body ?? EMPTY_BODY,
          toHeadView(head, target.wire),
        )
  // Of a body that was not given nobody knows what is in it: what is in the head is shown all the same.
  const line = (view.body && inspected?.line) ?? request
  const verdict = judge(admission, line)
  return { admission, request: line, verdict, found: inspected?.replaced?.found ?? [] }
}

/** The head that such a call would have, read as the proxy reads it. @throws CommandError when it would refuse it. */
function readHead({ authority, method, path, query, headers }: Call): RequestHead {
  const fields = headers.map(([name, value]) => `${name}: ${value}`)
  const lines = [`${method} ${path}${query} HTTP/1.1`, `Host: ${authority.text}`, ...fields, '', '']
  const head = parseRequestHead(lines.join('\r\n'))
  if ('code' in head)
    throw new CommandError(EXIT.invalid, `the proxy would refuse it: ${head.detail}`)
  return head
}

/** Without `--body`, a method that has one usually could bring anything. */
function toBody(head: RequestHead, { method, body }: Call): BodyView | null {
  if (body) return { bytes: body, complete: true, ...codingOf(head) }
  return BODILESS.has(method) ? EMPTY_BODY : null
}

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE'])

/** How much of the call the proxy would see. */
function seen(policy: Policy, { scheme, authority }: Call): Pick<Flow, 'inspection' | 'scheme'> {
  const unseen =
    scheme === 'https' && policy.tunnelOnly.some((pattern) => pattern.matches(authority.host.text))
  return unseen
    ? { inspection: 'sni', scheme: 'tcp' satisfies Scheme }
    : { inspection: 'headers', scheme }
}

/** The hosts that the running proxy believes no more; nothing is added from here. */
function readLedger({ operation }: Settings): Ports['ledger'] {
  const path = auditPath(operation)
  if (!operation.breaker || !existsSync(path)) return NO_LEDGER
  using reader = new AuditReader(path)
  const found = new Map(reader.mismatches().map(({ host, detail }) => [host, detail]))
  return { ...NO_LEDGER, distrusted: (host) => found.get(host) ?? null }
}

/** Nothing is released, and nothing recorded. */
export const NO_LOG: Ports['audit'] = {
  decide: () => Promise.reject(new AuditUnavailable('nothing is released from here')),
  settle: () => {},
  note: () => Promise.reject(new AuditUnavailable('nothing is recorded from here')),
}
