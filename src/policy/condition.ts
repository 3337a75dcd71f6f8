/**
 * The conditions of a rule. Each answers `yes`, `no` or `maybe`: a tunnel hides the method, a path can be spelt two ways, a
 * set of countries can overlap a zone. A rule that restricts counts `maybe` as a match, a rule that allows does not,
 * so doubt never opens anything. Each condition can say itself aloud, for `explain`.
 */

import type { Agent } from '../model/agent.ts'
import type { HostPattern } from '../model/declaration.ts'
import {
  COMMAND_PROTOCOLS,
  PROTOCOLS,
  type Protocol,
  type RequestLine,
  STATEMENT_PROTOCOLS,
} from '../model/flow.ts'
import type { Placement, Zone } from '../model/placement.ts'
import { isAnywhere, type Regions } from '../model/region.ts'
import { type PathPattern, type PathReadings, readPath } from './path.ts'

export type Truth = 'yes' | 'maybe' | 'no'

/** What is known of a destination once it was located; the same for every request to it. */
export interface DestinationFacts {
  readonly placement: Placement
  /** What it may be as well, where that hangs on a name that nobody can check; null where it does not. */
  readonly otherwise: Placement | null
  readonly regions: Regions
  /** Where the addresses lie, whatever happens behind them. */
  readonly transit: Placement
  /** Where the request creates a resource; null when it creates none, `unseen` where requests are out of sight. */
  readonly creates: Placement | null | 'unseen'
  readonly host: string
  /** What the client calls it, where nothing shows that this is its name; null for nothing. */
  readonly claimed: string | null
  readonly port: number
  readonly scheme: string
  readonly agent: Agent
}

/** What differs from request to request; null where it is out of sight. */
export interface RequestFacts {
  readonly method: string | null
  readonly path: PathReadings | null
  /** What the connection is asked to become; null for nothing. */
  readonly upgrade: string | null
  readonly data: ReadonlySet<string> | null
  /** What the statement does; empty for what is none, null where it is out of sight. */
  readonly statements: ReadonlySet<string> | null
  /** `unknown` where nobody can tell. */
  readonly protocol: Protocol
}

const NO_STATEMENTS: ReadonlySet<string> = new Set()

export function toRequestFacts({
  method,
  overridesMethod = false,
  upgrade = null,
  data = null,
  path,
  statements = NO_STATEMENTS,
  protocol = 'unknown',
}: AskedLine): RequestFacts {
  // The method and path of a statement are for people: rules about those of HTTP do not take them for such.
  const isStatement = statements !== null && statements.size > 0
  return {
    method: overridesMethod || isStatement ? null : method,
    path: path === null || isStatement ? null : readPath(path),
    upgrade,
    data,
    statements,
    protocol: toProtocol(protocol),
  }
}

/** What of a request line rules look at. */
export type AskedLine = Pick<
  RequestLine,
  'method' | 'overridesMethod' | 'path' | 'upgrade' | 'data' | 'statements'
> &
  Partial<Pick<RequestLine, 'protocol'>>

function toProtocol(text: string): Protocol {
  const name = text.toLowerCase()
  if (name.startsWith('http/') || name === 'websocket') return 'http'
  return PROTOCOLS.find((each) => each === name) ?? 'unknown'
}

export interface Condition<Facts> {
  /** Completes the sentence "this rule applies when …". */
  readonly says: string
  /** Of one on hosts: which. */
  readonly hosts?: readonly HostPattern[]
  test(facts: Facts): Truth
}

/** Maybe when it hangs on a name that nobody can check. */
export function onPlacement(wanted: readonly Placement[]): Condition<DestinationFacts> {
  return {
    says: `the placement is ${or(wanted)}`,
    test: ({ placement, otherwise }) => {
      const is = wanted.includes(placement)
      if (otherwise !== null && wanted.includes(otherwise) !== is) return 'maybe'
      return is ? 'yes' : 'no'
    },
  }
}

export function onTransit(wanted: readonly Placement[]): Condition<DestinationFacts> {
  return {
    says: `the way there is ${or(wanted)}`,
    test: (facts) => (wanted.includes(facts.transit) ? 'yes' : 'no'),
  }
}

/** What a request under a name that nobody can check seems to create may restrict, and grants nothing. */
export function onCreates(wanted: readonly Placement[]): Condition<DestinationFacts> {
  return {
    says: `the request creates something ${or(wanted)}`,
    test: ({ creates, claimed }) => {
      if (creates === 'unseen') return 'maybe'
      if (creates === null || !wanted.includes(creates)) return 'no'
      return claimed === null ? 'yes' : 'maybe'
    },
  }
}

/** Surely when every possible country is in the zone, maybe when some is or nobody knows. */
export function onZone(zone: Zone): Condition<DestinationFacts> {
  return {
    says: `the data may be processed in ${zone.name}`,
    test: ({ regions }) => {
      if (regions.length === 0 || isAnywhere(regions)) return 'maybe'
      const inside = regions.filter((code) => zone.countries.has(code)).length
      return inside === regions.length ? 'yes' : inside > 0 ? 'maybe' : 'no'
    },
  }
}

