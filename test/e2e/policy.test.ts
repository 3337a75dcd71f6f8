/** Policies on a running proxy: rules, observing, changes while it runs, placement by real country files. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl, runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { writeMmdb } from '../support/mmdb-writer.ts'
import { openNamespace } from '../support/namespace.ts'
import { missing, namespaces, program } from '../support/needs.ts'
import { startProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

describe('rules', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({
      config: `
zones: { nearby: [DE, FR] }
placement: { straddling: block }
rules:
  - { id: reading-the-us, because: contract 12, when: { placement: outside, host: "*.us.test", method: [GET, HEAD] }, then: allow }
  - { id: no-exports, because: they leak, when: { path: ["/export*", "/*/export"] }, then: block }
  - { id: uploads-wait, because: GDPR art. 44, when: { host: api.de.test, method: [PUT] }, then: hold }
  - { id: not-that-port, because: a test, when: { port: 9 }, then: block }
  - { id: france-is-closed, because: a test, when: { zone: FR }, then: block }
`,
    })
  })
  afterAll(() => lab[Symbol.asyncDispose]())

  test.each([
    ['GET', 'api.us.test', '/', 200, null],
    ['POST', 'api.us.test', '/', 403, 'placement-outside'],
    ['GET', 'api.us.test', '/v1/export', 403, 'rule-no-exports'],
    ['GET', 'api.de.test', '/export/all', 403, 'rule-no-exports'],
    ['GET', 'api.de.test', '/%65xport', 403, 'rule-no-exports'],
    ['GET', 'api.de.test', '/x/../export', 403, 'rule-no-exports'],
    ['GET', 'api.de.test', '//export', 403, 'rule-no-exports'],
    ['GET', 'api.de.test', '/reports', 200, null],
    ['PUT', 'api.de.test', '/reports', 503, 'hold-pending'],
    ['put', 'api.de.test', '/reports', 503, 'hold-pending'],
    ['POST', 'api.de.test', '/reports', 503, 'hold-pending', 'X-HTTP-Method-Override: PUT'],
    ['GET', 'api.fr.test', '/', 403, 'rule-france-is-closed'],
    ['GET', 'api.mixed.test', '/', 403, 'placement-straddling'],
  ])('%s %s%s: %i %s', async (method, host, path, status, code, field = 'X-A: b') => {
    const url = `https://${host}:${lab.https.port}${path}`
    const answer = await curl(lab.proxy, '--path-as-is', '-H', field, '-X', method, url)
    expect(answer.status).toBe(status)
    if (code) expect(JSON.parse(answer.body).code).toBe(code)
    const flow = await lab.proxy.settled(lab.proxy.flows().length)
    expect(flow.path).toBe(path)
    expect(flow.action).toBe(code === null ? 'allow' : code.startsWith('hold') ? 'hold' : 'block')
  })
})

test('observing records what would happen, and lets pass; what no policy may allow stays refused', async () => {
  await using lab = await openLab({ args: ['--observe'] })
  expect(lab.proxy.said()).toContain('OBSERVING ONLY')
  expect((await curl(lab.proxy, `https://api.us.test:${lab.https.port}/`)).status).toBe(200)
  expect(await lab.proxy.settled(1)).toMatchObject({
    action: 'block',
    outcome: 'forwarded',
    placement: 'outside',
    would: 'would_block',
  })
  expect((await curl(lab.proxy, `http://private.test:${lab.http.port}/`)).status).toBe(403)
  expect(await lab.proxy.settled(2)).toMatchObject({ outcome: 'blocked', would: null })
})

test('a rule that is only observed changes nothing, is recorded, and its taking up is told', async () => {
  const rule = (mode: string) =>
    `rules: [{ id: trial, because: b, when: { path: /trial }, then: block, mode: ${mode} }]`
  await using lab = await openLab({ config: rule('enforce') })
  const get = async () => {
    const { status } = await curl(lab.proxy, `https://api.de.test:${lab.https.port}/trial`)
    const { action, would } = await lab.proxy.settled(lab.proxy.flows().length)
    return { passes: status === 200, action, would }
  }
  expect(await get()).toEqual({ passes: false, action: 'block', would: null })
  const path = join(lab.dir, 'cordon.yaml')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('mode: enforce', 'mode: observe'))
  await eventually('the change', () => lab.proxy.said().includes('ONLY OBSERVED: rule trial'))
  expect(await get()).toEqual({ passes: true, action: 'allow', would: 'would_block' })
})

