/** `cordon replay`: calls that a real proxy has recorded, before another policy. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RecordedContext } from '../../src/audit/read.ts'
import { Tally } from '../../src/cli/replay/tally.ts'
import { write } from '../config/support.ts'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { verdict } from '../support/nouns.ts'
import { cordon } from './cordon.ts'

const PLACES = `
destinations:
  - { cidr: 127.0.0.10/32, region: [DE], because: lab in Germany }
  - { cidr: 127.0.0.20/32, region: [US], because: lab in the United States }
  - { cidr: 127.0.0.30/32, region: [IE, US], because: lab in either }
`
const CONFIG = `
home: EEA
hold: { wait: 50ms }
agents: [{ id: ci, match: { source: 127.0.0.1 }, groups: [runners] }]
rules: [rules.yaml]
intercept: { never: [alias.test] }
${PLACES.replace('destinations:', 'destinations:\n  - { cidr: 127.0.0.50/32, because: a lab at Amazon }')}`
const RULES =
  'version: 1\nrules: [{ id: no-exports, because: b, when: { host: api.de.test, path: /export }, then: block }]\n'

const SCOPE = 'AKIDEXAMPLE/20261129/eu-west-1/s3/aws4_request'
const SIGNED = `Authorization: AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=host, Signature=${'0'.repeat(64)}`

let lab: Lab
beforeAll(async () => {
  lab = await openLab({
    config: CONFIG,
    files: { 'rules.yaml': RULES },
    records: {
      'both.test': { A: ['127.0.0.10', '127.0.0.20'] },
      's3.eu-west-1.amazonaws.com': { A: ['127.0.0.50'] },
      'missing.test': {},
    },
  })
  const calls: readonly (readonly string[])[] = [
    ['api.de.test', '/v1/x'],
    ['api.de.test', '/v1/x'],
    ['api.de.test', '/v1/y', '-X', 'POST', '-d', 'hello'],
    ['api.de.test', '/export'],
    ['api.us.test', '/v1/x'],
    ['api.mixed.test', '/v1/x'],
    ['both.test', '/v1/x'],
    ['s3.eu-west-1.amazonaws.com', '/bucket', '-X', 'PUT', '-H', SIGNED],
    ['private.test', '/'],
    ['missing.test', '/'],
  ]
  for (const [host, path, ...args] of calls) {
    await curl(lab.proxy, ...args, `https://${host}:${lab.https.port}${path}`)
  }
  // Nobody looks into this one.
  await curl(lab.proxy, '-k', `https://alias.test:${lab.https.port}/v1/x`)
  await lab.proxy.settled(calls.length + 1)
}, 60_000)
afterAll(() => lab[Symbol.asyncDispose]())

interface Line {
  readonly agent: string
  readonly host: string
  readonly from: string
  readonly to: string
  readonly rule: string | null
  readonly placement: string
  readonly calls: number
  readonly bytes_out: number
  readonly bytes_in: number
}

interface Answer {
  readonly calls: number
  readonly left_out: number
  readonly totals: readonly Line[]
  readonly changes: readonly Line[]
  readonly notes: readonly string[]
}

async function replay(...args: string[]): Promise<Answer> {
  const { code, out, err } = await cordon(lab.dir, ['replay', '--json', ...args])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

/** `calls host: from -> to by`, sorted. */
function changed({ changes }: Answer): readonly string[] {
  return changes
    .map(({ calls, host, from, to, rule, placement }) => {
      return `${calls} ${host}: ${from} -> ${to} by ${rule ?? placement}`
    })
    .sort()
}

test('the policy as it was changes nothing', async () => {
  const answer = await replay()
  expect(answer).toMatchObject({ calls: 10, left_out: 1, changes: [] })
  expect(answer.totals.map(({ from, to, calls }) => [from, to, calls])).toEqual([
    ['allow', 'allow', 6],
    ['block', 'block', 3],
    ['hold', 'hold', 1],
  ])
})

