/** The same evaluation for what is no HTTP: a connection that speaks another protocol, or one statement on it. */

import { createEnforcer } from '../enforce.ts'
import type { Agent } from '../model/agent.ts'
import { type Authority, parseAuthority } from '../model/authority.ts'
import { COMMAND_PROTOCOLS, type Flow, type RequestLine } from '../model/flow.ts'
import type { HeadView } from '../model/request-view.ts'
import type { Ports } from '../ports.ts'
import { judge } from '../release.ts'
import type { Evaluated } from './evaluate.ts'

/** What is spoken, and what is said. */
export interface Spoken {
  readonly protocol: string
  readonly database: string | null
  /** As rules name it; empty for the connection itself, null where nobody reads what is said. */
  readonly statements: ReadonlySet<string> | null
}

/** Names of databases in URLs, with the port where they usually are. */
const DATABASES = {
  postgresql: ['postgresql', 5432],
  postgres: ['postgresql', 5432],
  redis: ['redis', 6379],
  rediss: ['redis', 6379],
} as const

/** @returns null when the text is not the URL of a database that is read */
export function parseDatabaseUrl(
  url: string,
): { readonly authority: Authority; readonly spoken: Spoken } | null {
  const match = /^([a-z]+):\/\/(?:[^/?#@]*@)?([^/?#]+)(?:\/([^?#]*))?/i.exec(url)
  const scheme = match?.[1]?.toLowerCase() ?? ''
  if (!match || !Object.hasOwn(DATABASES, scheme)) return null
  const [protocol, port] = DATABASES[scheme as keyof typeof DATABASES]
  const authority = parseAuthority(match[2] ?? '', port)
  if ('fault' in authority) return null
  // Of Redis a number, which nobody is told.
  const database = protocol === 'postgresql' && match[3] ? match[3] : null
  return {
    authority: authority.value,
    spoken: { protocol, database, statements: new Set() },
  }
}

/** @param words one or two, as a rule has them: the second says more than the first, and both count */
export function toStatements(words: readonly string[]): ReadonlySet<string> {
  const lower = words.map((each) => each.trim().toLowerCase().replace(/\s+/g, ' '))
  return new Set(lower.flatMap((each) => [each, each.split(' ')[0] ?? each]))
}

export async function evaluateSpoken(
  ports: Ports,
  { authority, agent }: { readonly authority: Authority; readonly agent: Agent },
  { protocol, database, statements }: Spoken,
): Promise<Evaluated> {
  const inspection = statements === null ? 'none' : 'full'
  const flow: Flow = { mode: 'connect', scheme: 'tcp', inspection, clientIp: '127.0.0.1', agent }
  const enforcer = createEnforcer(ports)
  const admission = await enforcer.admit(flow, authority)
  const [name] = statements ?? []
  const line: RequestLine = {
    method: name?.toUpperCase() ?? null,
    path: database === null ? null : `/${database}`,
    protocol,
    statements,
  }
  const isUnread = statements === null || COMMAND_PROTOCOLS.some((each) => each === protocol)
  const { fault = null } =
    isUnread && enforcer.looksInside(admission)
      ? (await enforcer.inspect(admission, line, null, NO_HEAD)).line
      : line
  const request = { ...line, fault }
  return { admission, request, verdict: judge(admission, request), found: [] }
}

const NO_HEAD: HeadView = { target: '', fields: [], header: () => [] }