test('who decides, and how much may wait, changes without a restart', async () => {
  const people = 'reviewers: [{ id: anna, groups: [dpo] }, { id: carl, groups: [dpo] }]'
  await using lab = await openLab({ config: `hold: { wait: 50ms }\n${people}` })
  const path = join(lab.dir, 'cordon.yaml')
  const text = readFileSync(path, 'utf8')
  const change = async (hold: string) => {
    const before = lab.proxy.said().split('policy reloaded').length
    writeFileSync(path, text.replace('hold: { wait: 50ms }', `hold: { wait: 50ms, ${hold} }`))
    const isTaken = () => lab.proxy.said().split('policy reloaded').length > before
    await eventually('the change', isTaken)
  }
  const get = async (path: string) => {
    const { body } = await curl(lab.proxy, `https://api.unknown.test:${lab.https.port}${path}`)
    const { code, detail } = JSON.parse(body)
    return `${code}: ${detail}`
  }
  expect(await get('/a')).toMatch(/^hold-pending: .* waits until \S+ for 1 of any reviewer/)
  await change('reviewers: dpo, quorum: 2')
  expect(await get('/b')).toMatch(/^hold-pending: .* waits until \S+ for 2 of dpo/)
  await change('max_pending: 2')
  expect(await get('/c')).toMatch(/^hold-exceeded: /)
})

describe('a policy that changes', () => {
  const rules = (home: string) => `version: 1\nhome: ${home}\n`

  test('is in force for the next request; a wrong one is not, and SIGHUP says so at once', async () => {
    await using lab = await openLab({
      config: 'rules: [rules/*.yaml]\ndestinations: [{ cidr: 127.0.0.0/8, region: [US] }]',
      files: { 'rules/a.yaml': rules('EEA') },
    })
    const url = `http://api.de.test:${lab.http.port}/`
    const status = async () => (await curl(lab.proxy, url)).status
    expect(await status()).toBe(403)
    const file = join(lab.dir, 'rules/a.yaml')
    writeFileSync(`${file}.new`, rules('US'))
    renameSync(`${file}.new`, file)
    await eventually('the new policy', async () => (await status()) === 200)
    const digests = new Set(lab.proxy.flows().map((flow) => flow.policy_digest))
    expect(digests.size).toBe(2)

    writeFileSync(file, 'version: 1\nhome: [Atlantis]\n')
    lab.proxy.process.kill('SIGHUP')
    await eventually('the complaint', () => lab.proxy.said().includes('rules/a.yaml:2'))
    expect(lab.proxy.said()).toContain('last good policy stays in force')
    expect(await status()).toBe(200)
    const ofConsole = async (path: string) =>
      (await fetch(`http://127.0.0.1:${lab.proxy.consolePort}${path}`)).text()
    expect(JSON.parse(await ofConsole('/readyz'))).toMatchObject({
      status: 'ready',
      policy: expect.stringContaining('last good policy'),
    })
    expect(await ofConsole('/metrics')).toContain('\ncordon_policy_stale 1\n')
    const actions = lab.proxy.query<{ action: string }>(
      'SELECT action FROM admin_actions ORDER BY id',
    )
    expect(actions.map(({ action }) => action)).toEqual([
      'ca-create',
      'reviewer-token-issue',
      'start',
      'policy-reload',
      'policy-reload-failed',
    ])
    // What it was before: nothing changes, but the files are right again.
    writeFileSync(file, rules('US'))
    lab.proxy.process.kill('SIGHUP')
    await eventually('the files to be right', async () =>
      (await ofConsole('/metrics')).includes('\ncordon_policy_stale 0\n'),
    )
    expect(JSON.parse(await ofConsole('/readyz'))).not.toHaveProperty('policy')
  })

  test('does not reach a pooled connection: no keep-alive crosses a change', async () => {
    await using lab = await openLab({
      config: 'rules: [rules/*.yaml]\ndestinations: [{ cidr: 127.0.0.0/8, region: [DE] }]',
      files: { 'rules/a.yaml': rules('EEA') },
    })
    const url = `http://api.de.test:${lab.http.port}/`
    await curl(lab.proxy, url)
    expect(lab.http.open()).toBe(1)
    writeFileSync(join(lab.dir, 'rules/a.yaml'), rules('[DE, FR]'))
    lab.proxy.process.kill('SIGHUP')
    await eventually('the new policy', () => lab.proxy.said().includes('policy reloaded'))
    await curl(lab.proxy, url)
    expect(lab.http.open()).toBe(2)
  })
})

