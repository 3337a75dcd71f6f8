/** From what is proven about a caller to the agent the policy knows. The most specific entry wins, never the first. */

import { cidrContains } from '../model/address.ts'
import { type Agent, ANONYMOUS } from '../model/agent.ts'
import type { Client } from '../model/client.ts'
import type { AgentPolicy } from './agent-entry.ts'
import type { Policy } from './compile.ts'

/** What a verified credential says. */
export interface Identity {
  readonly subject: string
  readonly groups: readonly string[]
}

/**
 * @param identity null when the caller showed no credential; a bad credential never gets here.
 * @returns the agent, `anonymous` when nothing matches. A proven subject without an entry keeps its own name and home
 * zones; one that bears the name of an entry without meeting its conditions is nobody.
 */
export function agentFor(policy: Policy, identity: Identity | null, client: Client): Agent {
  let best: AgentPolicy | null = null
  let score = 0
  for (const entry of policy.agents) {
    const next = specificity(entry, identity, client)
    if (next > score || (next === score && best !== null && next > 0 && entry.id < best.id)) {
      best = entry
      score = next
    }
  }
  if (!best && (!identity || policy.agents.some(({ id }) => id === identity.subject))) {
    return ANONYMOUS
  }
  const groups = new Set([...(identity?.groups ?? []), ...(best?.memberOf ?? [])])
  const id = best?.id ?? identity?.subject ?? ANONYMOUS.id
  return {
    id,
    groups: [...groups].sort(),
    by: identity ? 'token' : best ? restsOn(best) : 'source',
    ...(identity && identity.subject !== id ? { subject: identity.subject } : {}),
  }
}

function restsOn({ certificates, uids }: AgentPolicy): Agent['by'] {
  if (certificates) return 'certificate'
  return uids.length > 0 ? 'uid' : 'source'
}

/** 0 when the entry does not apply; every condition it names must hold. Subject counts above certificate above user above group above source prefix. */
function specificity(entry: AgentPolicy, identity: Identity | null, client: Client): number {
  let score = 0
  if (entry.subjects.length > 0) {
    if (!identity || !entry.subjects.includes(identity.subject)) return 0
    score += 100_000
  }
  if (entry.certificates) {
    const { certificate } = client
    const { names, fingerprints } = entry.certificates
    if (!certificate) return 0
    const isNamed = certificate.names.some((name) => names.has(name))
    const isPrinted = fingerprints.has(certificate.fingerprint)
    if (!isNamed && !isPrinted) return 0
    score += isPrinted ? 50_001 : 50_000
  }
  if (entry.uids.length > 0) {
    const { uid } = client
    const ranges = entry.uids.filter(
      ({ first, last }) => uid !== undefined && first <= uid && uid <= last,
    )
    if (ranges.length === 0) return 0
    // Of ranges the narrowest, as of prefixes.
    score +=
      10_000 +
      Math.max(...ranges.map(({ first, last }) => 32 - Math.ceil(Math.log2(last - first + 1))))
  }
  if (entry.groups.length > 0) {
    if (!identity || !entry.groups.some((group) => identity.groups.includes(group))) return 0
    score += 1_000
  }
  if (entry.sources.length > 0) {
    const bits = entry.sources.filter((cidr) => cidrContains(cidr, client)).map((cidr) => cidr.bits)
    if (bits.length === 0) return 0
    score += 1 + Math.max(...bits)
  }
  return score
}
