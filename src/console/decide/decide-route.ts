/**
 * Where links in notices lead: `/decide/TOKEN`. Looking never changes anything, because mail scanners and chats look as well. Who decides
 * has to say who they are, with the same token, checks and limits as in the API. INVARIANT: a link is used up, durably, before the decision
 * is made, and only by somebody who may make it.
 */

import type { Approvals, ApprovalWish, HoldProblem } from '../../approvals.ts'
import { AuditUnavailable } from '../../model/errors.ts'
import type { Hold, HoldId } from '../../model/hold.ts'
import type { Attempts } from '../api/attempts.ts'
import type { Callers } from '../api/caller.ts'
import { answerPage, type Page } from '../html.ts'
import type { Call, Route } from '../server.ts'
import { type DecideForm, isOwnForm, readForm } from './form.ts'
import { type Asking, askPage, donePage, type Facts, saidPage } from './pages.ts'

/** What a link says; the rest of it is the business of whoever made it. */
export interface OpenedLink {
  readonly hold: HoldId
}

export interface LinkFault {
  readonly fault: 'forged' | 'expired' | 'used' | 'busy'
  readonly detail: string
}

export interface DecideOptions<Link extends OpenedLink> {
  readonly links: {
    /** Origin of the place that links lead to; null while there is none. */
    readonly origin: string | null
    read(token: string): Link | LinkFault
    /** Rejects when it cannot be written down. @returns null when it was good until now */
    use(link: Link, by: string): Promise<LinkFault | null>
  }
  readonly approvals: Approvals
  readonly callers: Callers
  /** Shared with the API. */
  readonly attempts: Attempts
  /** What the notice has told of it. */
  describe(hold: Hold): Facts
  /** Milliseconds for which a path can be approved here. */
  pathLasts(): number
}

const PREFIX = '/decide/'

export function decideRoute<Link extends OpenedLink>(options: DecideOptions<Link>): Route {
  return async (call) => {
    const { request, response, url } = call
    if (!url.pathname.startsWith(PREFIX)) return false
    const page = await answerTo(options, call)
    if (page.status === 405) response.setHeader('Allow', 'GET, HEAD, POST')
    // What is left of a body that nobody wants is not waited for.
    if (!request.complete) response.setHeader('Connection', 'close')
    answerPage(response, page)
    return true
  }
}

function answerTo<Link extends OpenedLink>(
  options: DecideOptions<Link>,
  call: Call,
): Page | Promise<Page> {
  switch (call.request.method) {
    case 'GET':
    case 'HEAD':
      return look(options, call)
    case 'POST':
      return decide(options, call)
    default:
      return saidPage(405, 'a link is opened, and its form sent; nothing else')
  }
}

function look<Link extends OpenedLink>(options: DecideOptions<Link>, call: Call): Page {
  const found = find(options, call)
  return 'page' in found ? found.page : ask(options, found.hold)
}

async function decide<Link extends OpenedLink>(
  options: DecideOptions<Link>,
  call: Call,
): Promise<Page> {
  const { links, approvals, callers, attempts } = options
  const { request } = call
  if (!isOwnForm(request, links.origin)) {
    return saidPage(403, 'the form was sent from another page', 'open the link again')
  }
  const found = find(options, call)
  if ('page' in found) return found.page
  const { link, hold } = found
  const again = (status: number, text: string) => ask(options, hold, { said: { status, text } })
  const form = await readForm(request)
  if ('fault' in form) return again(400, form.fault)
  const { token, decision, reason } = form.value
  const client = request.socket.remoteAddress ?? ''
  const caller = await callers.of(token, client)
  if ('fault' in caller) {
    if (caller.fault === 'unavailable') return again(503, caller.detail)
    if (attempts.failed(client))
      return again(429, 'too many tries without a valid token: wait a little')
    return again(caller.fault === 'forbidden' ? 403 : 401, caller.detail)
  }
  if (caller.kind !== 'reviewer') return again(403, 'only reviewers decide')
  const { name } = caller
  const refusal = approvals.refusalOf(hold.id, name)
  if (refusal) return again(403, `${refusal.detail}; ${refusal.hint}`)
  if (decision === 'show') return ask(options, hold, { preview: approvals.preview(hold.id) })
  if (decision !== 'deny' && hold.votes.some(({ reviewer }) => reviewer === name)) {
    return again(409, `\`${name}\` has agreed to it already; others have to agree as well`)
  }
  try {
    const fault = await links.use(link, name)
    if (fault) return toFaultPage(fault, hold)
    const decided = await carryOut(options, hold, name, decision, reason)
    return 'fault' in decided ? toUndonePage(decided) : toDonePage(options, decided, decision, name)
  } catch (error) {
    if (!(error instanceof AuditUnavailable)) throw error
    const text = 'the audit log cannot be written, so nothing is decided'
    return again(503, `${text}; the operator of this proxy has to look at it`)
  }
}

