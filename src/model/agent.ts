/** Who is calling: a workload behind the proxy, as far as it could be identified. */

export interface Agent {
  /** The name in the log: an `agents:` entry, or the subject of a token; `anonymous` when nobody said. */
  readonly id: string
  /** Sorted. */
  readonly groups: readonly string[]
  /** What the identity rests on. A token is proof, and so are a certificate and the user of a process on this host; a source address is what the network says. */
  readonly by: 'token' | 'certificate' | 'uid' | 'source' | 'none'
  /** Whom the token names, where the policy calls them something else. */
  readonly subject?: string
}

export const ANONYMOUS: Agent = { id: 'anonymous', groups: [], by: 'none' }

/** Whether it is known by more than an address. */
export function isProven({ by }: Agent): boolean {
  return by !== 'source' && by !== 'none'
}

/** What agent and group names may look like: they appear in logs, tokens, URLs and file names. */
export function isAgentName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/.test(text)
}

/** Names that no token may prove: of nobody, and of this proxy's own calls. */
export function isReservedName(text: string): boolean {
  return text === ANONYMOUS.id || text === 'cordon'
}
