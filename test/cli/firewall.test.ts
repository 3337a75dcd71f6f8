/** `cordon firewall`: with its rules in place nothing of a hostile program comes through but what the proxy sent, seen from the far side. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readPresent } from '../../src/cli/firewall/iptables.ts'
import { temporaryFolder } from '../support/folder.ts'
import {
  CORDON,
  FAR,
  FORCED_NETWORK,
  type ForcedNetwork,
  GATEWAY,
  openForcedNetwork,
} from '../support/forced-network.ts'
import { missing, program } from '../support/needs.ts'
import { PROJECT } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'
import { cordon } from './cordon.ts'

const TRANSPARENT = 'version: 1\nlisten: { transparent: "[::]:3129" }\n'

describe('what is printed', () => {
  test('is for this host, with the user of the proxy named', async () => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'cordon.yaml'), TRANSPARENT)
    const run = (...args: string[]) => cordon(folder.path, ['firewall', ...args])
    const nft = await run('nft', '--proxy-user', '998')
    expect(nft.code).toBe(0)
    expect(nft.out).toMatch(/chain lead_out \{\n {4}type nat hook output priority -100;/)
    expect(nft.out).toContain('meta skuid 998 accept')
    const only = await run('nft', '--proxy-user', 'root', '--only', '1000', 'nobody')
    expect(only.out).toMatch(/meta skuid 0 accept\n {4}meta skuid != \{ 1000, 65534 \} accept/)
    const old = await run('iptables', '--proxy-user', '998', '--name-server', '192.0.2.53')
    expect(old.out).toContain('-m owner --uid-owner 998 -j RETURN')
    expect(old.out).toContain('-d 192.0.2.53 -p udp --dport 53 -j RETURN')
    expect(old.out.split('ip6tables-restore')[1]).not.toContain('192.0.2.53')
  })

  test('Kubernetes: manifests that parse, with the rules in them', async () => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'cordon.yaml'), TRANSPARENT)
    const { out, code } = await cordon(folder.path, [
      'firewall',
      'k8s',
      '--image',
      'example/cordon:1',
    ])
    expect(code).toBe(0)
    const documents = parseAllDocuments(out)
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    const all = documents.map((document) => document.toJS())
    expect(all.map(({ kind }) => kind)).toEqual([
      'NetworkPolicy',
      'NetworkPolicy',
      'Service',
      'ConfigMap',
      'Pod',
    ])
    const [, , , { data }, { spec }] = all
    expect(data['cordon.nft']).toMatch(/meta skuid 1000 accept/)
    expect(parse(data['cordon.yaml'])).toMatchObject({
      // Connections within the pod come out on loopback: nobody else is to reach it.
      listen: { transparent: '127.0.0.1:3129', dns: '127.0.0.1:5300' },
    })
    expect(spec.initContainers[1]).toMatchObject({
      image: 'example/cordon:1',
      securityContext: { runAsUser: 1000 },
      restartPolicy: 'Always',
      startupProbe: { timeoutSeconds: 10 },
    })
    expect(spec.initContainers[0].securityContext).toMatchObject({
      runAsUser: 0,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
    })
    expect(spec.containers[0].securityContext.runAsUser).toBe(1001)
  })

  test.each([
    [
      'no transparent port',
      [],
      'version: 1\n',
      /no port that connections could be led to\ncordon: hint: write `listen/,
    ],
    [
      'port 0',
      ['--proxy-user', '1'],
      'version: 1\nlisten: { transparent: "[::]:0" }\n',
      /a port that stays/,
    ],
    [
      'no proxy to tell the user from',
      [],
      TRANSPARENT,
      /to tell whose traffic goes out freely\ncordon: hint: start it, or name .* `--proxy-user USER`/,
    ],
    [
      'a user there is not',
      ['--proxy-user', 'no-such-user'],
      TRANSPARENT,
      /`no-such-user` is not a user/,
    ],
    ['an option for a user', ['--proxy-user', '-x'], TRANSPARENT, /-x/],
    [
      'the proxy forced through itself',
      ['--proxy-user', '7', '--only', '7'],
      TRANSPARENT,
      /cannot be forced/,
    ],
    [
      'an interface nobody could name',
      ['--interface', 'a b'],
      TRANSPARENT,
      /cannot be the name of an interface/,
    ],
    [
      'an interface there is not',
      ['--interface', 'nosuch0'],
      TRANSPARENT,
      /there is no interface `nosuch0`/,
    ],
    [
      'users behind an interface',
      ['--interface', 'lo', '--only', '7'],
      TRANSPARENT,
      /users are those of this host/,
    ],
    ['networks of this host', ['--near', '10.0.0.0/8'], TRANSPARENT, /goes with `--interface`/],
    [
      'a prefix that is none',
      ['--interface', 'lo', '--near', '10.0.0.1/8'],
      TRANSPARENT,
      /is not a prefix/,
    ],
    [
      'a name server that is none',
      ['--proxy-user', '7', '--name-server', 'dns'],
      TRANSPARENT,
      /is not an IP address/,
    ],
    [
      'a port that others cannot reach',
      ['--interface', 'lo'],
      'version: 1\nlisten: { transparent: "127.0.0.1:3129" }\n',
      /does not reach `127.0.0.1:3129`/,
    ],
    [
      'a time that is none',
      ['--apply', '--proxy-user', '7', '--within', '0s'],
      TRANSPARENT,
      /is not a time/,
    ],
    ['nothing to confirm', ['--confirm'], TRANSPARENT, /no rules wait for that/],
  ])('%s', async (_, args, config, message) => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'cordon.yaml'), config)
    const { code, out, err } = await cordon(folder.path, ['firewall', 'nft', ...args])
    expect({ code, out }).toEqual({ code: args.includes('--confirm') ? 1 : 3, out: '' })
    expect(err).toMatch(message)
  })
})

test('of what iptables-save prints only what leads to our chain is ours', () => {
  const saved = `*nat
:PREROUTING ACCEPT [0:0]
:CORDON-LEAD - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m owner --uid-owner 1000 -j CORDON-LEAD
-A OUTPUT -j CORDON-LEAD-OF-OTHERS
-A CORDON-LEAD -p tcp -j REDIRECT --to-ports 3129
COMMIT
`
  expect(readPresent('nat', saved)).toEqual({
    hasChain: true,
    jumps: ['-A OUTPUT -m owner --uid-owner 1000 -j CORDON-LEAD'],
  })
  expect(readPresent('filter', '')).toEqual({ hasChain: false, jumps: [] })
})

/** A port that nothing else is sent to. */
const MARK = '19999'