/** The hold that a link is about, while there is something to decide. */
function find<Link extends OpenedLink>(
  { links, approvals }: DecideOptions<Link>,
  { url }: Call,
): { readonly link: Link; readonly hold: Hold } | { readonly page: Page } {
  const link = links.read(url.pathname.slice(PREFIX.length))
  if ('fault' in link) return { page: toFaultPage(link, null) }
  const hold = approvals.hold(link.hold)
  if (!hold) {
    const text = 'what this link was about has ended a while ago'
    return { page: saidPage(410, text, 'the log has it: `cordon holds`') }
  }
  return hold.state === 'pending' ? { link, hold } : { page: saidPage(410, sayEnd(hold)) }
}

function ask<Link extends OpenedLink>(
  { approvals, describe, pathLasts }: DecideOptions<Link>,
  hold: Hold,
  { said = null, preview = null }: Pick<Partial<Asking>, 'said' | 'preview'> = {},
): Page {
  const minutes = Math.floor(pathLasts() / 60_000)
  const hasPath = hold.kind === 'request' && hold.held.path !== null && minutes > 0
  const hasPreview = preview === null && approvals.preview(hold.id) !== null
  const lasts = hasPath ? minutes : null
  return askPage({ hold, facts: describe(hold), lasts, hasPreview, preview, said })
}

type Decision = Exclude<DecideForm['decision'], 'show'>

function carryOut<Link extends OpenedLink>(
  { approvals, pathLasts }: DecideOptions<Link>,
  { id }: Hold,
  by: string,
  decision: Decision,
  reason: string | null,
): Promise<Hold | HoldProblem> {
  const usual: ApprovalWish = { breadth: null, group: null, lasts: null, uses: null, reason }
  switch (decision) {
    case 'approve':
      return approvals.approve(id, by, usual)
    case 'approve-path':
      return approvals.approve(id, by, { ...usual, breadth: 'path', lasts: pathLasts() })
    case 'deny':
      return approvals.deny(id, by, reason)
    default:
      return decision satisfies never
  }
}

function toFaultPage({ fault, detail }: LinkFault, hold: Hold | null): Page {
  const status = fault === 'forged' ? 404 : fault === 'busy' ? 409 : 410
  const hint = hold && hold.state !== 'pending' ? sayEnd(hold) : HINTS[fault]
  return saidPage(status, detail, hint)
}

const HINTS: Readonly<Record<LinkFault['fault'], string>> = {
  forged: 'copy all of it from the notice, or use `cordon holds`',
  expired: '`cordon holds` lists what waits; if the agent asks again there is a new notice',
  used: 'if more people have to agree, each gets a link of their own; `cordon holds` lists what waits',
  busy: 'open it again in a moment',
}

/** Somebody else was faster, or it was more than may be given. */
function toUndonePage({ fault, detail, hint }: HoldProblem): Page {
  const status = fault === 'not-allowed' ? 403 : fault === 'too-wide' ? 422 : 409
  return saidPage(status, `nothing was decided: ${detail}`, `${hint}; this link is used up`)
}

function toDonePage<Link extends OpenedLink>(
  { describe }: DecideOptions<Link>,
  hold: Hold,
  decision: Decision,
  by: string,
): Page {
  const facts = describe(hold).filter(([label]) => label !== 'Needs' && label !== 'Time left')
  const title =
    decision === 'deny'
      ? `Denied by ${by}`
      : hold.state === 'approved'
        ? `Approved by ${by}`
        : `${by} has agreed; more have to`
  return donePage(title, facts)
}

function sayEnd({ state, endedBy, reason, votes }: Hold): string {
  const by = votes.map(({ reviewer }) => reviewer).join(', ')
  switch (state) {
    case 'approved':
      return `this was approved by ${by} already`
    case 'denied':
      return `this was denied by ${endedBy ?? 'somebody'} already`
    case 'expired':
      return 'nobody has decided about this in time, so it has expired'
    case 'cancelled':
      if (endedBy !== null) return `this was withdrawn by ${endedBy}`
      return `nothing is to be decided any more: ${reason ?? 'the client left'}`
    case 'pending':
      return 'this still waits for a decision'
    default:
      return state satisfies never
  }
}
