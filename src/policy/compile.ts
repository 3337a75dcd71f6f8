/**
 * Policy document to policy: names resolved, patterns compiled, every mistake reported at once. The last place that may
 * reject: evaluating a compiled policy cannot fail.
 */

import { type Cidr, parseCidr } from '../model/address.ts'
import { isAgentName } from '../model/agent.ts'
import type { Declaration, HostPattern } from '../model/declaration.ts'
import type { Placement, Zone } from '../model/placement.ts'
import { isCountry, toRegions } from '../model/region.ts'
import type { Action } from '../model/verdict.ts'
import {
  type Condition,
  type DestinationFacts,
  onAgent,
  onGroup,
  onHost,
  onMethod,
  onPath,
  onPlacement,
  onPort,
  onScheme,
  onZone,
  type RequestFacts,
} from './condition.ts'
import {
  type AgentEntry,
  type DestinationEntry,
  type PolicyDocument,
  type RuleEntry,
  toList,
} from './document.ts'
import { compileHostPattern } from './pattern.ts'
import { compileZones, toZone, type ZoneTable } from './zones.ts'

export interface Rule {
  readonly id: string
  readonly because: string
  readonly action: Action
  /** Tested once per destination. */
  readonly onDestination: readonly Condition<DestinationFacts>[]
  /** Tested for every request; cheapest first. */
  readonly onRequest: readonly Condition<RequestFacts>[]
}

export interface AgentPolicy {
  readonly id: string
  readonly subjects: readonly string[]
  readonly groups: readonly string[]
  readonly sources: readonly Cidr[]
  /** Groups every such agent is in, besides those its token names. */
  readonly memberOf: readonly string[]
  readonly zone: Zone | null
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
}

/** One mistake, with the keys that lead to it so that the loader can name file, line and column. */
export interface PolicyProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string
}

export interface CompileOptions {
  readonly builtinZones: ZoneTable
  readonly digest: string
  readonly enforced: boolean
  readonly tunnelOnly: readonly string[]
}

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
  const compiler = createCompiler(document, options.builtinZones)
  const { problems, zones, zoneAt, hostsAt } = compiler
  const home = zoneAt(toList(document.home ?? 'EEA'), ['home'])
  const rules = (document.rules ?? []).map((entry, i) => compileRule(entry, ['rules', i], compiler))
  const policy: Policy = {
    digest: options.digest,
    enforced: options.enforced,
    home,
    zones,
    agents: (document.agents ?? []).map((entry, i) => compileAgent(entry, ['agents', i], compiler)),
    declarations: (document.destinations ?? []).map((entry, i) =>
      compileDeclaration(entry, ['destinations', i], compiler),
    ),
    defaults: { ...DEFAULTS, ...document.placement },
    rules: rules.sort((a, b) => (a.id < b.id ? -1 : 1)),
    tunnelOnly: hostsAt(options.tunnelOnly, ['intercept', 'never']),
  }
  return problems.length > 0 ? { problems } : { policy }
}

type Path = readonly (string | number)[]

/** What the parts below share: the zone table and the list of problems they add to. */
interface Compiler {
  readonly problems: PolicyProblem[]
  readonly zones: ZoneTable
  readonly agentIds: ReadonlySet<string>
  report(path: Path, message: string, hint?: string): void
  zoneAt(names: readonly string[], path: Path): Zone
  hostsAt(patterns: readonly string[], path: Path): HostPattern[]
  cidrsAt(texts: readonly string[], path: Path): Cidr[]
  /** Reports a second use of an id within one kind of entry. */
  unique(kind: string, id: string, path: Path): void
}

function createCompiler(document: PolicyDocument, builtin: ZoneTable): Compiler {
  const problems: PolicyProblem[] = []
  const seen = new Set<string>()
  const report = (path: Path, message: string, hint?: string) => {
    problems.push(hint === undefined ? { path, message } : { path, message, hint })
  }
  const zones = compileZones(document.zones ?? {}, builtin, (name, { fault, hint }) =>
    report(['zones', name], fault, hint),
  )
  return {
    problems,
    zones,
    agentIds: new Set((document.agents ?? []).map((entry) => entry.id)),
    report,
    zoneAt(names, path) {
      const zone = toZone(names, zones)
      if (!('fault' in zone)) return zone
      report(path, zone.fault, zone.hint)
      return { name: '', countries: new Set() }
    },
    hostsAt(patterns, path) {
      return patterns.flatMap((text) => {
        const pattern = compileHostPattern(text)
        if ('value' in pattern) return [pattern.value]
        report(path, pattern.fault, 'write `api.example.com`, `*.example.com` or `*`')
        return []
      })
    },
    cidrsAt(texts, path) {
      return texts.flatMap((text) => {
        const cidr = parseCidr(text)
        if (cidr) return [cidr]
        report(
          path,
          `\`${text}\` is not an address prefix`,
          'write 10.20.0.0/16, with host bits zero',
        )
        return []
      })
    },
    unique(kind, id, path) {
      if (seen.has(`${kind} ${id}`)) report(path, `${kind} \`${id}\` is defined twice`)
      seen.add(`${kind} ${id}`)
    },
  }
}

