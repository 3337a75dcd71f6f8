/**
 * Policy document to policy: names resolved, patterns compiled, every mistake reported at once. The last place that may
 * reject: evaluating a compiled policy cannot fail.
 */

import type { Declaration, HostPattern } from '../model/declaration.ts'
import type { OnUnscannable, RedactionPlan } from '../model/finding.ts'
import { COMMAND_PROTOCOLS, STATEMENT_PROTOCOLS } from '../model/flow.ts'
import type { HoldSettings } from '../model/hold.ts'
import type { Placement, Zone } from '../model/placement.ts'
import { hasSubcommands } from '../model/redis-commands.ts'
import type { Reviewer } from '../model/reviewer.ts'
import type { Action } from '../model/verdict.ts'
import { type AgentPolicy, compileAgent } from './agent-entry.ts'
import {
  type Condition,
  type DestinationFacts,
  onAgent,
  onCommand,
  onCreates,
  onData,
  onGroup,
  onHost,
  onMethod,
  onPath,
  onPlacement,
  onPort,
  onProtocol,
  onScheme,
  onStatement,
  onTransit,
  onUpgrade,
  onZone,
  type RequestFacts,
} from './condition.ts'
import { compileDeclaration } from './declarations.ts'
import { type PolicyDocument, type RuleEntry, toList, type WhenEntry } from './document.ts'
import { compileHolds, compileRuleHold } from './holds.ts'
import { compilePathPattern } from './path.ts'
import { compileRedaction, compileUnscannable, type Kinds, kindsAt } from './redaction.ts'
import { createReferences, type Path, type PolicyProblem, type References } from './references.ts'
import { createPeople } from './reviewers.ts'
import type { Answers } from './steer.ts'
import type { RuleTerms } from './terms.ts'
import type { ZoneTable } from './zones.ts'

export interface Rule {
  readonly id: string
  readonly because: string
  /** Null for a rule that only redacts. */
  readonly action: Action | null
  readonly redact: RedactionPlan | null
  /** Whether it asks which data is in the request. */
  readonly looksAtData: boolean
  /** Tested once per destination. */
  readonly onDestination: readonly Condition<DestinationFacts>[]
  /** Tested for every request; cheapest first. */
  readonly onRequest: readonly Condition<RequestFacts>[]
  /** Whether it says what the connection may become. */
  readonly upgrades: boolean
  /** How it holds; null for those that do not. */
  readonly hold: RuleTerms | null
  /** Its match is recorded, and changes nothing. */
  readonly observed: boolean
}

export interface Policy {
  /** Hex SHA-256 of the documents it was made from. */
  readonly digest: string
  /** False: decide and record, but let pass. */
  readonly enforced: boolean
  readonly home: Zone
  readonly zones: ZoneTable
  readonly agents: readonly AgentPolicy[]
  readonly declarations: readonly Declaration[]
  readonly defaults: Readonly<Record<Placement, Action>>
  /** Sorted by id, so that no order in a file can matter. */
  readonly rules: readonly Rule[]
  /** Hosts that are tunnelled without looking inside. */
  readonly tunnelOnly: readonly HostPattern[]
  /** Hosts for which clients are not offered HTTP/2, whatever the origin speaks. */
  readonly http1Only: readonly HostPattern[]
  readonly answers: Answers
  /** Who may decide about what is held; `ADMIN` is always one of them. */
  readonly reviewers: readonly Reviewer[]
  readonly holds: HoldSettings
  readonly onUnscannable: OnUnscannable
  /** Hosts that the operator says models are served at. */
  readonly models: readonly HostPattern[]
  /** That can be found. */
  readonly kinds: Kinds
  /** Whether who is calling may depend on the user whose process it is. */
  readonly asksForUsers: boolean
  /** Kinds that conditions ask for. */
  readonly askedFor: ReadonlySet<string>
}

export interface CompileOptions {
  readonly builtinZones: ZoneTable
  readonly digest: string
  readonly enforced: boolean
  readonly tunnelOnly: readonly string[]
  readonly http1Only?: readonly string[]
  /** Default: none. */
  readonly kinds?: Kinds
  readonly answers: Answers
}

const NO_KINDS: Kinds = new Map()

