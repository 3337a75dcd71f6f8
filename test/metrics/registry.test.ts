/** The text of /metrics, as scrapers read it. */

import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createOwnRegistry, expose } from '../../src/metrics/registry.ts'

test('a value that is not a number yet is written as the format wants it', async () => {
  const read = () => [{ value: Number.NaN }, { labels: { of: ' Nan' }, value: 1 }]
  const registry = createOwnRegistry([{ name: 'mean', help: 'a mean', type: 'gauge', read }])
  const { type, text } = await expose(registry)
  expect(type).toBe(Registry.PROMETHEUS_CONTENT_TYPE)
  expect(text.split('\n').filter((line) => line.startsWith('mean'))).toEqual([
    'mean NaN',
    'mean{of=" Nan"} 1',
  ])
})
