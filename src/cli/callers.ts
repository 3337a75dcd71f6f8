/** Who is calling: what a credential proves, mapped by the policy to an agent. */

import type { ProvenIdentity } from '../identity/tokens.ts'
import type { IpAddress } from '../model/address.ts'
import type { Agent } from '../model/agent.ts'
import type { Problem } from '../model/errors.ts'
import { agentFor } from '../policy/agents.ts'
import type { Policy } from '../policy/compile.ts'

export interface CallersOptions {
  readonly tokens: { verify(credentials: string): Promise<ProvenIdentity | Problem> }
  policy(): Policy
  /** Whether a caller nobody knows is turned away. */
  readonly required: boolean
}

/** Callers remembered: the same caller is the same `Agent` object, which others key their memory on. */
const MAX_KNOWN = 10_000

/**
 * @returns a function that never rejects. A wrong credential is always a refusal: it never falls back to what the
 * address alone would allow.
 */
export function createCallers({ tokens, policy, required }: CallersOptions) {
  let known = new Map<string, Agent>()
  let knownFor: Policy | null = null

  return async (credentials: string | null, client: IpAddress): Promise<Agent | Problem> => {
    const current = policy()
    const identity = credentials === null ? null : await tokens.verify(credentials)
    if (identity && 'code' in identity) return identity
    if (current !== knownFor || known.size >= MAX_KNOWN) {
      known = new Map()
      knownFor = current
    }
    const key = credentials === null ? client.text : `${client.text} ${credentials}`
    let agent = known.get(key)
    if (!agent) {
      agent = agentFor(current, identity, client)
      known.set(key, agent)
    }
    return required && agent.by === 'none' ? NOT_KNOWN : agent
  }
}

const NOT_KNOWN: Problem = {
  code: 'agent-unknown',
  detail: 'this proxy serves only agents that say who they are',
}
