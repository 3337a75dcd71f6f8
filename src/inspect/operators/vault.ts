/**
 * Which token stands for which value: per agent, in memory only, bounded in number, size and time. A value that was let go gets the same
 * token when it comes again, so nothing is lost but the way back in the meantime. Several processes can tell each other what they issue.
 *
 * INVARIANT: a token never leads to two values; one that several processes gave to different ones leads to none.
 */

import type { AgentKeys } from './keys.ts'
import { candidateTokens, toHead } from './token.ts'

export interface VaultLimits {
  /** Values of one agent; those not used for longest go first. */
  readonly values: number
  /** UTF-8 bytes of one value; longer ones get no token. */
  readonly valueBytes: number
  /** Agents; the one not heard of for longest goes first, with all its values. */
  readonly agents: number
  /** Values of all agents together; agents go as above. */
  readonly total: number
  /** Milliseconds for which a value is kept at least after it was used, and half of what it is kept at most. */
  readonly ttl: number
}

export const VAULT_LIMITS: VaultLimits = {
  values: 10_000,
  valueBytes: 1024,
  agents: 1000,
  total: 200_000,
  ttl: 24 * 3_600_000,
}

/** What one agent's values are called. */
export interface AgentVault {
  /** @returns null when the value is too long, or every token it could have is another's */
  issue(type: string, value: string): string | null
  /** @param token as issued: upper case, with `_` */
  lookUp(token: string): string | null
  /** Lengths of what follows the head in the tokens that are out, longest first; empty when there are none with that head. */
  bodiesAfter(head: string): readonly number[]
  /** Whether a token is out whose head begins like this. */
  hasHead(beginning: string): boolean
  readonly size: number
}

export interface Vault {
  for(agent: string): AgentVault
  /** Takes over what another process has kept. */
  take(kept: Kept): void
  all(): Iterable<Kept>
}

/** A value with its token, as processes tell each other. */
export interface Kept extends Entry {
  readonly agent: string
}

/**
 * @param now milliseconds, never going back
 * @param onKeep told of what is kept because it was used here: when it is issued, and as long as it is used, once in a while
 */
export function createVault(
  keysOf: (agent: string) => Pick<AgentKeys, 'token'>,
  limits: VaultLimits,
  now: () => number,
  onKeep: (kept: Kept) => void = () => {},
): Vault {
  const agents = new Map<string, OwnVault>()
  const total = { values: 0 }
  const isOver = () => agents.size > limits.agents || total.values > limits.total
  const vaultOf = (agent: string): OwnVault => {
    const known = agents.get(agent)
    const tell = (entry: Entry) => onKeep({ ...entry, agent })
    const key = () => keysOf(agent).token
    const vault = known ?? createAgentVault(key, limits, now, total, tell)
    agents.delete(agent)
    agents.set(agent, vault)
    if (!isOver()) return vault
    for (const [oldest, theirs] of agents) {
      if (theirs === vault || !isOver()) break
      agents.delete(oldest)
      theirs.leave()
    }
    return vault
  }
  return {
    for: vaultOf,
    take: ({ agent, token, type, value }) => vaultOf(agent).take({ token, type, value }),
    *all() {
      for (const [agent, vault] of agents) {
        for (const entry of vault.entries()) yield { ...entry, agent }
      }
    },
  }
}

interface OwnVault extends AgentVault {
  take(entry: Entry): void
  entries(): Iterable<Entry>
  /** From now on it does not count; whoever still holds it may go on with it. */
  leave(): void
}

interface Entry {
  readonly token: string
  readonly type: string
  /** Null for one that leads nowhere: two values have it. */
  readonly value: string | null
}

/** Two generations: what is used moves to the young one; when that is full, or old, the other goes as a whole. */
interface Generation {
  readonly byToken: Map<string, Entry>
  readonly byValue: Map<string, Entry>
}