describe('country files', () => {
  test('of the operator’s own: the union of their answers, unknown when one is silent', async () => {
    const one = writeMmdb({
      ipVersion: 4,
      networks: {
        '127.0.0.10/32': 'DE',
        '127.0.0.11/32': 'DE',
        '127.0.0.20/32': 'US',
        '127.0.0.30/32': 'DE',
      },
    })
    const two = writeMmdb({
      ipVersion: 4,
      shape: 'nested',
      networks: {
        '127.0.0.10/32': 'DE',
        '127.0.0.11/32': 'FR',
        '127.0.0.20/32': 'US',
        '127.0.0.40/32': 'DE',
      },
    })
    await using lab = await openLab({
      config: `
geoip: { files: [one.mmdb, two.mmdb] }
destinations: [{ cidr: 127.0.0.0/8, because: a lab without declared places }]
`,
      files: { 'one.mmdb': one, 'two.mmdb': two },
    })
    const place = async (host: string) => {
      await curl(lab.proxy, `http://${host}:${lab.http.port}/`)
      const { regions, placement, outcome } = await lab.proxy.settled(lab.proxy.flows().length)
      return { regions: JSON.parse(regions) as string[], placement, outcome }
    }
    expect(await place('api.de.test')).toEqual({
      regions: ['DE'],
      placement: 'inside',
      outcome: 'forwarded',
    })
    expect(await place('api.fr.test')).toEqual({
      regions: ['DE', 'FR'],
      placement: 'inside',
      outcome: 'forwarded',
    })
    expect(await place('api.us.test')).toEqual({
      regions: ['US'],
      placement: 'outside',
      outcome: 'blocked',
    })
    expect(await place('both.test')).toEqual({
      regions: ['DE'],
      placement: 'inside',
      outcome: 'forwarded',
    })
    expect(await place('api.mixed.test')).toEqual({
      regions: [],
      placement: 'unknown',
      outcome: 'blocked',
    })
    expect(await place('api.unknown.test')).toEqual({
      regions: [],
      placement: 'unknown',
      outcome: 'blocked',
    })
  })

  describe.skipIf(missing(namespaces, program('ip', '-V')))(
    'the embedded ones, on public addresses in a namespace',
    () => {
      test.each([
        ['193.99.144.80', '["DE"]', 'forwarded'],
        ['2a02:2e0:3fe:1001:302::', '["DE"]', 'forwarded'],
        ['12.0.0.1', '["US"]', 'blocked'],
      ])('%s is in %s: %s', async (address, regions, outcome) => {
        await using net = await openNamespace([address])
        const host = address.includes(':') ? `[${address}]` : address
        await net.serve(address, 80)
        await using folder = await temporaryFolder()
        await using proxy = await startProxy({ dir: folder.path, files: {}, prefix: net.prefix })
        const { url } = proxy
        const [program = '', ...prefix] = net.prefix
        await runProgram(program, [...prefix, 'curl', '-sS', '-x', url, `http://${host}/`])
        expect(await proxy.settled(1)).toMatchObject({ regions, outcome })
      })
    },
  )
})
