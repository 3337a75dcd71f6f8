/** Where calls go and why, through the proxy: several addresses, the request’s own words, and what is on record of it. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cordon } from '../cli/cordon.ts'
import { curl } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'

const MIXED = { 'mixed.test': { A: ['127.0.0.20', '127.0.0.10', '127.0.0.11'] } }

describe('a name with addresses inside and outside', () => {
  test('steer: only those inside are dialled, and the others are on record', async () => {
    await using lab = await openLab({ records: MIXED })
    for (let i = 0; i < 8; i++) {
      const url = `http://mixed.test:${lab.http.port}/${i}`
      expect((await curl(lab.proxy, '-H', 'Connection: close', url)).status).toBe(200)
    }
    await lab.proxy.settled(8)
    for (const flow of lab.proxy.flows()) {
      expect(['127.0.0.10', '127.0.0.11']).toContain(flow.dialed_ip)
      expect(JSON.parse(flow.regions)).toEqual(['DE', 'FR'])
      expect(flow.placement).toBe('inside')
      const pieces = JSON.parse(flow.evidence) as { address: string; discarded: string | null }[]
      const dropped = pieces.filter(({ address }) => address === '127.0.0.20')
      expect(dropped.length).toBeGreaterThan(0)
      for (const { discarded } of dropped) expect(discarded).toContain('not dialled')
    }
  })

  test('steer: there is no way back to an address that was dropped', async () => {
    // Nobody listens on the German address; the American one would answer.
    await using lab = await openLab({
      http: { address: '127.0.0.20' },
      records: { 'mixed.test': { A: ['127.0.0.10', '127.0.0.20'] } },
    })
    const { status } = await curl(lab.proxy, `http://mixed.test:${lab.http.port}/`)
    expect(status).toBe(502)
    expect(lab.http.seen).toEqual([])
    expect(await lab.proxy.settled(1)).toMatchObject({
      outcome: 'failed',
      error: 'connect-refused',
    })
  })

  test.each([
    ['strict', 'outside', 'block', 403],
    ['any', 'straddling', 'hold', 503],
  ])('%s: %s', async (answers, placement, action, status) => {
    await using lab = await openLab({
      records: MIXED,
      dns: { answers },
    })
    expect((await curl(lab.proxy, `http://mixed.test:${lab.http.port}/`)).status).toBe(status)
    expect(await lab.proxy.settled(1)).toMatchObject({
      placement,
      action,
      regions: '["DE","FR","US"]',
    })
  })
})

describe('what is known of hosts, and what requests say', () => {
  const HOSTS = [
    'api.openai.com',
    'eu.api.openai.com',
    'api.anthropic.com',
    'bedrock-runtime.eu-central-1.amazonaws.com',
    's3.eu-west-2.amazonaws.com',
    's3.eu-central-1.amazonaws.com.evil.test',
    'management.azure.com',
  ]
  const lab = () =>
    openLab({
      records: Object.fromEntries(HOSTS.map((host) => [host, { A: ['127.0.0.10'] }])),
      config: `
home: [EEA, CH]
destinations: [{ cidr: 127.0.0.0/8, because: a lab without declared places }]
rules:
  - { id: nothing-abroad, because: residency, when: { creates: [outside, unknown] }, then: block }
`,
    })
  const json = ['-H', 'Content-Type: application/json', '-d']
  const BEDROCK = 'https://bedrock-runtime.eu-central-1.amazonaws.com'

  test('each call by what it says', async () => {
    await using here = await lab()
    const call = async (url: string, ...args: string[]) => {
      const { port } = here.https
      const [, origin = '', path = ''] = /^(https:\/\/[^/]+)(.*)$/.exec(url) ?? []
      const { status, body } = await curl(here.proxy, ...args, `${origin}:${port}${path || '/'}`)
      const flow = await here.proxy.settled(here.proxy.flows().length)
      return { status, body, flow, placement: flow.placement }
    }
    const messages = 'https://api.anthropic.com/v1/messages'
    const body = (geo: string) => `{"model":"claude-opus-4-6"${geo},"messages":[]}`

    expect(await call('https://eu.api.openai.com/v1/models')).toMatchObject({ status: 200 })
    const global = await call('https://api.openai.com/v1/models')
    expect(global).toMatchObject({ status: 503, placement: 'straddling' })
    expect(JSON.parse(global.body).next).toContain('use eu.api.openai.com')
    expect(JSON.parse(global.flow.regions)).toEqual(['*'])

    expect(await call(messages, ...json, body(''))).toMatchObject({ placement: 'straddling' })
    expect(await call(messages, ...json, body(',"inference_geo":"us"'))).toMatchObject({
      placement: 'outside',
    })
    // The same key twice: nobody knows which one counts.
    const twice = body(',"inference_geo":"us","inference_geo":"global"')
    expect(await call(messages, ...json, twice)).toMatchObject({ placement: 'straddling' })
    // A long conversation before it, in chunks, from a client that waits for leave to send it.
    const send = async (text: string, ...args: string[]) => {
      const file = join(here.dir, 'body.json')
      await writeFile(file, text)
      return await call(messages, ...json, `@${file}`, ...args)
    }
    const long = 'x'.repeat(300_000)
    const chunked = ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue']
    expect(await send(`{"messages":"${long}","inference_geo":"us"}`, ...chunked)).toMatchObject({
      placement: 'outside',
    })
    // Behind what is looked at, it has not been said.
    const hidden = 'x'.repeat(4_300_000)
    expect(await send(`{"messages":"${hidden}","inference_geo":"us"}`)).toMatchObject({
      placement: 'straddling',
    })

    const invoke = (model: string) =>
      call(`${BEDROCK}/model/${encodeURIComponent(model)}/invoke`, ...json, '{}')
    expect(await invoke('anthropic.claude-sonnet-4-v1:0')).toMatchObject({ status: 200 })
    // Which regions a profile reaches differs by model; London is one of them that begins with `eu`.
    const profile = await invoke('eu.anthropic.claude-sonnet-4-v1:0')
    expect(profile.placement).toBe('straddling')
    expect(JSON.parse(profile.flow.regions)).toContain('GB')
    expect(await invoke('global.anthropic.claude-sonnet-4-v1:0')).toMatchObject({
      placement: 'straddling',
    })

    expect(await call('https://s3.eu-west-2.amazonaws.com/b/k')).toMatchObject({
      placement: 'outside',
    })
    expect(await call('https://s3.eu-central-1.amazonaws.com.evil.test/b/k')).toMatchObject({
      placement: 'unknown',
    })

    const arm =
      'https://management.azure.com/subscriptions/s/resourceGroups/g/providers/P.q/r/n?api-version=1'
    const abroad = await call(arm, '-X', 'PUT', ...json, '{"location":"eastus"}')
    expect(JSON.parse(abroad.body).code).toBe('rule-nothing-abroad')

    // Looked at again, each is where it was: what the request said is taken as it was recorded.
    expect((await call('https://us.api.openai.com/v1/models')).status).toBe(502)
    for (const { id, regions, action, dialed_ip: ip, error } of here.proxy.flows()) {
      const { out } = await cordon(here.dir, ['explain', '--flow', String(id), '--json'])
      const again = JSON.parse(out) as Record<string, unknown>
      const today =
        error === 'dns-not-found' ? null : { regions: JSON.parse(regions) as string[], action }
      expect({ id, ip, ...again }).toMatchObject({ consistent: true, today })
    }

    // What was refused never reached the origin; what passed reached it whole.
    expect(here.https.seen.filter((line) => line.includes('/v1/messages'))).toEqual([])
  })
})
