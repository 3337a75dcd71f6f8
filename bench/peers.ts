/**
 * Who is measured: one object a peer, all behind the same interface, so that no workload knows whom
 * it drives. A peer whose needs are not met is skipped and named. Starting and stopping is
 * `processes.ts`.
 */

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CORDON_VARIANTS, type CordonVariant } from './cordon.ts'
import { cordonVersion, packageVersion, versionSaidBy } from './installed.ts'
import { RUN } from './setup.ts'

/**
 * How a client reaches the upstream through it. `none`: no proxy at all, the baseline. `reverse`:
 * the client takes it for the server. `intercept`: CONNECT, and it looks inside TLS. `tunnel`:
 * CONNECT, and it does not.
 */
export type Mode = (typeof MODES)[number]
export const MODES = ['none', 'reverse', 'intercept', 'tunnel'] as const

export interface Peer {
  readonly name: string
  readonly about: string
  readonly mode: Mode
  /** Programs, `npm:NAME`s, files: see `missing` in installed.ts. */
  readonly needs: readonly string[]
  /** Its command; empty for `none`. */
  readonly start: readonly string[]
  readonly port: number
  /** PEM file of the CA the client verifies with; may be made when the peer starts. */
  readonly ca: string
  readonly env?: Readonly<Record<string, string>>
  /** Workloads it cannot do. */
  readonly unfit?: readonly string[]
  /** Makes what it expects to find; called before each start. */
  prepare?(): void
  version?(): string
}

const ca = (name: string) => join(RUN, 'ca', name)
const conf = (name: string) => join(RUN, name)
const REPOSITORY = resolve(import.meta.dirname, '..')
const NO_H2 = ['w7', 'w7m1']
const NODE = process.execPath

export const PEERS: readonly Peer[] = [
  {
    name: 'direct',
    about: 'no proxy: what client and upstream can do',
    mode: 'none',
    needs: [],
    start: [],
    port: 0,
    ca: ca('upca.pem'),
  },
  {
    name: 'nginx',
    about: 'nginx terminating TLS and encrypting again',
    mode: 'reverse',
    needs: ['nginx'],
    start: ['nginx', '-c', conf('nginx.conf')],
    port: 19501,
    ca: ca('mitm-ec.pem'),
    version: () => versionSaidBy('nginx', '-v'),
  },
  {
    name: 'haproxy',
    about: 'HAProxy terminating TLS and encrypting again',
    mode: 'reverse',
    needs: ['haproxy'],
    start: ['haproxy', '-db', '-f', conf('haproxy.cfg')],
    port: 19502,
    ca: ca('mitm-ec.pem'),
    version: () => versionSaidBy('haproxy', '-v'),
  },
  squid('squid-bump', 'Squid, ssl_bump, client first', 19510, 'intercept'),
  squid('squid-peek', 'Squid, ssl_bump, peek and bump', 19511, 'intercept'),
  squid('squid-plain', 'Squid as a blind tunnel', 19512, 'tunnel'),
  {
    name: 'tinyproxy',
    about: 'tinyproxy as a blind tunnel',
    mode: 'tunnel',
    needs: ['tinyproxy'],
    start: ['tinyproxy', '-d', '-c', conf('tinyproxy.conf')],
    port: 19513,
    ca: ca('upca.pem'),
    version: () => versionSaidBy('tinyproxy', '-v'),
  },
  {
    ...mitmproxy('mitmproxy', 'mitmproxy as it is shipped', 19514, []),
    // It keeps whole bodies before it passes them on.
    unfit: ['w3dl', 'w3dl4', 'w3ul', 'w6', 'w6x'],
  },
  mitmproxy('mitmproxy-stream', 'mitmproxy streaming every body', 19515, ['stream_large_bodies=1']),
  {
    name: 'http-mitm-proxy',
    about: 'the npm package as it is shipped, keep-alive on',
    mode: 'intercept',
    needs: ['npm:http-mitm-proxy'],
    start: [NODE, join(import.meta.dirname, 'peers', 'http-mitm-proxy.ts')],
    port: 19516,
    ca: ca('mitm-rsa.pem'),
    env: {
      PORT: '19516',
      CA_FOLDER: conf('http-mitm-proxy'),
      NODE_EXTRA_CA_CERTS: ca('upca.pem'),
    },
    version: () => packageVersion('http-mitm-proxy'),
    unfit: [...NO_H2, 'w5'],
    prepare: layOutHttpMitmProxy,
  },
  {
    name: 'mockttp',
    about: 'the npm package passing everything through',
    mode: 'intercept',
    needs: ['npm:mockttp'],
    start: [NODE, join(import.meta.dirname, 'peers', 'mockttp.ts')],
    port: 19517,
    ca: ca('mitm-rsa.pem'),
    env: {
      PORT: '19517',
      CA_KEY: ca('mitm-rsa.key'),
      CA_CERT: ca('mitm-rsa.pem'),
      UPSTREAM_CA: ca('upca.pem'),
    },
    version: () => packageVersion('mockttp'),
    unfit: [...NO_H2, 'w5'],
  },
  {
    name: 'undici',
    about: 'node:http towards the client, the npm package towards the server',
    mode: 'intercept',
    needs: ['npm:undici'],
    start: [NODE, join(import.meta.dirname, 'peers', 'undici.ts')],
    port: 19518,
    ca: ca('mitm-ec.pem'),
    env: {
      PORT: '19518',
      CERT: ca('reverse.pem'),
      KEY: ca('upstream.key'),
      UPSTREAM_CA: ca('upca.pem'),
    },
    version: () => packageVersion('undici'),
    unfit: NO_H2,
  },
  ...CORDON_VARIANTS.map(cordon),
]

