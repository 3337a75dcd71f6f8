/** Access asked for ahead: by a reviewer for any agent, by an agent for itself. Somebody else decides about it. */

import { type Authority, parseAuthority } from '../../model/authority.ts'
import type { Parsed } from '../../model/errors.ts'
import { type Field, NAME, oneOf, type Read, readFields, SENTENCE, TIME, USES } from './fields.ts'
import { type Handler, invalid } from './handler.ts'
import { toReply } from './holds.ts'

const text = (is: string, form: RegExp): Field<string> => ({
  is,
  read: (value) => (typeof value === 'string' && form.test(value) ? value : undefined),
})

const FIELDS = {
  agent: NAME,
  url: text('a URL such as https://api.example.com/v1/files', /^.{1,4096}$/),
  scheme: oneOf('http', 'https'),
  host: text('a host', /^.{1,1024}$/),
  port: {
    is: 'a port',
    read: (value) =>
      Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535
        ? Number(value)
        : undefined,
  } as Field<number>,
  // As it stands in a request line: what is compared later is what was sent.
  path: text('a path such as /v1/files, without a query', /^\/[!-"$->@-~]{0,2047}$/),
  method: text('a method such as POST', /^[A-Z][A-Z-]{0,31}$/),
  from: TIME,
  uses: USES,
  reason: SENTENCE,
} as const

const DEFAULT_LENGTH_MS = 3_600_000

export interface RequestsOptions {
  /** Reads how long it is to last. */
  readonly lasts: Field<number>
  /** In which groups an agent of this name is, as far as the policy says. */
  groupsOf(agent: string): readonly string[]
}

export function requestAccess({ lasts, groupsOf }: RequestsOptions): Handler {
  const fields = { ...FIELDS, for: lasts }
  return async (ask) => {
    const { approvals, caller, clock } = ask
    const read = readFields(ask.body, fields)
    if ('fault' in read) return invalid(read.fault)
    const { agent, method, from, uses, reason } = read.value
    if (caller.kind === 'reviewer' && agent === null) return invalid('`agent` is missing')
    if (caller.kind === 'agent' && agent !== null && agent !== caller.name) {
      return { fault: 'forbidden', detail: 'an agent asks only for itself', hint: null }
    }
    const place = readPlace(read.value)
    if ('fault' in place) return invalid(place.fault)
    const now = clock.now()
    const startsAt = from ?? now
    const expiresAt = startsAt + (read.value.for ?? DEFAULT_LENGTH_MS)
    if (startsAt > MAX_TIME || expiresAt > MAX_TIME) return invalid('that is too far ahead')
    if (expiresAt <= now) return invalid('it would have ended already')
    const name = agent ?? caller.name
    const found = await approvals.request({
      requester: caller.subject ?? caller.name,
      purpose: reason,
      agent: name,
      groups: caller.kind === 'agent' ? caller.groups : groupsOf(name),
      ...place.value,
      method,
      wants: { startsAt, expiresAt, uses },
    })
    const reply = toReply(ask, found)
    return 'status' in reply ? { ...reply, status: 201 } : reply
  }
}

/** The last moment that has a date. */
const MAX_TIME = 8.64e15

interface Place {
  readonly scheme: 'http' | 'https'
  readonly authority: Authority
  /** Null for any. */
  readonly path: string | null
}

function readPlace({
  url,
  scheme,
  host,
  port,
  path,
}: Pick<Read<typeof FIELDS>, 'url' | 'scheme' | 'host' | 'port' | 'path'>): Parsed<Place> {
  if (url === null) {
    if (host === null) return { fault: 'neither `url` nor `host` is given' }
    const where = scheme ?? 'https'
    const authority = parseAuthority(host, port ?? PORTS[where])
    if ('fault' in authority) return { fault: `\`host\`: ${authority.fault}` }
    if (port !== null && authority.value.port !== port) return { fault: 'two ports are given' }
    return { value: { scheme: where, authority: authority.value, path } }
  }
  if (scheme !== null || host !== null || port !== null || path !== null) {
    return { fault: 'beside `url` there is no `scheme`, `host`, `port` or `path`' }
  }
  // Not by the URL parser: it would change the path, and what is compared later is what was sent.
  const [, named, where, rest] = /^(https?):\/\/([^/?#\\]+)(.*)$/i.exec(url) ?? []
  if (!named || !where || rest === undefined) return { fault: `\`url\` is not ${FIELDS.url.is}` }
  const asked = named.toLowerCase() === 'http' ? 'http' : 'https'
  const authority = parseAuthority(where, PORTS[asked])
  if ('fault' in authority) return { fault: `\`url\`: ${authority.fault}` }
  const read = rest === '' ? null : FIELDS.path.read(rest)
  if (read === undefined) return { fault: '`url` has a query, or a path that cannot be one' }
  return { value: { scheme: asked, authority: authority.value, path: read } }
}

const PORTS = { http: 80, https: 443 } as const
