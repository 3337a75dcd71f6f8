/**
 * Receivers of notices, as the configuration names them: destinations like any other. Each is called as agent `cordon`, through the policy
 * in force at that moment; what the policy would say now is looked up, so that nobody learns it from a notice that is missing.
 */

import type { MailNamed, NotifyNamed, WebhookNamed } from '../config/notify.ts'
import type { Enforcer } from '../enforce.ts'
import { toJson } from '../holds/notices/json.ts'
import { deliverToMailboxes } from '../holds/notices/mail.ts'
import type { Receiver } from '../holds/notices/notifier.ts'
import { toSlack } from '../holds/notices/slack.ts'
import { toTeams } from '../holds/notices/teams.ts'
import { deliverToWebhook, type WebhookOptions } from '../holds/notices/webhook.ts'
import { type Authority, parseHost, toAuthority } from '../model/authority.ts'
import { describeCode } from '../model/errors.ts'
import type { Flow, RequestLine } from '../model/flow.ts'
import type { Refusal } from '../model/refusal.ts'
import { connectAsCordon, type OwnConnectionContext } from '../proxy/own-connection.ts'
import { CORDON, parseOwnUrl, requestAsCordon } from '../proxy/own-request.ts'
import { judge } from '../release.ts'
import { clock } from './compose/process.ts'
import { CommandError, EXIT } from './output.ts'
import { readSecret } from './secrets.ts'

export interface ReceiverAt extends Receiver {
  readonly authority: Authority
  /** What the policy says of a notice to it now. Never rejects. */
  judge(enforcer: Enforcer): Promise<JudgedReceiver>
}

export interface JudgedReceiver {
  readonly passes: boolean
  /** Why it does not. */
  readonly reason: string
}

/** Milliseconds for one request; and bytes of its answer, which nobody reads. */
const TIMEOUT_MS = 10_000
const MAX_ANSWER = 64 * 1024

/** @throws CommandError when a credential cannot be had, or a URL is none */
export function openReceivers({ to }: NotifyNamed, own: OwnConnectionContext): ReceiverAt[] {
  return to.map((named) => (named.kind === 'mail' ? toMail(named, own) : toWebhook(named, own)))
}

const SHAPES = { slack: toSlack, teams: toTeams, json: toJson } as const

function toWebhook(named: WebhookNamed, own: OwnConnectionContext): ReceiverAt {
  const { id, on, reviewers, kind } = named
  const url = readSecret(named.url, `the URL of \`${id}\``)
  const target = parseOwnUrl(url)
  if ('fault' in target) throw noUrl(id, target.fault)
  const { scheme, authority, path } = target.value
  if (scheme !== 'https' && !isThisHost(authority)) throw noUrl(id, 'it is not https://')
  const secret = named.secret && readSecret(named.secret, `the secret of \`${id}\``)
  const post: WebhookOptions['post'] = async (headers, body, signal) => {
    const answer = await requestAsCordon(own, url, {
      method: 'POST',
      headers,
      body,
      hidesPath: true,
      maxBytes: MAX_ANSWER,
      timeoutMs: TIMEOUT_MS,
      signal,
    })
    if ('code' in answer) return toFault(answer)
    return { status: answer.status, retryAfter: answer.headers.get('retry-after') ?? null }
  }
  return {
    id,
    on,
    reviewers,
    authority,
    deliver: (notice, signal) =>
      deliverToWebhook({ shape: SHAPES[kind], secret, post, now: clock.now }, notice, signal),
    judge: (enforcer) =>
      judgeReceiver(enforcer, authority, scheme, { method: 'POST', path, protocol: 'HTTP/1.1' }),
  }
}

function toMail(named: MailNamed, own: OwnConnectionContext): ReceiverAt {
  const { id, on, reviewers, host, port, tls, from, to } = named
  const parsed = parseHost(host)
  if ('fault' in parsed) throw new Error(parsed.fault)
  const authority = toAuthority(parsed.value, port)
  const credentials = named.credentials && {
    user: readSecret(named.credentials.user, `the user of \`${id}\``),
    pass: readSecret(named.credentials.password, `the password of \`${id}\``),
  }
  const connect = async (signal: AbortSignal) => {
    const connection = await connectAsCordon(own, authority, 'SMTP', signal)
    if ('code' in connection) return toFault(connection)
    const { socket, tls } = connection
    return {
      socket,
      tls,
      end: (failure: 'mail' | 'tls' | null) => connection.end(failure && FAILURES[failure]),
    }
  }
  const options = { host: parsed.value.text, port, tls, credentials, from, to, connect }
  return {
    id,
    on,
    reviewers,
    authority,
    deliver: (notice, signal) => deliverToMailboxes(options, notice, signal),
    judge: (enforcer) =>
      judgeReceiver(enforcer, authority, 'tcp', { method: null, path: null, protocol: 'SMTP' }),
  }
}

const FAILURES = { mail: 'connect-malformed', tls: 'tls-failed' } as const

/** What the policy has refused stays refused; what failed may not fail again. */
function toFault({ code, detail }: Refusal): { readonly fault: string; readonly again: boolean } {
  const { side } = describeCode(code)
  return { fault: `${code}: ${detail}`, again: side === 'upstream' || side === 'self' }
}

async function judgeReceiver(
  enforcer: Enforcer,
  authority: Authority,
  scheme: Flow['scheme'],
  line: RequestLine,
): Promise<JudgedReceiver> {
  const flow: Flow = {
    mode: scheme === 'tcp' ? 'connect' : 'absolute',
    scheme,
    clientIp: '127.0.0.1',
    agent: CORDON,
    inspection: 'full',
  }
  const admission = await enforcer.admit(flow, authority)
  const { fault } = admission.destination
  // A name that does not resolve now may do so later; that is told when it matters.
  if (fault && describeCode(fault.code).side === 'upstream') return { passes: true, reason: '' }
  const { action, reason } = judge(admission, line)
  return { passes: action === 'allow', reason: fault?.detail ?? reason }
}

function isThisHost({ host }: Authority): boolean {
  const { ip, text } = host
  if (ip === null) return text === 'localhost'
  return ip.version === 4 ? ip.text.startsWith('127.') : ip.text === '::1'
}

function noUrl(id: string, why: string): CommandError {
  const hint = 'it has to be an https:// URL, as the receiver gives it'
  return new CommandError(EXIT.invalid, `the URL of \`${id}\` cannot be used: ${why}`, hint)
}
