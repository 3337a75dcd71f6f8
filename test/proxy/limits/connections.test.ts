import { describe, expect, test } from 'vitest'
import { ConnectionCounts, sumUsage } from '../../../src/proxy/limits/connections.ts'

const OF = (connectionsPerClient: number, connections = 1_000) => ({
  connectionsPerClient,
  connections,
})

describe('connections of one client at several processes', () => {
  test.each([
    [4, 2],
    [64, 32],
    [1_000, 500],
  ])('a limit of %i is reached with %i at each of two', (limit, each) => {
    const [a, b] = [
      new ConnectionCounts(OF(limit, 10_000)),
      new ConnectionCounts(OF(limit, 10_000)),
    ]
    for (let i = 0; i < each; i++) {
      expect(a.open('192.0.2.1')).toBeNull()
      expect(b.open('192.0.2.1')).toBeNull()
      b.takeElsewhere(structuredClone(sumUsage([a.usage()])))
    }
    expect(b.open('192.0.2.1')).toMatchObject({ code: 'connections-exceeded' })
    expect(b.open('192.0.2.2')).toBeNull()
  })

  test('few of many are not told of', () => {
    const counts = new ConnectionCounts(OF(1_000))
    for (let i = 0; i < 15; i++) counts.open('192.0.2.1')
    expect(counts.usage()).toEqual({ total: 15, clients: [] })
    counts.open('192.0.2.1')
    expect(counts.usage().clients).toEqual([['192.0.2.1', 16]])
  })
})

test('the limit of all counts what others have open', () => {
  const counts = new ConnectionCounts(OF(100, 3))
  counts.takeElsewhere({ total: 2, clients: [] })
  expect(counts.open('192.0.2.1')).toBeNull()
  expect(counts.open('192.0.2.2')).toMatchObject({ code: 'connections-exceeded' })
  counts.close('192.0.2.1')
  counts.close('192.0.2.2')
  expect(counts.total).toBe(0)
  expect(counts.open('192.0.2.3')).toBeNull()
})
