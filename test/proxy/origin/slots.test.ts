/** Who may open a connection to an origin, and who waits: never more than allowed, in turn, and nobody is forgotten. */

import { expect, test } from 'vitest'
import { type Asking, OriginSlots, type Turn } from '../../../src/proxy/origin/slots.ts'

const NEVER = new AbortController().signal

function make(all: number, perAuthority: number) {
  const wanted: (string | null)[] = []
  const limits = { originConnections: all, originConnectionsPerAuthority: perAuthority }
  const slots = new OriginSlots({ limits, makeRoom: (authority) => wanted.push(authority) })
  const told: string[] = []
  const ask = (name: string, authority: string, changes: Partial<Asking> = {}) => {
    const asking = { authority, key: authority, patience: 10_000, signal: NEVER, ...changes }
    const turn = slots.acquire(asking)
    const tell = (one: Turn) => told.push(`${name}: ${typeof one === 'string' ? one : one.code}`)
    if (turn instanceof Promise) turn.then(tell)
    else tell(turn)
  }
  return { slots, ask, told, wanted, settle: () => new Promise(setImmediate) }
}

test('in turn, for one authority', async () => {
  const { slots, ask, told, wanted, settle } = make(9, 1)
  for (const name of ['1', '2', '3']) ask(name, 'a')
  ask('other', 'b')
  expect(told).toEqual(['1: granted', 'other: granted'])
  expect(wanted).toEqual(['a', 'a'])
  slots.release('a')
  await settle()
  slots.release('a')
  await settle()
  expect(told.slice(2)).toEqual(['2: granted', '3: granted'])
  expect(slots).toMatchObject({ total: 2, waiting: 0 })
})

test('in turn, for all of them', async () => {
  const { slots, ask, told, wanted, settle } = make(2, 9)
  for (const name of ['a', 'b', 'c', 'd']) ask(name, name)
  expect(wanted).toEqual([null, null])
  slots.release('a')
  await settle()
  // Who comes while others wait does not overtake them.
  ask('e', 'e')
  slots.release('b')
  slots.release('c')
  await settle()
  expect(told).toEqual(['a: granted', 'b: granted', 'c: granted', 'd: granted', 'e: granted'])
})

test('one that is free again is for who may share it; else its place is', async () => {
  const { slots, ask, told, settle } = make(9, 1)
  ask('1', 'a')
  ask('stranger', 'a', { key: 'another' })
  ask('own', 'a', { key: 'mine' })
  ask('tunnel', 'a', { key: null })
  expect(slots.offer('a', 'mine')).toBe(true)
  await settle()
  expect(told).toEqual(['1: granted', 'own: reuse'])
  expect(slots.offer('a', 'mine')).toBe(false)
  expect(slots.offer('b', 'mine')).toBe(true)
})

test('nobody waits for ever, and who is gone does not wait', async () => {
  const { slots, ask, told, settle } = make(2, 1)
  ask('1', 'a')
  ask('2', 'b')
  ask('busy', 'a', { patience: 20 })
  ask('full', 'c', { patience: 20 })
  ask('at once', 'c', { patience: 0 })
  const abort = new AbortController()
  ask('gone', 'a', { signal: abort.signal })
  abort.abort()
  ask('gone before', 'a', { signal: abort.signal })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await settle()
  const want = ['busy: origin-busy', 'full: origins-exceeded', 'at once: origins-exceeded']
  expect(told.slice(2).sort()).toEqual(
    [...want, 'gone: connect-reset', 'gone before: connect-reset'].sort(),
  )
  expect(slots.waiting).toBe(0)
})

test('whatever happens, never too many, and none is lost', async () => {
  const { slots, ask, told, settle } = make(5, 2)
  const open: string[] = []
  let asked = 0
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const takeIn = () => {
    for (const line of told.splice(0)) open.push(line.charAt(0))
    const counts = Map.groupBy(open, (authority) => authority)
    for (const [, { length }] of counts) expect(length).toBeLessThanOrEqual(2)
    expect(open.length).toBeLessThanOrEqual(5)
    expect(slots.total).toBe(open.length)
  }
  for (let step = 0; step < 3_000; step++) {
    if (asked < 1_000 && random(2) === 0) {
      const authority = 'abcdefg'.charAt(random(7))
      ask(authority, authority)
      asked++
    } else if (open.length > 0) {
      const [authority = ''] = open.splice(random(open.length), 1)
      slots.release(authority)
    }
    await settle()
    takeIn()
  }
  while (open.length > 0) {
    slots.release(open.pop() ?? '')
    await settle()
    takeIn()
  }
  expect(slots).toMatchObject({ total: 0, waiting: 0 })
})