describe('another policy', () => {
  const files = (name: string, text: string) => {
    write(lab.dir, { [name]: `version: 1\n${text}\n` })
    return ['--rules', name]
  }

  test('another home', async () => {
    expect(changed(await replay('--home', 'US'))).toEqual([
      '1 alias.test: allow -> block by outside',
      '1 api.us.test: block -> allow by inside',
      // Only the bucket it creates might be there.
      '1 s3.eu-west-1.amazonaws.com: allow -> block by outside',
      '3 api.de.test: allow -> block by outside',
    ])
  })

  test('rules by method and path, and what nobody could see', async () => {
    const answer = await replay(
      ...files(
        'r1.yaml',
        'rules: [{ id: no-x, because: b, when: { path: /v1/x, agent: ci }, then: block }]',
      ),
    )
    expect(changed(answer)).toEqual([
      // In place of the rules that were: exports are allowed again.
      '1 alias.test: allow -> block by no-x',
      '1 api.de.test: block -> allow by inside',
      '1 api.mixed.test: hold -> block by no-x',
      '1 both.test: allow -> block by no-x',
      '2 api.de.test: allow -> block by no-x',
    ])
    const [line] = answer.changes
    expect(line).toMatchObject({ host: 'api.de.test', agent: 'ci', calls: 2 })
    const seen = lab.proxy.query<{ bytes_out: number; bytes_in: number }>(
      "SELECT sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in FROM flows WHERE host = 'api.de.test' AND path = '/v1/x'",
    )
    expect(line).toMatchObject({ ...seen[0] })
    expect(line?.bytes_out).toBeGreaterThan(0)
  })

  test('what requests create, and groups of the agent', async () => {
    const rules = `rules:
  - { id: no-buckets, because: b, when: { creates: straddling, group: runners }, then: hold }
  - { id: no-exports, because: b, when: { host: api.de.test, path: /export }, then: block }`
    expect(changed(await replay(...files('r2.yaml', rules)))).toEqual([
      '1 alias.test: allow -> hold by no-buckets',
      '1 s3.eu-west-1.amazonaws.com: allow -> hold by no-buckets',
    ])
  })

  test('the way there: where the addresses lie', async () => {
    const rules = `rules:
  - { id: no-way, because: b, when: { placement: inside, transit: [outside, unknown] }, then: block }
  - { id: no-exports, because: b, when: { host: api.de.test, path: /export }, then: block }`
    expect(changed(await replay(...files('r3.yaml', rules)))).toEqual([
      '1 s3.eu-west-1.amazonaws.com: allow -> block by no-way',
    ])
  })

  test('declarations count anew, also for addresses inside', async () => {
    const config = `version: 1
home: EEA
rules: [rules.yaml]
destinations:
  - { cidr: 127.0.0.10/32, region: [US] }
  - { cidr: 127.0.0.20/32, region: [US] }
  - { cidr: 127.0.0.30/32, region: [IE] }
  - { cidr: 127.0.0.50/32, region: [IE] }
  - { cidr: 10.0.0.0/8, region: [DE] }
  - { host: api.us.test, allowed: [US] }
`
    write(lab.dir, { 'other.yaml': config })
    expect(changed(await replay('--config', 'other.yaml'))).toEqual([
      '1 alias.test: allow -> block by outside',
      '1 api.mixed.test: hold -> allow by inside',
      '1 api.us.test: block -> allow by inside',
      // Both of its addresses are in the United States now.
      '1 both.test: allow -> block by outside',
      '1 private.test: block -> allow by inside',
      '3 api.de.test: allow -> block by outside',
    ])
  })

  test('of several addresses those inside would be used, and what was dropped may be used again', async () => {
    expect(changed(await replay('--home', 'US'))).not.toContainEqual(
      expect.stringContaining('both.test'),
    )
    const config = `version: 1\nhome: EEA\ndns: { answers: strict }\nrules: [rules.yaml]\n${CONFIG.slice(CONFIG.indexOf('destinations:'))}`
    write(lab.dir, { 'strict.yaml': config })
    expect(changed(await replay('--config', 'strict.yaml'))).toEqual([
      '1 both.test: allow -> block by outside',
    ])
  })

  test('rules that are only observed change nothing, and are counted', async () => {
    const answer = await replay(
      ...files(
        'r4.yaml',
        `rules:
  - { id: no-exports, because: b, when: { host: api.de.test, path: /export }, then: block }
  - { id: trial, because: b, when: { host: api.de.test, path: /v1/x }, then: hold, mode: observe }`,
      ),
    )
    expect(answer.changes).toEqual([])
    expect(answer.notes).toContainEqual(
      '2 calls: rules that are only observed would change them, and do not',
    )
  })

  test('with a mistake: 3, with its place', async () => {
    const [, name = ''] = files('bad.yaml', 'rules: [{ id: x }]')
    const { code, out, err } = await cordon(lab.dir, ['replay', '--rules', name])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain('cordon: error: bad.yaml:2:9: `because` is missing')
  })

  test.each([
    [['--since', 'yesterday'], '`yesterday` is not a time'],
    [['--rules', 'none.yaml'], 'none.yaml: there is no such file'],
    [['--data', 'elsewhere'], 'audit.db'],
  ])('%j: 3', async (args, message) => {
    const { code, out, err } = await cordon(lab.dir, ['replay', ...args])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain(message)
  })
})

