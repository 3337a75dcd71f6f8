/**
 * Three network namespaces in a row: a host with programs that know of no proxy, a gateway on which Cordon runs, and an internet with name
 * servers and servers in several countries. Whatever the first sends goes through the second. Needs root, iptables and nft.
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { issue } from '../tls/support.ts'
import { type Ran, type RunOptions, runProgram } from './clients.ts'
import type { NameRecords } from './dns-server.ts'
import { writeMmdb } from './mmdb-writer.ts'
import { installed, type Need, namespaces, program } from './needs.ts'
import { makeRoot } from './origins.ts'
import type { InternetConfig, Reached } from './programs/internet.ts'
import { NODE, PROJECT, startProxy, type TestProxy } from './proxy.ts'
import { eventually } from './wait.ts'

export const FORCED_NETWORK: readonly Need[] = [
  namespaces,
  program('iptables', '--version'),
  program('nft', '--version'),
  installed('curl'),
]

/** How connections of the host come to the proxy. */
export type Way = 'redirect' | 'tproxy' | 'none'

export interface ForcedNetwork extends AsyncDisposable {
  readonly dir: string
  readonly proxy: TestProxy
  /** In front of a command, to run it on the gateway. */
  readonly gateway: readonly string[]
  /** The namespace of the internet. */
  readonly far: string
  /** What has reached servers, oldest first. */
  readonly reached: readonly Reached[]
  /** Runs a program on the host, with our CA and the lab's root as its only ones, and no word of a proxy. */
  onHost(name: string, args: readonly string[], options?: RunOptions): Promise<Ran>
  /** Runs a program on the gateway. */
  onGateway(name: string, args: readonly string[], options?: RunOptions): Promise<Ran>
  /** Changes what name servers say. */
  change(records: Record<string, NameRecords>): Promise<void>
  /** Connects from the host: sends each piece, the next once something has come back or `pause` ms have passed; gives all that came. */
  talk(to: string, pieces: readonly Buffer[], options?: TalkOptions): Promise<Talked>
}

export interface TalkOptions {
  /** Ends when this has come. */
  readonly until?: string
  /** Milliseconds between pieces. */
  readonly pause?: number
  /** Says goodbye after the last piece. */
  readonly end?: boolean
}

export interface Talked {
  /** In latin-1. */
  readonly heard: string
  /** How it ended: by a whole `until`, by the other side, or with an error. */
  readonly end: string
}

export interface ForcedOptions {
  readonly way: Way
  /** YAML lines added to the configuration. */
  readonly config?: string
  readonly workers?: number
  /** Whether connections to the proxy port itself are left alone, for programs that do know of it. */
  readonly isAsked?: boolean
  /** Lines of `iptables -t nat` besides, on the gateway. */
  readonly nat?: readonly string[]
  /** The same of `ip6tables`. */
  readonly nat6?: readonly string[]
}

/** Addresses of the internet by country, and the names that lead there. */
export const FAR = {
  de: { v4: '46.4.0.10', v6: '2a01:4f8::10' },
  fr: { v4: '51.15.0.11', v6: '2001:bc8::11' },
  us: { v4: '12.0.0.20', v6: '2600:1f00::20' },
  /** Nobody says where that is. */
  nowhere: { v4: '91.0.0.40', v6: '2a0a::40' },
  dns: { v4: '46.4.0.53', v6: '2a01:4f8::53' },
} as const

const COUNTRIES = {
  '46.4.0.0/16': 'DE',
  '2a01:4f8::/32': 'DE',
  '51.15.0.0/16': 'FR',
  '2001:bc8::/32': 'FR',
  '12.0.0.0/16': 'US',
  '2600:1f00::/24': 'US',
}

const both = ({ v4, v6 }: { v4: string; v6: string }): NameRecords => ({ A: [v4], AAAA: [v6] })

const RECORDS: Record<string, NameRecords> = {
  'api.de.test': both(FAR.de),
  'api.fr.test': both(FAR.fr),
  'api.us.test': both(FAR.us),
  'api.nowhere.test': both(FAR.nowhere),
  'pinned.test': both(FAR.de),
  'gateway.test': { A: ['10.77.0.1'], AAAA: ['fd77::1'] },
}

export const GATEWAY = { v4: '10.77.0.1', v6: 'fd77::1' } as const

let count = 0