const DEFAULTS: Readonly<Record<Placement, Action>> = {
  inside: 'allow',
  outside: 'block',
  straddling: 'hold',
  unknown: 'hold',
}

/** @returns the policy, or everything that is wrong with the document. */
export function compilePolicy(
  document: PolicyDocument,
  options: CompileOptions,
): { readonly policy: Policy } | { readonly problems: readonly PolicyProblem[] } {
  const references = createReferences(document, options.builtinZones)
  const { problems, zones, zoneAt, hostsAt } = references
  const { agents = [], destinations = [], rules = [] } = document
  const { kinds = NO_KINDS } = options
  const people = createPeople(document, references)
  const holds = compileHolds(document.hold ?? {}, people, references)
  const policy: Policy = {
    digest: options.digest,
    enforced: options.enforced,
    home: zoneAt(toList(document.home ?? 'EEA'), ['home']),
    zones,
    agents: agents.map((entry, i) => compileAgent(entry, ['agents', i], references, people)),
    declarations: destinations.map((entry, i) =>
      compileDeclaration(entry, ['destinations', i], references),
    ),
    defaults: { ...DEFAULTS, ...document.placement },
    rules: rules
      .map((entry, i) => ({
        ...compileRule(entry, ['rules', i], kinds, references),
        hold: compileRuleHold(entry, ['rules', i], holds, people, references),
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    tunnelOnly: hostsAt(options.tunnelOnly, ['intercept', 'never']),
    http1Only: hostsAt(options.http1Only ?? [], ['intercept', 'http1_only']),
    answers: options.answers,
    reviewers: people.reviewers,
    holds,
    onUnscannable: compileUnscannable(document.redaction?.on_unscannable ?? {}),
    models: hostsAt(document.redaction?.models ?? [], ['redaction', 'models']),
    kinds,
    asksForUsers: agents.some(({ match }) => match?.uid !== undefined),
    askedFor: new Set(
      rules.flatMap(({ when }) => toList(when.data)).filter((name) => kinds.has(name)),
    ),
  }
  return problems.length > 0 ? { problems } : { policy }
}

function compileRule(
  entry: RuleEntry,
  path: Path,
  kinds: Kinds,
  references: References,
): Omit<Rule, 'hold'> {
  const { when } = entry
  const at = (key: keyof WhenEntry) => [...path, 'when', key]
  references.unique('rule', entry.id, [...path, 'id'])
  if (isEmpty(when)) {
    references.report([...path, 'when'], 'a rule needs at least one condition')
  }
  if (entry.mode === 'observe' && entry.then === 'allow') {
    const message =
      'a rule that allows cannot only be observed: there is nothing it would have kept'
    references.report([...path, 'mode'], message, 'take `mode` out')
  }
  return {
    id: entry.id,
    because: entry.because,
    action: entry.then ?? null,
    redact: compileRedaction(entry, path, kinds, references),
    looksAtData: when.data !== undefined,
    onDestination: compileDestinationConditions(when, at, references),
    onRequest: compileRequestConditions(when, at, kinds, references),
    upgrades: when.upgrade !== undefined,
    observed: entry.mode === 'observe',
  }
}

type PathTo = (key: keyof WhenEntry) => Path

function compileDestinationConditions(when: WhenEntry, at: PathTo, references: References) {
  const { zoneAt, hostsAt, namesAt } = references
  const { agent, group, port, scheme, placement, transit, creates, zone, host } = when
  const conditions: Condition<DestinationFacts>[] = []
  if (agent !== undefined) conditions.push(onAgent(namesAt('agent', toList(agent), at('agent'))))
  if (group !== undefined) conditions.push(onGroup(namesAt('group', toList(group), at('group'))))
  if (port !== undefined) conditions.push(onPort(toList(port)))
  if (scheme !== undefined) conditions.push(onScheme(toList(scheme)))
  if (placement !== undefined) conditions.push(onPlacement(toList(placement)))
  if (transit !== undefined) conditions.push(onTransit(toList(transit)))
  if (creates !== undefined) conditions.push(onCreates(toList(creates)))
  if (zone !== undefined) conditions.push(onZone(zoneAt(toList(zone), at('zone'))))
  if (host !== undefined) conditions.push(onHost(hostsAt(toList(host), at('host'))))
  return conditions
}

function compileRequestConditions(
  { method, path, protocol, statement, command, upgrade, data }: WhenEntry,
  at: PathTo,
  kinds: Kinds,
  to: References,
) {
  const conditions: Condition<RequestFacts>[] = []
  if (protocol !== undefined) conditions.push(onProtocol(toList(protocol)))
  if (statement !== undefined) {
    checkStatements('statement', { statement, protocol }, at, to)
    conditions.push(onStatement(toList(statement)))
  }
  if (command !== undefined) {
    checkStatements('command', { command, protocol }, at, to)
    conditions.push(onCommand(toList(command)))
    if (statement !== undefined) {
      const message = 'no connection has both statements and commands: such a rule never matches'
      to.report(at('command'), message, 'make two rules of it')
    }
  }
  if (method !== undefined) {
    for (const [i, name] of toList(method).entries()) {
      if (METHOD.test(name)) continue
      const hint = `write \`${METHOD.test(name.toUpperCase()) ? name.toUpperCase() : 'POST'}\``
      to.report([...at('method'), i], `\`${name}\` is not the name of a method`, hint)
    }
    conditions.push(onMethod(toList(method)))
  }
  if (path !== undefined) {
    const patterns = toList(path).flatMap((text, i) => {
      const pattern = compilePathPattern(text)
      if ('value' in pattern) return [pattern.value]
      to.report([...at('path'), i], pattern.fault, 'write `/v1/files` or `/v1/*`')
      return []
    })
    conditions.push(onPath(patterns))
  }
  if (upgrade !== undefined) {
    for (const [i, name] of toList(upgrade).entries()) checkUpgrade(name, [...at('upgrade'), i], to)
    conditions.push(onUpgrade(toList(upgrade)))
  }
  if (data !== undefined) {
    conditions.push(onData(toList(data), kindsAt(toList(data), at('data'), kinds, to.report)))
  }
  return conditions
}

const READ = { statement: STATEMENT_PROTOCOLS, command: COMMAND_PROTOCOLS } as const

/** Words as they are compared, on protocols that have such. Words nobody knows are taken: servers have their own. */
function checkStatements(
  key: 'statement' | 'command',
  when: Pick<WhenEntry, 'statement' | 'command' | 'protocol'>,
  at: PathTo,
  { report }: References,
): void {
  for (const [i, words] of toList(when[key]).entries()) {
    if (WORDS.test(words)) {
      const [name = '', second] = words.split(' ')
      if (key === 'statement' || second === undefined || hasSubcommands(name)) continue
      const message = `\`${words}\` is never read: what stands behind \`${name}\` is a key or a value`
      report([...at(key), i], message, `write \`${name}\``)
      continue
    }
    const lower = words.toLowerCase().trim().replace(/\s+/g, ' ')
    const hint = `write \`${WORDS.test(lower) ? lower : key === 'statement' ? 'drop table' : 'config set'}\``
    report([...at(key), i], `\`${words}\` is not the beginning of a ${key}`, hint)
  }
  for (const [i, protocol] of toList(when.protocol).entries()) {
    if (READ[key].includes(protocol)) continue
    const hint = `take it out, or \`${key}\`: read are those of ${READ[key].join(', ')}`
    report([...at('protocol'), i], `nobody reads a ${key} of \`${protocol}\``, hint)
  }
}

/** One word in lower case or two. */
const WORDS = /^[a-z][a-z0-9._-]{0,63}( [a-z][a-z0-9._-]{0,63})?$/

/** The name of a protocol (RFC 9110 section 7.8), in lower case as it is compared. */
function checkUpgrade(name: string, path: Path, { report }: References): void {
  if (!/^[a-z0-9][a-z0-9._+-]*(\/[a-z0-9._+-]+)?$/.test(name)) {
    report(path, `\`${name}\` is not the name of a protocol`, 'write `websocket` or `spdy/3.1`')
  } else if (/^(h2c|h2|http\/.*|tls\/.*)$/.test(name)) {
    const reason = 'what follows would be requests that nobody sees'
    report(path, `a connection never becomes \`${name}\`: ${reason}`)
  }
}

/** RFC 9110 section 5.6.2, without lower case: a rule on `post` would never match. */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Z-]+$/

function isEmpty(conditions: object): boolean {
  return Object.values(conditions).every((value) => value === undefined)
}