test('nothing that is older than asked', async () => {
  expect(await replay('--since', '2090-01-01')).toMatchObject({ calls: 0, totals: [] })
})

test('in words', async () => {
  const { code, out, err } = await cordon(lab.dir, ['replay', '--home', 'US', '--since', '1h'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const [head, first, ...rest] = out.trimEnd().split('\n')
  expect(head).toMatch(/^CALLS {2}OUT +IN +WAS +WOULD BE +AGENT +HOST +BY$/)
  expect(first).toMatch(/^3 +\d.* +allow +block +ci +api\.de\.test +outside$/)
  expect(rest.join('\n')).toMatch(/^6 of 10 calls since \S+ would have been decided otherwise$/m)
  expect(rest.join('\n')).toMatch(/^ {2}allow -> block: 5 calls, \S+ \S+ out, \S+ \S+ in$/m)
  expect(rest).toContain(
    'note: left out: 1 call, refused before it was known where they go, or whatever the policy says',
  )
  expect(rest.filter((line) => line.startsWith('note: ')).length).toBeGreaterThan(2)
})

test('whatever was called, what is kept is bounded, and the totals stay right', () => {
  const tally = new Tally()
  const call = {
    id: 1,
    at: 0,
    context: 1,
    method: null,
    path: null,
    protocol: '',
    error: null,
    kinds: null,
  }
  for (let i = 0; i < 10_005; i++) {
    const context: RecordedContext = {
      mode: 'connect',
      client_ip: '192.0.2.1',
      agent: 'a',
      groups: [],
      scheme: 'https',
      host: `h${i}.test`,
      port: 443,
      evidence: [],
      action: 'allow',
      inspection: 'headers',
    }
    const to = verdict({ action: 'block', placement: 'outside' })
    tally.add({ ...call, bytes_out: 2, bytes_in: 3 }, context, to)
    if (i < 2) tally.add({ ...call, bytes_out: 2, bytes_in: 3 }, context, to)
  }
  expect(tally.changes).toHaveLength(10_000)
  expect(tally.changes.slice(0, 3)).toMatchObject([
    { host: 'h0.test', calls: 2, bytesOut: 4, bytesIn: 6 },
    { host: 'h1.test', calls: 2 },
    { calls: 1 },
  ])
  expect(tally.unlisted).toBe(5)
  expect(tally.totals).toEqual([
    { from: 'allow', to: 'block', calls: 10_007, bytesOut: 20_014, bytesIn: 30_021 },
  ])
})
