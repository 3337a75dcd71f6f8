/** What is written as /metrics is read back as it was meant. */

import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { parseExposition } from '../../src/metrics/exposition.ts'
import { createOwnRegistry, expose } from '../../src/metrics/registry.ts'

test('names, labels and values come back', async () => {
  const read = () => [
    { labels: { of: 'a "b" \\ c\nd', and: '' }, value: 1.5 },
    { labels: { of: '}' }, value: Number.POSITIVE_INFINITY },
    { value: Number.NaN },
  ]
  const registry = createOwnRegistry([{ name: 'x', help: 'x', type: 'gauge', read }])
  const { text } = await expose(registry)
  const samples = parseExposition(text) ?? []
  expect(samples.filter(({ name }) => name === 'x')).toEqual([
    { name: 'x', labels: { of: 'a "b" \\ c\nd', and: '' }, value: 1.5 },
    { name: 'x', labels: { of: '}' }, value: Number.POSITIVE_INFINITY },
    { name: 'x', labels: {}, value: Number.NaN },
  ])
  // Those that prom-client adds by itself.
  expect(samples.length).toBeGreaterThan(20)
  expect(new Registry().contentType).toContain('0.0.4')
})

test.each(['<html>', 'x{a=1} 2', 'x{a="1} 2', 'x', 'x 1 2 3'])('%j is not', (text) => {
  expect(parseExposition(text)).toBe(null)
})
