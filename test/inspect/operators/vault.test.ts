/** Tokens that several processes know: none leads to two values, and what is told is bounded as what is issued. */

import { describe, expect, test } from 'vitest'
import { deriveAgentKeys } from '../../../src/inspect/operators/keys.ts'
import {
  createVault,
  type Kept,
  VAULT_LIMITS,
  type VaultLimits,
} from '../../../src/inspect/operators/vault.ts'

function open(limits: Partial<VaultLimits> = {}, now: () => number = () => 0) {
  const told: Kept[] = []
  const keys = (agent: string) => deriveAgentKeys(Buffer.alloc(32), agent)
  const vault = createVault(keys, { ...VAULT_LIMITS, ...limits }, now, (kept) => told.push(kept))
  return { ...vault, told }
}

const MAIL = 'anna@example.org'

describe('several processes', () => {
  test('what one issues leads back in another, for the same agent', () => {
    const one = open()
    const other = open()
    const token = one.for('a').issue('email', MAIL) ?? ''
    expect(one.told).toEqual([{ agent: 'a', token, type: 'email', value: MAIL }])
    for (const kept of one.told) other.take(kept)
    expect(other.for('a').lookUp(token)).toBe(MAIL)
    expect(other.for('b').lookUp(token)).toBeNull()
    expect(other.for('a').issue('email', MAIL)).toBe(token)
    expect(other.for('a').hasHead('PII_EMAIL_')).toBe(true)
    // Whoever has heard of it does not tell it again.
    expect(other.told).toEqual([])
  })

  test('one that is given to two values leads to none, and neither value gets it again', () => {
    const one = open()
    const token = one.for('a').issue('email', MAIL) ?? ''
    one.take({ agent: 'a', token, type: 'email', value: 'bob@example.org' })
    expect(one.for('a').lookUp(token)).toBeNull()
    const longer = one.for('a').issue('email', MAIL)
    expect(longer).not.toBe(token)
    expect(one.for('a').lookUp(longer ?? '')).toBe(MAIL)
    // Also where that is heard of later.
    const other = open()
    for (const kept of one.all()) other.take(kept)
    expect(other.for('a').lookUp(token)).toBeNull()
    expect(other.for('a').lookUp(longer ?? '')).toBe(MAIL)
    other.take({ agent: 'a', token, type: 'email', value: MAIL })
    expect(other.for('a').lookUp(token)).toBeNull()
  })

  test('what is used is told again before the others let it go', () => {
    let at = 0
    const one = open({ ttl: 100 }, () => at)
    const other = open({ ttl: 100 }, () => at)
    const token = one.for('a').issue('email', MAIL) ?? ''
    for (; at < 1000; at += 30) {
      for (const kept of one.told.splice(0)) other.take(kept)
      expect(one.for('a').issue('email', MAIL)).toBe(token)
    }
    expect(other.for('a').lookUp(token)).toBe(MAIL)
    at += 250
    expect(other.for('a').lookUp(token)).toBeNull()
  })

  test('what is told is bounded', () => {
    const one = open()
    for (let i = 0; i < 1000; i++) one.for(`agent ${i % 50}`).issue('email', `a${i}@example.org`)
    const other = open({ values: 10, agents: 20, total: 100 })
    for (const kept of one.told) other.take(kept)
    expect([...other.all()].length).toBeLessThanOrEqual(100)
    expect(new Set([...other.all()].map(({ agent }) => agent)).size).toBeLessThanOrEqual(20)
  })
})