/** What reaches the far side, as `tcpdump` sees it. */
class Capture implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
    process.stdout?.on('data', (text: Buffer) => {
      this.lines.push(...text.toString().split('\n').filter(Boolean))
    })
  }

  static async start(namespace: string, filter: string): Promise<Capture> {
    const tcpdump = ['tcpdump', '-n', '-l', '--immediate-mode', '-i', 'any', filter]
    const child = spawn('ip', ['netns', 'exec', namespace, ...tcpdump])
    await once(child.stderr, 'data')
    return new Capture(child)
  }

  /** Of all that was to be seen there is only a connection made last: a capture that sees nothing at all would prove nothing. */
  async sawOnlyMark(connect: (port: string) => Promise<unknown>): Promise<void> {
    await connect(MARK)
    const isMark = (line: string) => line.includes(`.${MARK}: `)
    await eventually('the last connection to be seen', async () => this.lines.some(isMark))
    expect(this.lines.filter((line) => !isMark(line))).toEqual([])
  }

  async [Symbol.asyncDispose]() {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await gone
  }
}

/** Lets the time of those be over who wait for a confirmation, and waits until they have done what they do then. */
async function endWatches(dir: string): Promise<void> {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return ''
    }
  }
  const watches = readdirSync('/proc').filter((pid) => {
    const command = read(`/proc/${pid}/cmdline`)
    return command.includes('\0cordon-firewall\0') && command.includes(dir)
  })
  expect(watches.length).toBeGreaterThan(0)
  for (const pid of watches) {
    const [sleep = ''] = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ')
    if (sleep !== '') process.kill(Number(sleep), 'SIGTERM')
  }
  await eventually('the watch to end', () =>
    watches.every((pid) => read(`/proc/${pid}/cmdline`) === ''),
  )
}

const touch = (run: ForcedNetwork['onHost'], address: string, port: string) =>
  run('curl', ['-s', '--max-time', '5', `http://${address}:${port}/`])