function compileRule(entry: RuleEntry, path: Path, compiler: Compiler): Rule {
  const { when } = entry
  const at = (key: keyof typeof when) => [...path, 'when', key]
  compiler.unique('rule', entry.id, [...path, 'id'])
  if (Object.values(when).every((value) => value === undefined)) {
    compiler.report([...path, 'when'], 'a rule needs at least one condition')
  }
  for (const id of toList(when.agent)) {
    if (!compiler.agentIds.has(id) && id !== 'anonymous' && !isAgentName(id)) {
      compiler.report(at('agent'), `\`${id}\` cannot be the name of an agent`)
    }
  }
  const onDestination: Condition<DestinationFacts>[] = []
  if (when.agent !== undefined) onDestination.push(onAgent(toList(when.agent)))
  if (when.group !== undefined) onDestination.push(onGroup(toList(when.group)))
  if (when.port !== undefined) onDestination.push(onPort(toList(when.port)))
  if (when.scheme !== undefined) onDestination.push(onScheme(toList(when.scheme)))
  if (when.placement !== undefined) onDestination.push(onPlacement(toList(when.placement)))
  if (when.zone !== undefined) {
    onDestination.push(onZone(compiler.zoneAt(toList(when.zone), at('zone'))))
  }
  if (when.host !== undefined) {
    onDestination.push(onHost(compiler.hostsAt(toList(when.host), at('host'))))
  }
  const onRequest: Condition<RequestFacts>[] = []
  if (when.method !== undefined) onRequest.push(onMethod(toList(when.method)))
  if (when.path !== undefined) onRequest.push(onPath(toList(when.path)))
  return { id: entry.id, because: entry.because, action: entry.then, onDestination, onRequest }
}

function compileDeclaration(entry: DestinationEntry, path: Path, compiler: Compiler): Declaration {
  const hosts = compiler.hostsAt(toList(entry.host), [...path, 'host'])
  const cidrs = compiler.cidrsAt(toList(entry.cidr), [...path, 'cidr'])
  if ((entry.host === undefined) === (entry.cidr === undefined)) {
    compiler.report(path, 'a destination is named by `host` or by `cidr`, one of them')
  }
  if (entry.host !== undefined && entry.region === undefined && entry.allowed === undefined) {
    compiler.report(path, 'a destination says nothing', 'add `region: [DE]` or `allowed: [EU]`')
  }
  const key = hosts[0]?.text ?? (cidrs[0] ? `${cidrs[0].base.text}/${cidrs[0].bits}` : null)
  if (key !== null) compiler.unique('destination', key, path)
  const regions = toList(entry.region).flatMap((name) =>
    name === '*' || isCountry(name)
      ? [name]
      : [...compiler.zoneAt([name], [...path, 'region']).countries],
  )
  const expiresAt = entry.expires === undefined ? null : endOfDay(entry.expires)
  if (Number.isNaN(expiresAt)) {
    compiler.report([...path, 'expires'], `\`${entry.expires}\` is not a date`, 'write 2027-06-30')
  }
  return {
    host: hosts[0] ?? null,
    cidr: cidrs[0] ?? null,
    regions: entry.region === undefined ? null : toRegions(regions),
    allowed:
      entry.allowed === undefined
        ? null
        : compiler.zoneAt(toList(entry.allowed), [...path, 'allowed']),
    because: entry.because ?? null,
    expiresAt,
  }
}

function compileAgent(entry: AgentEntry, path: Path, compiler: Compiler): AgentPolicy {
  const { match } = entry
  compiler.unique('agent', entry.id, [...path, 'id'])
  if (!isAgentName(entry.id) || entry.id === 'anonymous') {
    compiler.report([...path, 'id'], `\`${entry.id}\` cannot be the name of an agent`)
  }
  return {
    id: entry.id,
    subjects: match === undefined ? [entry.id] : toList(match.subject),
    groups: toList(match?.group),
    sources: compiler.cidrsAt(toList(match?.source), [...path, 'match', 'source']),
    memberOf: entry.groups ?? [],
    zone:
      entry.zones === undefined ? null : compiler.zoneAt(toList(entry.zones), [...path, 'zones']),
  }
}

/** The end of a calendar day in UTC; NaN when there is no such day. */
function endOfDay(date: string): number {
  const start = Date.parse(`${date}T00:00:00Z`)
  const exists = !Number.isNaN(start) && new Date(start).toISOString().slice(0, 10) === date
  return exists ? start + 86_400_000 : Number.NaN
}
