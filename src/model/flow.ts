/** One exchange on its way out: who asks, how it reached us, and what is asked for. Never the content. */

import type { IpAddress } from './address.ts'
import type { Agent } from './agent.ts'
import type { Problem } from './errors.ts'

/** How the destination was named: published in the `flows` view. */
export type Mode = 'absolute' | 'connect' | 'socks5' | 'redirect' | 'tproxy' | 'dns'

export type Scheme = 'http' | 'https' | 'tcp'

/** What is spoken on a connection, as rules name it. HTTP is any version of it, and what becomes of it; `tls` is TLS that nobody looks into. */
export const PROTOCOLS = [
  'tls',
  'http',
  'ssh',
  'postgresql',
  'mysql',
  'redis',
  'mongodb',
  'amqp',
  'kafka',
  'smtp',
  'imap',
  'pop3',
  'ldap',
  'mqtt',
  'unknown',
] as const

export type Protocol = (typeof PROTOCOLS)[number]

/** Protocols whose statements are read, one by one: those of SQL, and commands. */
export const STATEMENT_PROTOCOLS: readonly Protocol[] = ['postgresql']
export const COMMAND_PROTOCOLS: readonly Protocol[] = ['redis']

/** What is said on a connection whose statements are judged one by one. */
export interface Statement {
  /** The flow of the connection. */
  readonly connection: FlowId
  /** Null where nobody has said which. */
  readonly database: string | null
  /** Normalised and bounded: placeholders stand for all values. */
  readonly text: string
}

/**
 * How much of the exchange Cordon can see: all, the heads, the TLS server name, or nothing but bytes. A flow begins with what is sure; its
 * ending may say that more was read.
 */
export type Inspection = 'full' | 'headers' | 'sni' | 'none'

/** What stays the same for all requests of one client connection to one destination. */
export interface Flow {
  readonly mode: Mode
  readonly scheme: Scheme
  /** Canonical text, without port. */
  readonly clientIp: string
  readonly agent: Agent
  readonly inspection: Inspection
  /** Where the client's own connection was going, where it was taken over on its way: the one address that is judged and dialled. */
  readonly original?: IpAddress | null
}

/** Why a request cannot pass, whatever the rules say of it. */
export interface Fault extends Problem {
  /** Rules that ask for what cannot be had; left out for none. */
  readonly rules?: readonly { readonly id: string; readonly because: string }[]
  /** Whether a person may let it pass all the same. */
  readonly mayAsk?: boolean
}

/**
 * What a decision may look at in a request. Where the content is out of sight (a tunnel that is not
 * intercepted), method and path are null: rules that restrict then count as matching, rules that allow do not.
 */
export interface RequestLine {
  readonly method: string | null
  /** Whether a field asks the origin to take it for another method: then nobody can say which one it is. */
  readonly overridesMethod?: boolean
  /** What the connection is asked to become (RFC 9110 section 7.8), in lower case, e.g. `websocket`; null for nothing. */
  readonly upgrade?: string | null
  /** Why it cannot pass whatever the rules say; null or left out for nothing. */
  readonly fault?: Fault | null
  /** Kinds of data found in it, and their classes; null or left out where nobody has looked, or could not see all of it. */
  readonly data?: ReadonlySet<string> | null
  /** Whether all of its body was read, because rules ask for that; left out where nobody has, or not all could be. */
  readonly isRead?: boolean
  /** As on the wire, from `/` up to but not including `?`; null where out of sight. */
  readonly path: string | null
  /** The path without data that was found in it: what is written down and shown; left out where that is the path itself. */
  readonly shownPath?: string
  /** Whether the path is a credential, as of webhooks we call: it is judged, and written down nowhere. */
  readonly hidesPath?: boolean
  /**
   * Of a statement: what it does, in lower case as rules name it, each leading word and, where a second one says more, both with a blank between
   * them (`drop` and `drop table`). Null where statements pass that nobody can read; left out for what is no statement, as the connection itself.
   */
  readonly statements?: ReadonlySet<string> | null
  /** What of the statement is written down and shown. */
  readonly statement?: Statement
  /** e.g. `HTTP/1.1`; `TLS` for a tunnel, `websocket` for what is to become one, `SMTP` for our own mail; another of `PROTOCOLS`. */
  readonly protocol: string
}

/** The number of the decision row, unique within one audit database. */
export type FlowId = number
