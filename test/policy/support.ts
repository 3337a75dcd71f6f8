/** Policies and calls for tables: a document as an operator writes it, and the call it is asked about. */

import { readFileSync } from 'node:fs'
import { parseYaml } from '../../src/config/yaml.ts'
import { type Agent, ANONYMOUS } from '../../src/model/agent.ts'
import { type CompileOptions, compilePolicy, type Policy } from '../../src/policy/compile.ts'
import { type Assessment, assess, type Creates, decide } from '../../src/policy/decide.ts'
import type { PolicyDocument, RuleEntry, WhenEntry } from '../../src/policy/document.ts'
import type { PolicyProblem } from '../../src/policy/references.ts'
import type { ZoneTable } from '../../src/policy/zones.ts'
import { authority, destination } from '../support/nouns.ts'

/** The built-in zones as they are shipped. */
export const BUILTIN: ZoneTable = readBuiltin()

function readBuiltin(): ZoneTable {
  const text = readFileSync(new URL('../../geoip/zones.yaml', import.meta.url), 'utf8')
  const yaml = parseYaml(text, 'zones.yaml')
  if (!('value' in yaml)) throw new Error(JSON.stringify(yaml))
  const { zones } = yaml.value as { zones: Record<string, { countries: string[] }> }
  return new Map(Object.entries(zones).map(([name, { countries }]) => [name, new Set(countries)]))
}

export function compile(document: PolicyDocument, options: Partial<CompileOptions> = {}) {
  return compilePolicy(document, {
    builtinZones: BUILTIN,
    digest: 'd'.repeat(64),
    enforced: true,
    tunnelOnly: [],
    answers: 'any',
    ...options,
  })
}

export function policyOf(document: PolicyDocument, options: Partial<CompileOptions> = {}): Policy {
  const compiled = compile(document, options)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.policy
}

export function problemsOf(
  document: PolicyDocument,
  options: Partial<CompileOptions> = {},
): readonly PolicyProblem[] {
  const compiled = compile(document, options)
  return 'problems' in compiled ? compiled.problems : []
}

/** A rule of which only the condition matters. */
export function rule(id: string, then: RuleEntry['then'], when: WhenEntry): RuleEntry {
  return { id, because: `reason of ${id}`, when, then }
}

export interface Asked {
  readonly regions?: readonly string[]
  readonly network?: readonly string[]
  readonly creates?: Creates
  readonly to?: string
  readonly scheme?: string
  readonly agent?: Agent
  /** Null is out of sight. */
  readonly method?: string | null
  readonly path?: string | null
  /** Names of the zone the destination's declaration allows. */
  readonly allowed?: readonly string[]
}

/** The verdict on one call; what is not said is an anonymous `GET https://api.test/` to Germany. */
export function ask(policy: Policy, asked: Asked) {
  const { method = 'GET', path = '/' } = asked
  return decide(assessed(policy, asked), { method, path })
}

/** The call measured, not decided. */
export function assessed(policy: Policy, asked: Asked): Assessment {
  const { regions = ['DE'], to = 'api.test:443', scheme = 'https', agent = ANONYMOUS } = asked
  const { allowed } = asked
  const zone = allowed ? { name: allowed.join(', '), countries: new Set(allowed) } : null
  const { network = regions, creates = null } = asked
  const located = destination({
    authority: authority(to),
    regions,
    network,
    allowed: zone ? [zone] : [],
  })
  return assess(policy, { agent, scheme, creates }, located)
}

export function token(id: string, ...groups: string[]): Agent {
  return { id, groups: groups.sort(), by: 'token' }
}
