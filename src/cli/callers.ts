/** Who is calling: what a credential proves, mapped by the policy to an agent. */

import type { ProvenIdentity } from '../identity/tokens.ts'
import type { Agent } from '../model/agent.ts'
import type { Client } from '../model/client.ts'
import type { Problem } from '../model/errors.ts'
import { agentFor } from '../policy/agents.ts'
import type { Policy } from '../policy/compile.ts'
import type { Clock } from '../ports.ts'

export interface CallersOptions {
  readonly tokens: {
    verify(credentials: string): ProvenIdentity | Problem | Promise<ProvenIdentity | Problem>
  }
  policy(): Policy
  readonly clock: Clock
  /** Whether a caller nobody knows is turned away. */
  readonly required: boolean
}

/** Callers remembered: the same caller is the same `Agent` object, which others key their memory on. */
const MAX_KNOWN = 10_000

/**
 * @returns a function that never throws or rejects, and answers at once where nothing has to be verified. A wrong credential is always a refusal: it never falls back to what the
 * address alone would allow.
 */
export function createCallers({ tokens, policy, clock, required }: CallersOptions) {
  let known = new Map<string, Agent>()
  let knownFor: Policy | null = null

  const toAgent = (identity: ProvenIdentity | null, client: Client): Agent | Problem => {
    const current = policy()
    if (current !== knownFor || known.size >= MAX_KNOWN) {
      known = new Map()
      knownFor = current
    }
    const key = keyOf(identity, client)
    let agent = known.get(key)
    if (!agent) {
      agent = agentFor(current, identity, client)
      known.set(key, agent)
    }
    return required && agent.by === 'none' ? NOT_KNOWN : agent
  }

  return (credentials: string | null, client: Client) => {
    if (client.certificate && clock.now() >= client.certificate.notAfter) return EXPIRED
    if (credentials === null) return toAgent(null, client)
    const verified = tokens.verify(credentials)
    if (verified instanceof Promise) {
      return verified.then((one) => ('code' in one ? one : toAgent(one, client)))
    }
    return 'code' in verified ? verified : toAgent(verified, client)
  }
}

/** By what was proven, not by how: one token can be shown in any number of ways. Names have no blanks. */
function keyOf(identity: ProvenIdentity | null, { text, uid, certificate }: Client): string {
  const user = uid === undefined ? text : `${text} ${uid}`
  const from = certificate ? `${user} ${certificate.fingerprint}` : user
  return identity ? `${from} ${identity.subject} ${identity.groups.join(' ')}` : from
}

const EXPIRED: Problem = {
  code: 'agent-unknown',
  detail: 'the client certificate has expired while its connection was open',
}
const NOT_KNOWN: Problem = {
  code: 'agent-unknown',
  detail: 'this proxy serves only agents that say who they are',
}