export async function openForcedNetwork(options: ForcedOptions): Promise<ForcedNetwork> {
  const { way, config = '', workers, isAsked = false, nat = [], nat6 = [] } = options
  await using stack = new AsyncDisposableStack()
  const id = `${process.pid}-${count++}`
  const [host, gateway, internet] = ['host', 'gate', 'far'].map((name) => {
    const namespace = `cordon-${name}-${id}`
    ip('netns', 'add', namespace)
    stack.defer(() => void ip('netns', 'delete', namespace))
    inside(namespace, 'ip', 'link', 'set', 'lo', 'up')
    return namespace
  }) as [string, string, string]
  link([host, '10.77.0.2', 'fd77::2'], [gateway, GATEWAY.v4, GATEWAY.v6])
  link([gateway, '10.78.0.1', 'fd78::1'], [internet, '10.78.0.2', 'fd78::2'])
  route(host, GATEWAY.v4, GATEWAY.v6)
  route(gateway, '10.78.0.2', 'fd78::2')
  route(internet, '10.78.0.1', 'fd78::1')
  for (const { v4, v6 } of Object.values(FAR)) {
    inside(internet, 'ip', 'addr', 'add', `${v4}/32`, 'dev', 'lo')
    inside(internet, 'ip', 'addr', 'add', `${v6}/128`, 'dev', 'lo')
  }
  // Questions to name servers pass; connections are led to the proxy, whatever they are for.
  inside(gateway, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')

  // The system does not tell of addresses before the cable is seen to be plugged in.
  for (const name of ['to-host', 'to-far']) {
    await eventually(`${name} to be up`, () => {
      const args = ['netns', 'exec', gateway, 'cat', `/sys/class/net/${name}/operstate`]
      return String(execFileSync('ip', args)).trim() === 'up'
    })
  }

  const dir = await mkdtemp(join(tmpdir(), 'cordon-forced-'))
  stack.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
  // As `ip netns exec` finds it.
  const etc = `/etc/netns/${host}`
  await mkdir(etc, { recursive: true })
  stack.defer(() => rm(etc, { recursive: true, force: true }))
  await writeFile(join(etc, 'resolv.conf'), `nameserver ${FAR.dns.v4}\n`)

  const root = makeRoot()
  const addresses = Object.values(FAR).flatMap(({ v4, v6 }) => [v4, `[${v6}]`])
  const { keyPem: key, pem: cert } = issue({
    name: 'far',
    issuer: root,
    hosts: [...Object.keys(RECORDS), 'moved.test', ...addresses],
  })
  await writeFile(join(dir, 'root.pem'), root.pem)
  const given: InternetConfig = { dns: FAR.dns.v4, records: RECORDS, key, cert }
  await writeFile(join(dir, 'internet.json'), JSON.stringify(given))
  const far = spawn('ip', [
    ...['netns', 'exec', internet, process.execPath],
    ...[join(import.meta.dirname, 'programs/internet.ts'), join(dir, 'internet.json')],
  ])
  far.stderr.pipe(process.stderr)
  const gone = once(far, 'exit')
  stack.defer(async () => {
    far.kill('SIGKILL')
    await gone
  })
  const reached: Reached[] = []
  const ready = Promise.withResolvers<void>()
  createInterface(far.stdout).on('line', (line) => {
    const said = JSON.parse(line) as Reached | { ready: true }
    if ('ready' in said) ready.resolve()
    else reached.push(said)
  })
  await Promise.race([ready.promise, gone.then(() => Promise.reject(new Error('no internet')))])

  const mmdb = writeMmdb({ ipVersion: 6, networks: COUNTRIES })
  const proxy = stack.use(
    await startProxy({
      dir,
      prefix: ['ip', 'netns', 'exec', gateway],
      args: ['--transparent', '[::]:3129'],
      ...(workers === undefined ? {} : { workers }),
      files: {
        'one.mmdb': mmdb,
        'two.mmdb': mmdb,
        'tables/README.md': '',
        'cordon.yaml': [
          'version: 1',
          /^listen:/m.test(config)
            ? ''
            : 'listen: { proxy: "[::]:3128", console: "127.0.0.1:3130" }',
          `dns: { servers: ["${FAR.dns.v4}"], hosts: false }`,
          'tls: { extra_roots: [root.pem] }',
          'geoip: { files: [one.mmdb, two.mmdb], tables: tables }',
          'intercept: { never: [pinned.test] }',
          /^hold:/m.test(config) ? '' : 'hold: { wait: 10ms }',
          config,
        ].join('\n'),
      },
    }),
  )
  if (way !== 'none') lead(way, gateway, isAsked)
  for (const line of nat) inside(gateway, 'iptables', '-w', '-t', 'nat', ...line.split(' '))
  for (const line of nat6) inside(gateway, 'ip6tables', '-w', '-t', 'nat', ...line.split(' '))

  const env = {
    NODE_EXTRA_CA_CERTS: proxy.ca,
    SSL_CERT_FILE: proxy.ca,
    REQUESTS_CA_BUNDLE: proxy.ca,
    CURL_CA_BUNDLE: proxy.ca,
    GIT_SSL_CAINFO: proxy.ca,
    ...Object.fromEntries(
      ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'].map(
        (name) => [name, ''],
      ),
    ),
  }
  const run = (namespace: string, name: string, args: readonly string[], how: RunOptions = {}) =>
    runProgram('ip', ['netns', 'exec', namespace, name, ...args], {
      timeout: 60_000,
      ...how,
      env: { ...env, ...how.env },
    })
  const resources = stack.move()
  return {
    dir,
    proxy,
    gateway: ['ip', 'netns', 'exec', gateway],
    far: internet,
    reached,
    onHost: (name, args, how) => run(host, name, args, how),
    onGateway: (name, args, how) => run(gateway, name, args, how),
    async change(records) {
      far.stdin.write(`${JSON.stringify(records)}\n`)
      // It is told of over a pipe, and asked over the network.
      const [name = ''] = Object.keys(records)
      const [address = ''] = records[name]?.A ?? []
      await eventually(`${name} to lead to ${address}`, async () => {
        const script = `require('dns').resolve4('${name}', (e, a) => console.log(a))`
        return (await run(host, process.execPath, ['-e', script])).out.includes(address)
      })
    },
    async talk(to, pieces, { until = '', pause = 50, end = false } = {}) {
      const talker = join(import.meta.dirname, 'programs/talk.ts')
      const given = JSON.stringify({
        to,
        pieces: pieces.map((piece) => piece.toString('base64')),
        until,
        pause,
        end,
      })
      const { out, err } = await run(host, process.execPath, [talker, given])
      if (out === '') throw new Error(err)
      return JSON.parse(out) as Talked
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** What docs/transparent.md says: by REDIRECT with iptables, by TPROXY with nft. */
function lead(way: Exclude<Way, 'none'>, gateway: string, isAsked: boolean): void {
  if (way === 'redirect') {
    if (isAsked) {
      const rule = `-t nat -A PREROUTING -i to-host -p tcp -d ${GATEWAY.v4} --dport 3128 -j ACCEPT`
      inside(gateway, 'iptables', '-w', ...rule.split(' '))
    }
    for (const program of ['iptables', 'ip6tables']) {
      const rule = '-t nat -A PREROUTING -i to-host -p tcp -j REDIRECT --to-ports 3129'
      inside(gateway, program, '-w', ...rule.split(' '))
    }
    return
  }
  const rules = `table inet cordon {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ${isAsked ? `ip daddr ${GATEWAY.v4} tcp dport 3128 accept` : ''}
    iifname "to-host" meta nfproto ipv4 meta l4proto tcp tproxy ip to :3129 meta mark set 1 accept
    iifname "to-host" meta nfproto ipv6 meta l4proto tcp tproxy ip6 to :3129 meta mark set 1 accept
  }
}`
  execFileSync('ip', ['netns', 'exec', gateway, 'nft', '-f', '-'], { input: rules })
  for (const [family, all] of [
    ['-4', '0.0.0.0/0'],
    ['-6', '::/0'],
  ]) {
    inside(gateway, 'ip', family ?? '', 'rule', 'add', 'fwmark', '1', 'lookup', '100')
    inside(
      gateway,
      'ip',
      family ?? '',
      'route',
      'add',
      'local',
      all ?? '',
      'dev',
      'lo',
      'table',
      '100',
    )
  }
}

type End = readonly [namespace: string, v4: string, v6: string]

/** A cable; each end is named after the other: `to-host`, `to-gate`, `to-far`. */
function link(a: End, b: End): void {
  const nameOf = ([namespace]: End) => `to-${namespace.split('-')[1]}`
  const [toB, toA] = [nameOf(b), nameOf(a)]
  ip('-n', a[0], 'link', 'add', toB, 'type', 'veth', 'peer', 'name', toA, 'netns', b[0])
  for (const [[namespace, v4, v6], name] of [
    [a, toB],
    [b, toA],
  ] as const) {
    inside(namespace, 'ip', 'addr', 'add', `${v4}/24`, 'dev', name)
    inside(namespace, 'ip', 'addr', 'add', `${v6}/64`, 'dev', name, 'nodad')
    inside(namespace, 'ip', 'link', 'set', name, 'up')
  }
}

function route(namespace: string, v4: string, v6: string): void {
  inside(namespace, 'ip', 'route', 'add', 'default', 'via', v4)
  inside(namespace, 'ip', '-6', 'route', 'add', 'default', 'via', v6)
}

function ip(...args: string[]): void {
  execFileSync('ip', args)
}

function inside(namespace: string, ...command: string[]): void {
  ip('netns', 'exec', namespace, ...command)
}

/** Node with our sources: for `cordon` on the gateway. */
export const CORDON: readonly string[] = [...NODE, join(PROJECT, 'src/main.ts')]