function squid(name: string, about: string, port: number, mode: Mode): Peer {
  const helper = '/usr/lib/squid/security_file_certgen'
  const certificates = join(RUN, 'squid', `${name}-certs`)
  // Names its shared memory; two Squids of one name disturb each other.
  const service = `cordonbench${name.replace('-', '')}`
  return {
    name,
    about,
    mode,
    needs: mode === 'intercept' ? ['squid', helper] : ['squid'],
    start: ['squid', '-N', '-n', service, '-f', conf(`${name}.conf`)],
    port,
    ca: ca(mode === 'intercept' ? 'mitm-rsa.pem' : 'upca.pem'),
    version: () => versionSaidBy('squid', '-v'),
    unfit: NO_H2,
    prepare() {
      for (const left of readdirSync('/dev/shm').filter((file) => file.startsWith(service))) {
        rmSync(join('/dev/shm', left))
      }
      rmSync(certificates, { recursive: true, force: true })
      mkdirSync(join(RUN, 'squid'), { recursive: true })
      if (mode === 'intercept') execFileSync(helper, ['-c', '-s', certificates, '-M', '64MB'])
      // It works as a user of its own.
      execFileSync('chown', ['-R', 'proxy:proxy', join(RUN, 'squid')])
    },
  }
}

function mitmproxy(name: string, about: string, port: number, options: readonly string[]): Peer {
  const folder = conf('mitmproxy')
  const settings = [
    `confdir=${folder}`,
    `ssl_verify_upstream_trusted_ca=${ca('upca.pem')}`,
    'flow_detail=0',
    ...options,
  ]
  return {
    name,
    about,
    mode: 'intercept',
    needs: ['mitmdump'],
    start: [
      ...['mitmdump', '-q', '--listen-host', '127.0.0.1', '-p', String(port)],
      ...settings.flatMap((setting) => ['--set', setting]),
    ],
    port,
    ca: ca('mitm-rsa.pem'),
    version: () => versionSaidBy('mitmdump', '--version'),
    prepare() {
      mkdirSync(folder, { recursive: true })
      copyFileSync(ca('mitm-rsa-bundle.pem'), join(folder, 'mitmproxy-ca.pem'))
    },
  }
}

/** It looks for its CA in a layout of its own, and keeps a file for every host it has seen. */
function layOutHttpMitmProxy(): void {
  const folder = conf('http-mitm-proxy')
  rmSync(folder, { recursive: true, force: true })
  for (const part of ['certs', 'keys']) mkdirSync(join(folder, part), { recursive: true })
  copyFileSync(ca('mitm-rsa.pem'), join(folder, 'certs', 'ca.pem'))
  copyFileSync(ca('mitm-rsa.key'), join(folder, 'keys', 'ca.private.key'))
  const publicKey = join(folder, 'keys', 'ca.public.key')
  execFileSync('openssl', ['pkey', '-in', ca('mitm-rsa.key'), '-pubout', '-out', publicKey])
}

function cordon({ name, about, port, audit, never }: CordonVariant): Peer {
  const mode = never.length > 0 ? 'tunnel' : 'intercept'
  const command = audit
    ? [join(REPOSITORY, 'src', 'main.ts'), 'start']
    : [join(import.meta.dirname, 'no-audit.ts')]
  return {
    name,
    about,
    mode,
    needs: ['./src/main.ts', './src/cli/compose/proxy.ts'],
    start: [NODE, '--max-semi-space-size=2', ...command, '--config', conf(`${name}.yaml`)],
    port,
    ca: mode === 'tunnel' ? ca('upca.pem') : join(RUN, name, 'ca', 'ca.pem'),
    ...(audit ? {} : { env: { CORDON_BENCH_NO_AUDIT: '1' } }),
    version: cordonVersion,
    prepare() {
      // A new log each time: how large an old one grew must not matter.
      rmSync(join(RUN, name, 'data'), { recursive: true, force: true })
    },
  }
}
