/** /metrics after real calls: every number that is there can be told from what was done. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

/** Names with their labels, as written, to values. */
async function read(): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const text = await response.text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines) {
    expect(line).toMatch(
      /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-z_]+="[^"\n]*",?)*\})? (NaN|[+-]?(Inf|[\d.e+-]+))$/,
    )
  }
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1).replace('+Inf', 'Infinity'))]
    }),
  )
}

describe.skipIf(missing(program('curl', '--version')))('metrics', () => {
  test('flows by placement, action and outcome; bytes; stages; sizes', async () => {
    const before = await read()
    const url = (host: string) => `https://${host}:${lab.https.port}/`
    await curl(lab.proxy, '--http1.1', url('api.de.test'), url('api.de.test'), '-d', 'hello')
    await curl(lab.proxy, '--http1.1', url('api.us.test'))
    await curl(lab.proxy, '--http1.1', url('api.unknown.test'))
    await lab.proxy.settled(4)
    const after = await read()
    const grew = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    const flows = (placement: string, action: string, outcome: string) =>
      grew(`cordon_flows_total{placement="${placement}",action="${action}",outcome="${outcome}"}`)
    expect(flows('inside', 'allow', 'forwarded')).toBe(2)
    expect(flows('outside', 'block', 'blocked')).toBe(1)
    expect(flows('unknown', 'hold', 'blocked')).toBe(1)
    const [row] = lab.proxy.query<{ o: number; i: number }>(
      'SELECT sum(bytes_out) AS o, sum(bytes_in) AS i FROM flows',
    )
    expect(grew('cordon_bytes_total{direction="out"}')).toBe(row?.o)
    expect(grew('cordon_bytes_total{direction="in"}')).toBe(row?.i)
    for (const [stage, count] of [
      ['decision', 4],
      ['upstream', 2],
      ['dial', 1],
      ['tls', 1],
    ] as const) {
      expect(grew(`cordon_stage_seconds_count{stage="${stage}"}`), stage).toBe(count)
      expect(grew(`cordon_stage_seconds_bucket{le="+Inf",stage="${stage}"}`), stage).toBe(count)
      expect(grew(`cordon_stage_seconds_sum{stage="${stage}"}`), stage).toBeGreaterThan(0)
    }
    expect(grew('cordon_stage_seconds_count{stage="dns"}')).toBeGreaterThanOrEqual(3)
    expect(grew('cordon_leaves_minted_total')).toBe(3)
    expect(after.get('cordon_cache_entries{cache="names"}')).toBe(3)
    expect(after.get('cordon_audit_healthy')).toBe(1)
    expect(
      [...after.keys()].some((key) =>
        /^cordon_policy_info\{digest="[0-9a-f]{64}",mode="enforce"\}$/.test(key),
      ),
    ).toBe(true)
    expect(after.get('cordon_data_age_seconds{source="dbip-country"}')).toBeGreaterThan(0)
    expect(after.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  })

  test('a failed handshake with a client is an event', async () => {
    const name = 'cordon_events_total{event="client-tls-failed"}'
    const before = (await read()).get(name) ?? 0
    const args = ['--http1.1', '--cacert', `${lab.dir}/root.pem`]
    const { code } = await curl(lab.proxy, ...args, `https://api.de.test:${lab.https.port}/`)
    expect(code).toBe(60)
    await lab.proxy.settled(5)
    expect((await read()).get(name)).toBe(before + 1)
  })
})

test('nothing but GET is answered', async () => {
  const response = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`, {
    method: 'POST',
  })
  expect(response.status).toBe(405)
})
