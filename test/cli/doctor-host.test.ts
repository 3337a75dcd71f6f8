/** `cordon doctor --agent-host`: what gets out past the proxy is found, and who does not trust it; and rules that can do nothing. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { throughProxy } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import {
  CORDON,
  FAR,
  FORCED_NETWORK,
  GATEWAY,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { openLab } from '../support/lab.ts'
import { installed, missing, program } from '../support/needs.ts'
import { cordon } from './cordon.ts'

interface Check {
  readonly check: string
  readonly status: string
  readonly found: string
  readonly hint: string | null
}

const read = (out: string) => {
  const { checks } = JSON.parse(out) as { checks: Check[] }
  return (name: string) => checks.find(({ check }) => check === name)
}

const PROGRAMS = ['curl', 'openssl', 'git', 'python3', 'node', 'go'].map((name) =>
  program(name, name === 'openssl' || name === 'go' ? 'version' : '--version'),
)

describe.skipIf(missing(...PROGRAMS))('who trusts the CA', () => {
  test('each runtime is asked in its own way, with the environment and without', async () => {
    await using lab = await openLab()
    const args = ['doctor', '--agent-host', '--json', '--proxy', `127.0.0.1:${lab.proxy.port}`]
    // Nothing listens there.
    const where = [...args, '--ca', lab.proxy.ca, '--probe', '127.0.0.99']
    const names = ['curl', 'OpenSSL', 'git', 'Python', 'requests', 'Node', 'Go', 'bundle']
    const none = { SSL_CERT_FILE: '', REQUESTS_CA_BUNDLE: '', CURL_CA_BUNDLE: '' }
    const go = { GOCACHE: join(lab.dir, 'go') }
    const bare = { ...none, ...go, GIT_SSL_CAINFO: '', NODE_EXTRA_CA_CERTS: '', HTTPS_PROXY: '' }
    const without = await cordon(lab.dir, where, { env: bare })
    expect(without.code).toBe(0)
    for (const name of names) {
      expect([name, read(without.out)(name)]).toEqual([
        name,
        expect.objectContaining({ status: 'warn', hint: expect.stringContaining('cordon env') }),
      ])
    }
    expect(read(without.out)('variables')).toMatchObject({ status: 'warn' })
    const { out } = await cordon(lab.dir, where, {
      env: { ...throughProxy(lab.proxy), ...go },
    })
    for (const name of names) {
      expect([name, read(out)(name)]).toEqual([name, expect.objectContaining({ status: 'ok' })])
    }
    expect(read(out)('variables')?.found).toContain(`127.0.0.1:${lab.proxy.port}`)
    expect(read(out)('HTTPS v4')).toMatchObject({ status: 'ok', found: 'closed' })
    expect(read(out)('clock')).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/ s off/),
    })
  }, 240_000)

  test.skipIf(missing(installed('certutil')))(
    'a store of NSS is looked into, and what is said to mend it does',
    async () => {
      await using lab = await openLab()
      const args = ['doctor', '--agent-host', '--json', '--proxy', `127.0.0.1:${lab.proxy.port}`]
      const where = [...args, '--ca', lab.proxy.ca, '--probe', '127.0.0.99']
      // Nothing else is asked.
      const env = { HOME: join(lab.dir, 'home'), PATH: join(lab.dir, 'bin') }
      mkdirSync(join(lab.dir, 'bin'))
      mkdirSync(join(lab.dir, 'home/.pki/nssdb'), { recursive: true })
      const certutil = execFileSync('sh', ['-c', 'command -v certutil'], {
        encoding: 'utf8',
      }).trim()
      symlinkSync(certutil, join(lab.dir, 'bin/certutil'))
      const store = `sql:${join(lab.dir, 'home/.pki/nssdb')}`
      execFileSync(certutil, ['-N', '--empty-password', '-d', store])
      const nss = async () => read((await cordon(lab.dir, where, { env })).out)('NSS')
      const before = await nss()
      expect(before).toMatchObject({ status: 'warn' })
      execFileSync('sh', ['-c', before?.hint ?? ''])
      expect(await nss()).toMatchObject({ status: 'ok' })
      // There, but not for servers.
      execFileSync(certutil, ['-M', '-n', 'Cordon', '-t', ',,', '-d', store])
      expect(await nss()).toMatchObject({ status: 'warn' })
    },
  )

  test.each([
    [
      'no certificate',
      ['--ca', 'cordon.yaml'],
      /is no certificate that can be read.*\ncordon: hint: name the proxy/,
    ],
    ['an address that is none', ['--probe', 'a.test'], /is not an IP address/],
  ])('%s', async (_, more, message) => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'cordon.yaml'), 'version: 1\n')
    const { code, err } = await cordon(folder.path, ['doctor', '--agent-host', ...more])
    expect(code).toBe(3)
    expect(err).toMatch(message)
  })
})

describe.skipIf(missing(...FORCED_NETWORK))('what gets out', () => {
  test('past the proxy is found, and is closed once rules are in place', async () => {
    await using network = await openForcedNetwork({
      way: 'none',
      config: 'listen: { proxy: "[::]:3128", console: "127.0.0.1:3130", dns: "[::]:5300" }',
    })
    const [node = '', ...main] = CORDON
    const doctor = async () => {
      const where = ['--proxy', `${GATEWAY.v4}:3128`, '--ca', network.proxy.ca]
      const probe = ['--probe', FAR.dns.v4, FAR.dns.v6]
      const args = [...main, 'doctor', '--agent-host', '--json', ...where, ...probe]
      return await network.onHost(node, args)
    }
    const open = await doctor()
    expect(open.code).toBe(1)
    expect(read(open.out)('resolver')).toMatchObject({
      status: 'warn',
      found: expect.stringContaining(FAR.dns.v4),
    })
    for (const name of ['HTTP v4', 'HTTPS v4', 'HTTPS v6', 'DNS v4']) {
      expect([name, read(open.out)(name)]).toEqual([
        name,
        expect.objectContaining({
          status: 'fail',
          hint: expect.stringContaining('cordon firewall'),
        }),
      ])
    }
    const rules = ['nft', '--interface', 'to-host', '--transparent', '[::]:3129']
    const config = ['--config', join(network.dir, 'cordon.yaml')]
    await network.onGateway(node, [
      ...main,
      'firewall',
      ...rules,
      '--apply',
      '--confirm',
      ...config,
    ])
    const closed = await doctor()
    for (const name of [
      'HTTP v4',
      'HTTP v6',
      'HTTPS v4',
      'HTTPS v6',
      'DNS v4',
      'DNS/TCP v4',
      'resolver',
    ]) {
      expect(read(closed.out)(name)?.found).toMatch(/is answered by the proxy$/)
    }
    for (const name of ['DNS v4', 'DNS v6', 'DNS/TCP v4', 'DNS/TCP v6', 'QUIC v4', 'DoT v6']) {
      expect([name, read(closed.out)(name)]).toEqual([
        name,
        expect.objectContaining({ status: 'ok' }),
      ])
    }
    expect(closed.code).toBe(0)
  })
})

test('rules that can never fire are named, with the reason', async () => {
  const rules = `
rules:
  - { id: no-uploads, because: a test, when: { method: [PUT, POST] }, then: block }
  - { id: uploads-abroad, because: a test, when: { method: [PUT, POST], placement: outside }, then: hold }
  - { id: same-again, because: a test, when: { method: [PUT, POST] }, then: block }
  - { id: cards, because: a test, when: { placement: outside }, redact: { out: [payment-card] } }
  - { id: cards-there, because: a test, when: { host: ["*.pinned.test", deep.pinned.test] }, redact: { out: [payment-card] } }
agents: [{ id: builder, match: { uid: 1001 } }, { id: shown, match: { certificate: a.test } }]
intercept: { never: ["*"] }`
  await using lab = await openLab({ config: rules })
  const where = [
    '--proxy',
    `127.0.0.1:${lab.proxy.port}`,
    '--console',
    `127.0.0.1:${lab.proxy.consolePort}`,
  ]
  const { out, code } = await cordon(lab.dir, ['doctor', '--json', ...where])
  const { checks } = JSON.parse(out) as { checks: Check[] }
  expect(checks.filter(({ check }) => check === 'rule').map(({ found }) => found)).toEqual([
    '`cards-there` can never look at data: its hosts are never looked into',
    '`same-again` can never fire: whatever it matches, `no-uploads` blocks',
    '`uploads-abroad` can never fire: whatever it matches, `no-uploads` blocks',
  ])
  expect(read(out)('rules')?.found).toBe('2 of 5 can fire')
  expect(read(out)('intercept')?.found).toMatch(/nothing is looked into, and 2 rules on data/)
  expect(read(out)('controls')?.found).toContain('breaker off')
  expect(read(out)('controls')?.found).toContain('0 receivers of notices')
  expect(read(out)('certificates')).toMatchObject({
    status: 'warn',
    found: expect.stringContaining('nobody is asked'),
  })
  expect(read(out)('users')?.found).toContain('1 agents are known by their user')
  expect(code).toBe(0)
})