/** Maybe when only the client says so: a name that it has made up can restrict, and grants nothing. */
export function onHost(patterns: readonly HostPattern[]): Condition<DestinationFacts> {
  return {
    says: `the host is ${or(patterns.map((pattern) => pattern.text))}`,
    hosts: patterns,
    test: ({ host, claimed }) => {
      if (patterns.some((pattern) => pattern.matches(host))) return 'yes'
      return claimed !== null && patterns.some((pattern) => pattern.matches(claimed))
        ? 'maybe'
        : 'no'
    },
  }
}

export function onPort(ports: readonly number[]): Condition<DestinationFacts> {
  return {
    says: `the port is ${or(ports)}`,
    test: (facts) => (ports.includes(facts.port) ? 'yes' : 'no'),
  }
}

export function onScheme(schemes: readonly string[]): Condition<DestinationFacts> {
  return {
    says: `the scheme is ${or(schemes)}`,
    test: (facts) =>
      schemes.includes(facts.scheme) ? 'yes' : facts.scheme === 'tcp' ? 'maybe' : 'no',
  }
}

export function onAgent(ids: readonly string[]): Condition<DestinationFacts> {
  return {
    says: `the agent is ${or(ids)}`,
    test: (facts) => (ids.includes(facts.agent.id) ? 'yes' : 'no'),
  }
}

export function onGroup(groups: readonly string[]): Condition<DestinationFacts> {
  return {
    says: `the agent is in group ${or(groups)}`,
    test: (facts) => (groups.some((group) => facts.agent.groups.includes(group)) ? 'yes' : 'no'),
  }
}

/** Methods are case-sensitive (RFC 9110 section 9.1), but not every origin knows that. Those of a policy are upper case. */
export function onMethod(methods: readonly string[]): Condition<RequestFacts> {
  return {
    says: `the method is ${or(methods)}`,
    test: ({ method }) => {
      if (method === null) return 'maybe'
      if (methods.includes(method)) return 'yes'
      return methods.includes(method.toUpperCase()) ? 'maybe' : 'no'
    },
  }
}

/** Surely when the path matches as sent and however an origin may read it, maybe when it matches in one of these ways. */
export function onPath(patterns: readonly PathPattern[]): Condition<RequestFacts> {
  return {
    says: `the path is ${or(patterns.map((pattern) => pattern.text))}`,
    test: ({ path }) => {
      if (path === null) return 'maybe'
      const isRead = (read: string) => patterns.some((pattern) => pattern.matchesRead(read))
      const sent = patterns.some((pattern) => pattern.matchesSent(path.sent))
      if (sent) return path.read.every(isRead) ? 'yes' : 'maybe'
      return path.read.some(isRead) ? 'maybe' : 'no'
    },
  }
}

/** Surely when the connection is asked to become that; maybe where nobody can see what it becomes. */
export function onUpgrade(protocols: readonly string[]): Condition<RequestFacts> {
  return {
    says: `the connection is to become ${or(protocols)}`,
    test: ({ upgrade, path }) => {
      if (path === null) return 'maybe'
      return upgrade !== null && protocols.includes(upgrade) ? 'yes' : 'no'
    },
  }
}

function or(values: readonly (string | number)[]): string {
  const quoted = values.map((value) => `\`${value}\``)
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** @param kinds all that the names stand for */
export function onData(
  names: readonly string[],
  kinds: readonly string[],
): Condition<RequestFacts> {
  return {
    says: `there is ${or(names)} data in the request`,
    test: ({ data }) => {
      if (data === null) return 'maybe'
      return kinds.some((kind) => data.has(kind)) ? 'yes' : 'no'
    },
  }
}

/** Surely when that is what is spoken; maybe where nobody can tell, or where it may be spoken inside TLS. SSH never is. */
export function onProtocol(protocols: readonly Protocol[]): Condition<RequestFacts> {
  return {
    says: `the protocol is ${or(protocols)}`,
    test: ({ protocol }) => {
      if (protocols.includes(protocol)) return 'yes'
      if (protocol === 'unknown') return 'maybe'
      return protocol === 'tls' && protocols.some((each) => each !== 'ssh') ? 'maybe' : 'no'
    },
  }
}

/** What is said on connections to databases in SQL. */
export function onStatement(words: readonly string[]): Condition<RequestFacts> {
  return onWords(`the statement is ${or(words)}`, words, SQL)
}

/** The same for those whose statements are called commands. */
export function onCommand(words: readonly string[]): Condition<RequestFacts> {
  return onWords(`the command is ${or(words)}`, words, COMMANDS)
}

const SQL: readonly Protocol[] = [...STATEMENT_PROTOCOLS, 'mysql']
const COMMANDS: readonly Protocol[] = [...COMMAND_PROTOCOLS, 'mongodb']

/** Surely when it does one of these; maybe where statements are out of sight, or where it may be such a protocol that nobody can see. */
function onWords(
  says: string,
  words: readonly string[],
  protocols: readonly Protocol[],
): Condition<RequestFacts> {
  return {
    says,
    test: ({ statements, protocol }) => {
      if (protocol === 'unknown' || protocol === 'tls') return 'maybe'
      if (!protocols.includes(protocol)) return 'no'
      if (statements === null) return 'maybe'
      return words.some((word) => statements.has(word)) ? 'yes' : 'no'
    },
  }
}
