/** The text of /metrics, as scrapers read it. */

import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { CountingMeter } from '../../src/metrics/meter.ts'
import { createOwnRegistry, createRegistry, expose } from '../../src/metrics/registry.ts'

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

async function redactionLines(meter: CountingMeter): Promise<readonly string[]> {
  const { text } = await expose(createRegistry(meter, []))
  return text.split('\n').filter((line) => line.startsWith('cordon_redactions_total'))
}

test('what was taken out is counted by direction and kind', async () => {
  const meter = new CountingMeter()
  expect(await redactionLines(meter)).toEqual([])
  meter.redacted('out', 'iban', 2)
  meter.redacted('in', 'iban', 1)
  meter.redacted('out', 'email', 1)
  meter.redacted('out', 'iban', 3)
  expect(await redactionLines(meter)).toEqual([
    'cordon_redactions_total{direction="out",type="iban"} 5',
    'cordon_redactions_total{direction="out",type="email"} 1',
    'cordon_redactions_total{direction="in",type="iban"} 1',
  ])
})

test('kinds that nobody could have named do not make the text endless', async () => {
  const meter = new CountingMeter()
  for (let i = 0; i < 5_000; i++) meter.redacted('out', `kind-${i}`, 1)
  meter.redacted('out', 'kind-0', 1)
  const lines = await redactionLines(meter)
  expect(lines).toHaveLength(1_001)
  expect(lines[0]).toBe('cordon_redactions_total{direction="out",type="kind-0"} 2')
  expect(lines.at(-1)).toBe('cordon_redactions_total{direction="out",type="other"} 4000')
})