// Given as input: who is not root may not be able to read our folder.
const hostile = readFileSync(join(PROJECT, 'test/support/programs/hostile.py'), 'utf8')
const python = '/usr/bin/python3'

describe.skipIf(
  missing(...FORCED_NETWORK, program('tcpdump', '--version'), program(python, '--version')),
)('in place', () => {
  let network: ForcedNetwork
  beforeAll(async () => {
    network = await openForcedNetwork({ way: 'none' })
  })
  afterAll(() => network[Symbol.asyncDispose]())

  const firewall = (...args: string[]) => {
    const [program = '', ...rest] = CORDON
    return network.onGateway(program, [
      ...rest,
      'firewall',
      ...args,
      '--transparent',
      '[::]:3129',
      '--config',
      join(network.dir, 'cordon.yaml'),
    ])
  }
  const tables = async (backend: string) => {
    if (backend === 'nft') return (await network.onGateway('nft', ['list', 'ruleset'])).out
    const saved = ['iptables-save', 'ip6tables-save'].map((save) => network.onGateway(save, []))
    const lines = (await Promise.all(saved)).flatMap(({ out }) => out.split('\n'))
    return lines.filter((line) => /^(-A|:CORDON)/.test(line)).join('\n')
  }
  const ask = (host: string) =>
    network.onHost('curl', ['-sS', '--max-time', '10', '-w', '\n%{http_code}', `https://${host}/`])
  const hostAddresses = '(src 10.77.0.2 or src net fd77::/64)'

  describe.each(['nft', 'iptables'])('%s', (backend) => {
    test('behind a gateway: no packet of the host reaches the far side, and calls are decided', async () => {
      const gateway = [backend, '--interface', 'to-host', '--name-server', FAR.dns.v4]
      const before = await tables(backend)
      const applied = await firewall(...gateway, '--apply', '--confirm')
      expect(applied).toMatchObject({ code: 0, err: expect.stringContaining('in place') })
      await using seen = await Capture.start(
        network.far,
        `${hostAddresses} and not (udp port 53 and dst ${FAR.dns.v4})`,
      )
      try {
        const once = await tables(backend)
        expect((await firewall(...gateway, '--apply', '--confirm')).code).toBe(0)
        // Twice is as once.
        expect(await tables(backend)).toBe(once)
        for (const target of [FAR.de, FAR.us, { v4: '8.8.8.8', v6: '2001:4860:4860::8888' }]) {
          const { out, err } = await network.onHost(python, ['-', target.v4, target.v6], {
            input: hostile,
          })
          expect(err).toBe('')
          const heard = JSON.parse(out) as Record<string, unknown>
          for (const way of ['udp/443 v4', 'udp/53 v6', 'udp/40000 v6', 'tcp/853 v4']) {
            expect([way, heard[way]]).not.toEqual([way, expect.any(String)])
          }
        }
        expect((await ask('api.de.test')).out).toMatch(/200$/)
        expect((await ask('api.us.test')).out).toMatch(/placement-outside[\s\S]*403$/)
      } finally {
        await firewall(backend, '--revert')
      }
      expect(await tables(backend)).toBe(before)
      expect((await firewall(backend, '--revert')).code).toBe(0)
      await seen.sawOnlyMark((port) => touch(network.onHost, FAR.de.v4, port))
    })

    test('on the host itself: every user but the proxy’s', async () => {
      // The proxy of the lab runs as root: here the agent is somebody else.
      const applied = await firewall(
        backend,
        '--proxy-user',
        '0',
        '--name-server',
        FAR.dns.v4,
        '--apply',
        '--confirm',
      )
      expect(applied.code).toBe(0)
      try {
        const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
        await using seen = await Capture.start(
          network.far,
          `dst ${FAR.us.v4} or dst ${FAR.us.v6} or dst 8.8.8.8`,
        )
        for (const target of [FAR.us, { v4: '8.8.8.8', v6: FAR.us.v6 }]) {
          const { err } = await network.onGateway(
            'setpriv',
            [...nobody, python, '-', target.v4, target.v6],
            { input: hostile },
          )
          expect(err).toBe('')
        }
        // The lab's folder is nobody else's.
        await using folder = await temporaryFolder()
        chmodSync(folder.path, 0o755)
        const ca = join(folder.path, 'ca.pem')
        copyFileSync(network.proxy.ca, ca)
        const call = async (name: string, { v4 }: { v4: string }) => {
          const how = ['-sS', '--max-time', '10', '-w', '\n%{http_code}', '--cacert', ca]
          const where = ['--resolve', `${name}:443:${v4}`, `https://${name}/`]
          const args = [...nobody, 'curl', ...how, ...where]
          const { out, err } = await network.onGateway('setpriv', args)
          return err + out
        }
        expect(await call('api.de.test', FAR.de)).toMatch(/200$/)
        expect(await call('api.us.test', FAR.us)).toMatch(/403$/)
        // The proxy's user goes out freely.
        await seen.sawOnlyMark((port) => touch(network.onGateway, FAR.us.v4, port))
        // Those who come in are answered.
        const { out } = await network.onHost('curl', [
          '-sS',
          '--max-time',
          '10',
          `http://${GATEWAY.v4}:3128/`,
        ])
        expect(out).toContain('request-target')
      } finally {
        await firewall(backend, '--revert')
      }
    })

    test('unconfirmed they go away by themselves; confirmed they stay', async () => {
      const before = await tables(backend)
      const rules = [backend, '--interface', 'to-host', '--apply', '--within', '2s']
      const { code, err } = await firewall(...rules)
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining(`--confirm`) })
      expect(await tables(backend)).not.toBe(before)
      await eventually('the rules to go away', async () => (await tables(backend)) === before)
      await firewall(...rules, '--within', '10m')
      expect((await firewall(backend, '--confirm')).code).toBe(0)
      await endWatches(network.dir)
      expect(await tables(backend)).not.toBe(before)
      await firewall(backend, '--revert')
      expect(await tables(backend)).toBe(before)
    })
  })
})

