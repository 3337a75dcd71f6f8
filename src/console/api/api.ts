/**
 * The JSON API under /api/v1: who asks is known by a bearer token each time, what is asked for is read strictly, and every decision goes
 * to the desk. Documented in docs/api.md.
 */

import type { Approvals } from '../../approvals.ts'
import { AuditUnavailable } from '../../model/errors.ts'
import type { Clock } from '../../ports.ts'
import { answerFault, answerJson, type Fault } from '../answers.ts'
import type { Call, Route } from '../server.ts'
import type { Attempts } from './attempts.ts'
import { type Caller, type Callers, readBearer } from './caller.ts'
import { EventStreams } from './events.ts'
import { lengthOfTime } from './fields.ts'
import { listGrants, revokeGrant } from './grants.ts'
import { type Handler, ok, type Reply } from './handler.ts'
import { approveHold, cancelHold, denyHold, listHolds, showHold } from './holds.ts'
import { readBody } from './json-body.ts'
import { Pace } from './pace.ts'
import { Repeats } from './repeats.ts'
import { requestAccess } from './requests.ts'

export interface ApiOptions {
  /** Null where nobody can decide: then everything is answered 503. */
  readonly approvals: Approvals | null
  readonly callers: Callers
  readonly clock: Clock
  /** Reads a length of time such as 30m. @returns milliseconds, null for what is none */
  parseDuration(text: string): number | null
  /** Everybody who may decide at all, by name. */
  reviewers(): readonly string[]
  /** In which groups an agent of this name is, as far as the policy says. */
  groupsOf(agent: string): readonly string[]
  /** Tries with no valid token, here and wherever else tokens are asked for. */
  readonly attempts: Attempts
}

export const API = '/api/v1'

export function apiRoute(options: ApiOptions): Route {
  const answerTo = createAnswers(options)
  return async (call) => {
    const { url } = call
    if (url.pathname !== API && !url.pathname.startsWith(`${API}/`)) return false
    const reply = await answerTo(call)
    if (reply !== null) send(call, reply)
    return true
  }
}

function send({ request, response }: Call, reply: Reply | Fault): void {
  // What is left of a body that nobody wants is not waited for.
  if (!request.complete) response.setHeader('Connection', 'close')
  if ('status' in reply) return answerJson(response, reply.status, reply.body)
  if (reply.fault === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer')
  if (reply.fault === 'too-many') response.setHeader('Retry-After', '5')
  answerFault(response, reply.fault, reply.detail, reply.hint)
}

/** @returns a function that gives null for what was answered already, or has become a stream. */
function createAnswers(options: ApiOptions): (call: Call) => Promise<Reply | Fault | null> {
  const { approvals, callers, clock, attempts } = options
  const resources = createResources(options)
  const streams = new EventStreams(clock)
  const repeats = new Repeats()
  const pace = new Pace()

  return async (call) => {
    const { request, response, url } = call
    const client = request.socket.remoteAddress ?? ''
    const token = readBearer(request)
    const caller = token === null ? NO_TOKEN : await callers.of(token, client)
    if ('fault' in caller) {
      const isOneTooMany = caller.fault !== 'unavailable' && attempts.failed(client)
      return isOneTooMany ? TOO_MANY : caller
    }
    const found = findResource(resources, url.pathname.slice(API.length))
    if (!found) return NOTHING
    const { methods, id } = found
    const handler = methods[request.method ?? '']
    if (!handler) {
      response.setHeader('Allow', Object.keys(methods).join(', '))
      return NOT_SO
    }
    if (!approvals) return NOT_HERE
    const look = async (work: () => void | Promise<void>) => {
      const isDone = await pace.run(`${caller.kind} ${caller.name}`, async () => {
        await work()
        return true
      })
      return isDone ? null : BUSY
    }
    if (methods === EVENTS && token !== null) {
      const isKnown = async () => !('fault' in (await callers.of(token, client)))
      return look(() => streams.open({ response, approvals, caller, isKnown }))
    }
    const ask = { approvals, clock, caller, id, query: url.searchParams, body: {} }
    if (request.method === 'GET') return look(async () => send(call, await handler(ask)))
    const read = await readBody(request)
    if ('fault' in read) return read
    const act = async () => handler({ ...ask, body: read.value })
    try {
      return await repeats.once(request, caller, read.bytes, act)
    } catch (error) {
      if (error instanceof AuditUnavailable) return UNWRITTEN
      throw error
    }
  }
}

type Methods = Readonly<Record<string, Handler>>

interface Resource {
  /** Behind the version; `:id` stands for one segment. */
  readonly path: string
  readonly methods: Methods
}

/** Answered in its own way. */
const EVENTS: Methods = { GET: () => ok({}) }

function createResources({ parseDuration, groupsOf, reviewers }: ApiOptions): readonly Resource[] {
  const lasts = lengthOfTime(parseDuration)
  return [
    { path: '/me', methods: { GET: ({ caller }) => ok(toMe(caller)) } },
    { path: '/holds', methods: { GET: listHolds } },
    { path: '/holds/:id', methods: { GET: showHold(reviewers) } },
    { path: '/holds/:id/approve', methods: { POST: approveHold(lasts) } },
    { path: '/holds/:id/deny', methods: { POST: denyHold } },
    { path: '/holds/:id/cancel', methods: { POST: cancelHold } },
    { path: '/grants', methods: { GET: listGrants } },
    { path: '/grants/:id/revoke', methods: { POST: revokeGrant } },
    { path: '/requests', methods: { POST: requestAccess({ lasts, groupsOf }) } },
    { path: '/events', methods: EVENTS },
  ]
}

function toMe({ kind, name, groups }: Caller): object {
  return { kind, name, groups }
}

function findResource(
  resources: readonly Resource[],
  path: string,
): { readonly methods: Methods; readonly id: string } | null {
  const segments = path.split('/')
  for (const resource of resources) {
    const wanted = resource.path.split('/')
    if (wanted.length !== segments.length) continue
    const id = segments[wanted.indexOf(':id')] ?? ''
    const fits = wanted.every((one, i) =>
      one === ':id' ? /^[\w-]{1,64}$/.test(id) : one === segments[i],
    )
    if (fits) return { methods: resource.methods, id }
  }
  return null
}

const NO_TOKEN: Fault = {
  fault: 'unauthenticated',
  detail: 'there is no token',
  hint: 'send `Authorization: Bearer TOKEN`; `cordon reviewers token NAME` issues one',
}

const TOO_MANY: Fault = {
  fault: 'too-many',
  detail: 'there were too many tries without a valid token',
  hint: 'wait a few seconds; a valid token is always taken',
}

const BUSY: Fault = {
  fault: 'too-many',
  detail: 'you have asked for too much at once',
  hint: 'wait for answers before you ask again',
}

const NOTHING: Fault = {
  fault: 'not-found',
  detail: 'there is no such resource',
  hint: 'docs/api.md lists them',
}

const NOT_SO: Fault = {
  fault: 'method',
  detail: 'the method is not one of this resource',
  hint: null,
}

const NOT_HERE: Fault = {
  fault: 'unavailable',
  detail: 'approvals are not available here',
  hint: null,
}

const UNWRITTEN: Fault = {
  fault: 'unavailable',
  detail: 'the audit log cannot be written, so nothing is decided',
  hint: 'the operator of this proxy has to look at it; try again later',
}
