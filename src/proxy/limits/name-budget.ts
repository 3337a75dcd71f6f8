/**
 * How much may leave in names. Whoever runs a name server reads what is asked of it: a host that has no other way out writes into labels what it wants to
 * send. Names that were asked lately cost nothing, for they are answered here; new ones cost their length, and more where they look like data.
 */

import type { Host } from '../../model/authority.ts'
import type { Problem } from '../../model/errors.ts'
import { type Allowance, TokenBucket } from '../../model/token-bucket.ts'

/** Bytes of new names of one client. */
export interface NameLimits {
  /** Under one parent (the last two labels). */
  readonly parent: Allowance
  /** In all. */
  readonly client: Allowance
}

const MAX_BUCKETS = 16_384
const MAX_KNOWN = 65_536
/** Labels that long and with that many bits a character are seldom words; most tools use base 32 or base 64 there. */
const LONG_LABEL = 24
const DENSE_BITS = 3.2
const DENSE_COST = 8

const TOO_MUCH: Problem = {
  code: 'name-rate-limited',
  detail: 'too many new names were asked for, or names that look like data',
}

export class NameBudget {
  readonly #limits: NameLimits
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #known = new Set<string>()

  constructor(limits: NameLimits) {
    this.#limits = limits
  }

  /** @returns why it may not be asked for, null when it may. @param now milliseconds */
  take(client: string, { text: name, ip }: Host, now: number): Problem | null {
    if (ip) return null
    const key = `${client} ${name}`
    if (this.#known.has(key)) return null
    const cost = costOf(name)
    const parent = name.split('.').slice(-2).join('.')
    const all = this.#bucket(client, this.#limits.client, now)
    const under = this.#bucket(`${client} ${parent}`, this.#limits.parent, now)
    if (!spend(under, cost, now) || !spend(all, cost, now)) return TOO_MUCH
    this.#known.add(key)
    const [oldest = key] = this.#known
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest)
    return null
  }

  #bucket(key: string, allowance: Allowance, now: number): TokenBucket {
    let bucket = this.#buckets.get(key)
    if (bucket) this.#buckets.delete(key)
    else bucket = new TokenBucket(allowance, now)
    // The one that was not asked for longest makes room.
    this.#buckets.set(key, bucket)
    const [oldest = key] = this.#buckets.keys()
    if (this.#buckets.size > MAX_BUCKETS) this.#buckets.delete(oldest)
    return bucket
  }
}

/** All of it or nothing. */
function spend(bucket: TokenBucket, cost: number, now: number): boolean {
  for (let i = 0; i < cost; i++) {
    if (bucket.take(now)) continue
    bucket.give(i)
    return false
  }
  return true
}

export function costOf(name: string): number {
  const isDense = name
    .split('.')
    .some((label) => label.length >= LONG_LABEL && bitsOf(label) >= DENSE_BITS)
  return name.length * (isDense ? DENSE_COST : 1)
}

/** Shannon's entropy of its characters. */
function bitsOf(label: string): number {
  const counts = new Map<string, number>()
  for (const character of label) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values())
    bits -= (count / label.length) * Math.log2(count / label.length)
  return bits
}
