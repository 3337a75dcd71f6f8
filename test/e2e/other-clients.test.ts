/** Programs as people run them that speak something other than HTTP and know of no proxy: each is placed, let through or refused, and recorded. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { missing, program, programAt } from '../support/needs.ts'
import type { Flow } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

const SSHD = '/usr/sbin/sshd'
const NEEDS = [
  ...FORCED_NETWORK,
  program('ssh', '-V'),
  programAt(SSHD),
  program('redis-server', '--version'),
  program('git', '--version'),
]

describe.skipIf(missing(...NEEDS))('programs that speak something else', () => {
  let net: ForcedNetwork
  const servers: ChildProcess[] = []
  beforeAll(async () => {
    net = await openForcedNetwork({ way: 'redirect' })
    await startServers()
  }, 60_000)
  afterAll(async () => {
    for (const server of servers) {
      const gone = once(server, 'exit')
      server.kill('SIGKILL')
      await gone
    }
    await net?.[Symbol.asyncDispose]()
  })

  /** A real sshd and a real Redis, in Germany and in the United States. */
  async function startServers(): Promise<void> {
    const path = (name: string) => join(net.dir, name)
    for (const name of ['host-key', 'key']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)])
    }
    // Where Debian's wants to shut itself in.
    mkdirSync('/run/sshd', { recursive: true })
    const config = [
      ...['Port 2222', `ListenAddress ${FAR.de.v4}`, `ListenAddress ${FAR.us.v4}`],
      ...[`HostKey ${path('host-key')}`, `AuthorizedKeysFile ${path('key.pub')}`],
      ...['StrictModes no', 'UsePAM no', 'PidFile none', 'PasswordAuthentication no'],
    ]
    writeFileSync(path('sshd.conf'), `${config.join('\n')}\n`)
    const inFar = (name: string, ...args: string[]) => {
      const all = ['netns', 'exec', net.far, name, ...args]
      servers.push(spawn('ip', all, { stdio: 'ignore' }))
    }
    inFar(SSHD, '-D', '-e', '-f', path('sshd.conf'))
    const redis = ['--port', '6379', '--save', '', '--protected-mode', 'no', '--dir', net.dir]
    inFar('redis-server', '--bind', FAR.de.v4, FAR.us.v4, ...redis)
    await eventually('both to listen', () => {
      const args = ['netns', 'exec', net.far, 'cat', '/proc/net/tcp']
      const listening = execFileSync('ip', args, { encoding: 'utf8' })
      // In hex, before the state of sockets that listen.
      return [/:08AE \S+ 0A/, /:18EB \S+ 0A/].every((port) => port.test(listening))
    })
  }

  /** The last flow to that place, once it has ended. */
  async function flowTo(port: number, address: string, count = 1): Promise<Flow> {
    return await eventually(`${count} flows to ${address}:${port}`, () => {
      const all = net.proxy.flows().filter((flow) => flow.port === port && flow.host === address)
      const isDone = all.length >= count && all.every(({ outcome }) => outcome !== 'open')
      return isDone ? all.at(-1) : null
    })
  }

  const ssh = (...more: string[]) => [
    ...['-F', 'none', '-i', join(net.dir, 'key'), '-p', '2222', '-o', 'BatchMode=yes'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'LogLevel=ERROR', ...more],
  ]

  test('ssh', async () => {
    const ran = await net.onHost('ssh', ssh('root@api.de.test', 'echo through; cat'), {
      input: 'and back',
    })
    expect(ran).toMatchObject({ code: 0, out: 'through\nand back' })
    const flow = await flowTo(2222, FAR.de.v4)
    expect(flow).toMatchObject({ protocol: 'ssh', scheme: 'tcp', outcome: 'forwarded' })
    expect(flow.bytes_out).toBeGreaterThan(500)
    const refused = await net.onHost('ssh', ssh('root@api.us.test', 'echo through'))
    expect(refused).toMatchObject({ code: 255, out: '' })
    expect(await flowTo(2222, FAR.us.v4)).toMatchObject({
      protocol: 'ssh',
      error: 'placement-outside',
      bytes_out: 0,
      dialed_ip: null,
    })
  })

  test('git over ssh', async () => {
    const repository = join(net.dir, 'repository')
    const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args])
    execFileSync('git', ['init', '-q', repository])
    git('-c', 'user.name=t', '-c', 'user.email=t@test', 'commit', '-qm', 'one', '--allow-empty')
    const clone = (host: string) =>
      net.onHost(
        'git',
        ['clone', '-q', `root@${host}:${repository}`, join(net.dir, `of-${host}`)],
        { env: { GIT_SSH_COMMAND: `ssh ${ssh().join(' ')}` } },
      )
    expect(await clone('api.de.test')).toMatchObject({ code: 0 })
    expect((await clone('api.us.test')).code).not.toBe(0)
    expect(await flowTo(2222, FAR.us.v4, 2)).toMatchObject({ error: 'placement-outside' })
  })

  test('redis-cli', async () => {
    const cli = (host: string, ...words: string[]) =>
      net.onHost('redis-cli', ['-h', host, ...words])
    expect((await cli('api.de.test', 'SET', 'key', 'value')).out).toBe('OK\n')
    expect((await cli('api.de.test', 'GET', 'key')).out).toBe('value\n')
    expect(await flowTo(6379, FAR.de.v4)).toMatchObject({ protocol: 'redis', outcome: 'forwarded' })
    expect((await cli('api.us.test', 'SET', 'key', 'value')).out).not.toContain('OK')
    expect(await flowTo(6379, FAR.us.v4)).toMatchObject({
      protocol: 'redis',
      error: 'placement-outside',
      dialed_ip: null,
    })
  })

  test.each([
    ['smtp', 25, 'smtp'],
    ['pop3', 110, 'pop3'],
    ['imap', 143, 'imap'],
    ['imaps', 993, 'imap'],
    ['ldap', 389, 'ldap'],
    ['mqtt', 1883, 'mqtt'],
  ])('curl with %s:', async (scheme, port, protocol) => {
    const curl = (host: string) =>
      net.onHost('curl', ['-sS', '--max-time', '3', `${scheme}://${host}/topic`])
    const host = (name: 'de' | 'us') => (scheme === 'imaps' ? `api.${name}.test` : FAR[name].v4)
    // Who is there only repeats what it is told, which is more than one that was refused would hear.
    await curl('api.de.test')
    const flow = await flowTo(port, host('de'))
    expect(flow).toMatchObject({ protocol, outcome: 'forwarded', inspection: 'none' })
    expect(flow.bytes_out).toBeGreaterThan(5)
    const before = net.reached.length
    expect((await curl('api.us.test')).code).not.toBe(0)
    expect(await flowTo(port, host('us'))).toMatchObject({ protocol, error: 'placement-outside' })
    expect(net.reached.slice(before)).toEqual([])
  })
})