test.skipIf(missing(...FORCED_NETWORK))(
  'rules that the system does not take change nothing',
  async () => {
    await using folder = await temporaryFolder()
    writeFileSync(join(folder.path, 'cordon.yaml'), TRANSPARENT)
    // A system without the right to.
    const { code, err } = await cordon(
      folder.path,
      ['firewall', 'nft', '--proxy-user', '1', '--apply', '--confirm'],
      {
        env: { PATH: '/nonexistent' },
      },
    )
    expect(code).toBe(1)
    expect(err).toMatch(/cannot run `nft`.*\ncordon: hint: install nftables/)
  },
)

test.skipIf(missing(...FORCED_NETWORK, program('tcpdump', '--version')))(
  'questions for names are led to the proxy, which answers what may be called',
  async () => {
    const listen = '{ proxy: "[::]:3128", console: "127.0.0.1:3130", dns: "[::]:5300" }'
    await using network = await openForcedNetwork({ way: 'none', config: `listen: ${listen}` })
    const [node = '', ...main] = CORDON
    const where = ['--transparent', '[::]:3129', '--config', join(network.dir, 'cordon.yaml')]
    const rules = [...main, 'firewall', 'nft', '--interface', 'to-host', '--apply', '--confirm']
    expect((await network.onGateway(node, [...rules, ...where])).code).toBe(0)
    await using seen = await Capture.start(network.far, '(src 10.77.0.2 or src net fd77::/64)')
    const look = `
      const dns = require('dns').promises
      const names = ['api.de.test', 'api.us.test', 'no-such.test']
      Promise.all(names.map((name) => dns.resolve4(name).catch(({ code }) => code))).then((all) => console.log(JSON.stringify(all)))`
    const { out } = await network.onHost(process.execPath, ['-e', look])
    expect(JSON.parse(out)).toEqual([[FAR.de.v4], 'ENOTFOUND', 'ENOTFOUND'])
    const page = ['-sS', '--max-time', '10', '-w', '\n%{http_code}', 'https://api.de.test/']
    expect((await network.onHost('curl', page)).out).toMatch(/200$/)
    expect(network.proxy.flows()).toContainEqual(
      expect.objectContaining({ mode: 'dns', host: 'api.us.test', error: 'placement-outside' }),
    )
    await network.onGateway(node, [...main, 'firewall', 'nft', '--revert', ...where])
    await seen.sawOnlyMark((port) => touch(network.onHost, FAR.de.v4, port))
  },
)
