/** Data in names of hosts: a tunnel ends soon, and those who call many hosts do not notice. */

import { expect, test } from 'vitest'
import { parseHost } from '../../../src/model/authority.ts'
import { DEFAULT_LIMITS } from '../../../src/proxy/limits/limits.ts'
import { costOf, NameBudget } from '../../../src/proxy/limits/name-budget.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const data = () =>
  Array.from({ length: 50 }, () => ALPHABET[Math.floor(Math.random() * 32)]).join('')

function host(name: string) {
  const parsed = parseHost(name)
  return 'value' in parsed ? parsed.value : expect.fail(name)
}

const LIMITS = {
  client: {
    burst: DEFAULT_LIMITS.namesPerClient,
    perSecond: DEFAULT_LIMITS.namesPerClientPerSecond,
  },
  parent: {
    burst: DEFAULT_LIMITS.namesPerParent,
    perSecond: DEFAULT_LIMITS.namesPerParentPerSecond,
  },
}

const takes = (budget: NameBudget, client: string, name: string, now = 0) =>
  budget.take(client, host(name), now) === null

test('names of hosts cost their length, names that look like data eight times that', () => {
  expect(costOf('api.eu-central-1.amazonaws.com')).toBe(30)
  const name = `${data()}.t.example`
  expect(costOf(name)).toBe(8 * name.length)
})

test('a thousand hosts pass at once, also under one parent, and addresses cost nothing', () => {
  const budget = new NameBudget(LIMITS)
  for (let i = 0; i < 1_000; i++) {
    expect(takes(budget, 'a', `bucket-${i}.s3.amazonaws.com`)).toBe(true)
    expect(takes(budget, 'a', `api.host-${i}.example`)).toBe(true)
    expect(takes(budget, 'a', `10.0.${i >> 8}.${i & 255}`)).toBe(true)
  }
})

test('a tunnel ends soon, and only for the client that digs it; names from before go on', () => {
  const budget = new NameBudget(LIMITS)
  expect(takes(budget, 'a', 'api.t.example')).toBe(true)
  let sent = 0
  for (let i = 0; i < 1_000; i++) {
    const label = data()
    if (takes(budget, 'a', `${label}.t.example`)) sent += label.length
  }
  expect(sent).toBeLessThan(4_096)
  expect(takes(budget, 'a', 'api.t.example')).toBe(true)
  expect(takes(budget, 'b', `${data()}.t.example`)).toBe(true)
  // A few bytes a second, for as long as it likes.
  let later = 0
  for (let second = 1; second <= 600; second++) {
    for (let i = 0; i < 5; i++) {
      const label = data()
      if (takes(budget, 'a', `${label}.t.example`, second * 1_000)) later += label.length
    }
  }
  expect(later / 600).toBeLessThan(10)
})