function createAgentVault(
  openKey: () => Buffer,
  limits: VaultLimits,
  now: () => number,
  total: { values: number },
  tell: (entry: Entry) => void,
): OwnVault {
  let key: Buffer | null = null
  let young = newGeneration()
  let old = newGeneration()
  let bornAt = now()
  let heads = createHeads()
  let counts = true

  const turn = () => {
    if (counts) total.values -= old.byToken.size
    old = young
    young = newGeneration()
    bornAt = now()
    heads = createHeads()
    for (const entry of old.byToken.values()) heads.add(entry)
  }
  const age = () => {
    const passed = now() - bornAt
    if (passed >= limits.ttl) turn()
    if (passed >= 2 * limits.ttl) turn()
  }
  const keep = (entry: Entry) => {
    if (young.byToken.size >= limits.values / 2) turn()
    young.byToken.set(entry.token, entry)
    const { type, value } = entry
    // Elsewhere it may have got another one: here it stays what it is.
    const valueKey = value === null ? null : toValueKey(type, value)
    if (valueKey !== null && !young.byValue.has(valueKey)) young.byValue.set(valueKey, entry)
  }
  const add = (entry: Entry) => {
    keep(entry)
    heads.add(entry)
    if (counts) total.values++
  }
  const find = (token: string) => young.byToken.get(token) ?? old.byToken.get(token)
  /** @returns whether it is kept anew */
  const renew = (entry: Entry) => {
    if (!old.byToken.delete(entry.token)) return false
    if (entry.value !== null) old.byValue.delete(toValueKey(entry.type, entry.value))
    keep(entry)
    return true
  }
  const use = (entry: Entry) => {
    if (renew(entry)) tell(entry)
    return entry
  }
  const dispute = (known: Entry) => {
    for (const { byToken, byValue } of [young, old]) {
      if (byToken.get(known.token) !== known) continue
      byToken.set(known.token, { ...known, value: null })
      if (known.value !== null) byValue.delete(toValueKey(known.type, known.value))
    }
  }

  return {
    issue: (type, value) => {
      age()
      const valueKey = toValueKey(type, value)
      const known = young.byValue.get(valueKey) ?? old.byValue.get(valueKey)
      if (known) return use(known).token
      if (Buffer.byteLength(value) > limits.valueBytes) return null
      key ??= openKey()
      for (const token of candidateTokens(key, type, value)) {
        if (find(token)) continue
        const entry = { token, type, value }
        add(entry)
        tell(entry)
        return token
      }
      return null
    },
    lookUp: (token) => {
      age()
      const entry = find(token)
      return entry ? use(entry).value : null
    },
    take: (entry) => {
      age()
      const known = find(entry.token)
      if (!known) add(entry)
      else if (known.type === entry.type && known.value === entry.value) renew(known)
      else dispute(known)
    },
    *entries() {
      yield* old.byToken.values()
      yield* young.byToken.values()
    },
    bodiesAfter: (head) => heads.bodiesAfter(head),
    hasHead: (beginning) => heads.has(beginning),
    leave: () => {
      total.values -= young.byToken.size + old.byToken.size
      counts = false
    },
    get size() {
      return young.byToken.size + old.byToken.size
    },
  }
}

function newGeneration(): Generation {
  return { byToken: new Map(), byValue: new Map() }
}

function toValueKey(type: string, value: string): string {
  return `${type}\0${value}`
}

/** What the tokens that are out begin with, and how long what follows is. */
function createHeads() {
  const lengths = new Map<string, number[]>()
  const beginnings = new Set<string>()
  return {
    add: ({ type, token }: Entry) => {
      const head = toHead(type)
      const known = lengths.get(head) ?? []
      const length = token.length - head.length
      if (known.includes(length)) return
      lengths.set(
        head,
        [...known, length].sort((a, b) => b - a),
      )
      for (let i = 1; i <= head.length; i++) beginnings.add(head.slice(0, i))
    },
    bodiesAfter: (head: string): readonly number[] => lengths.get(head) ?? [],
    has: (beginning: string) => beginnings.has(beginning),
  }
}
