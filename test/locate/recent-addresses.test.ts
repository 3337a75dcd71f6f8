import { expect, test } from 'vitest'
import { RecentAddresses } from '../../src/locate/recent-addresses.ts'
import { ip } from '../support/nouns.ts'

const HOUR = 3_600_000
const texts = (all: readonly { readonly text: string }[]) => all.map(({ text }) => text)

test('an address of an earlier answer counts for an hour after it was last in one', () => {
  const recent = new RecentAddresses(10)
  expect(recent.take('a.test', [ip('9.9.9.1')], 0)).toEqual([])
  expect(texts(recent.take('a.test', [ip('9.9.9.2')], 1))).toEqual(['9.9.9.1'])
  expect(texts(recent.take('a.test', [ip('9.9.9.1')], HOUR - 1))).toEqual(['9.9.9.2'])
  expect(texts(recent.take('a.test', [ip('9.9.9.3')], HOUR + 1))).toEqual(['9.9.9.1'])
  expect(texts(recent.take('b.test', [ip('9.9.9.3')], HOUR + 1))).toEqual([])
})

test('a clock that was set back forgets', () => {
  const recent = new RecentAddresses(10)
  recent.take('a.test', [ip('9.9.9.1')], 1_000)
  expect(recent.take('a.test', [ip('9.9.9.2')], 999)).toEqual([])
})

test('so many addresses of a name, and so many names', () => {
  const recent = new RecentAddresses(2)
  for (let i = 0; i < 100; i++) recent.take('a.test', [ip(`9.9.9.${i}`)], i)
  expect(recent.take('a.test', [], 100)).toHaveLength(64)
  recent.take('b.test', [ip('9.9.9.1')], 100)
  recent.take('c.test', [ip('9.9.9.1')], 100)
  expect(recent.size).toBe(2)
  expect(recent.take('a.test', [], 100)).toEqual([])
})

test('names with many addresses make room sooner', () => {
  const recent = new RecentAddresses(32)
  for (let name = 0; name < 10; name++) {
    for (let i = 0; i < 64; i++) recent.take(`${name}.test`, [ip(`9.9.${name}.${i}`)], i)
  }
  expect(recent.size).toBe(2)
  expect(recent.take('9.test', [], 64)).toHaveLength(64)
  expect(recent.take('0.test', [], 64)).toEqual([])
})
