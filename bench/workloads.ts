/**
 * What is measured: one row a workload, with the figure peers are compared by. Data only;
 * `drive.ts` carries it out. The names are those of the earliest measurements, so that old and new
 * numbers can be laid side by side.
 */

import type { Figure } from './measure.ts'
import type { Peer } from './peers.ts'

export interface Workload {
  readonly name: string
  /** One line for the head of its table. */
  readonly about: string
  /**
   * `http`: lg over HTTP/1.1. `hold`: connections that stay open and idle. `h2`: h2load over
   * HTTP/2.
   */
  readonly kind: 'http' | 'hold' | 'h2'
  /** What peers are compared by: the first column and every ratio. */
  readonly figure: Figure
  /** Further columns. */
  readonly columns: readonly Figure[]
  readonly connections: number
  /** Seconds before measuring begins. JIT runtimes need two. */
  readonly warmUp: number
  readonly path: string
  /** Bytes every answer must have; -1 where it has no end. */
  readonly body: number
  readonly upstream: 'web' | 'sink'
  /** Distinct host names, in turn. */
  readonly hosts: number
  /** End after so many requests instead of after a time. */
  readonly requests: number | null
  /** Requests a second in an open loop; null: as fast as the answers come. */
  readonly rate: number | null
  /** Bytes to POST; null: GET. */
  readonly upload: number | null
  /** Parallel HTTP/2 streams a connection. */
  readonly streams: number
  /** Further arguments of lg. */
  readonly flags: readonly string[]
  /** Needs a proxy that does not look inside. */
  readonly tunnel: boolean
  /** Starts the peer anew for every round. */
  readonly freshProcess: boolean
}

const MIB = 1024 * 1024

/** What the others are variations of. */
export const KEEP_ALIVE: Workload = {
  name: 'w1l',
  about: '64 keep-alive connections, GET of 1 KB JSON, closed loop, 2 s warm-up',
  kind: 'http',
  figure: 'cpuUs',
  columns: ['perSecond', 'p50Us', 'p99Us', 'peakMb'],
  connections: 64,
  warmUp: 2,
  path: '/small',
  body: 1024,
  upstream: 'web',
  hosts: 1,
  requests: null,
  rate: null,
  upload: null,
  streams: 1,
  flags: [],
  tunnel: false,
  freshProcess: false,
}

const LATENCY: Workload = {
  ...KEEP_ALIVE,
  figure: 'p50Us',
  columns: ['p99Us', 'maxUs', 'cpuUs', 'perSecond'],
  connections: 32,
}

const NEW_CONNECTION: Workload = {
  ...KEEP_ALIVE,
  columns: ['perSecond', 'p50Us', 'p99Us', 'resumedShare', 'peakMb'],
  connections: 16,
}

const COLD: Workload = {
  ...NEW_CONNECTION,
  warmUp: 0,
  hosts: 1000,
  requests: 1000,
  flags: ['--fresh'],
  freshProcess: true,
}

const BULK: Workload = {
  ...KEEP_ALIVE,
  figure: 'cpuMsPerMb',
  columns: ['mbPerSecond', 'rssBeforeMb', 'peakMb', 'grewMb'],
  connections: 1,
  warmUp: 0.3,
  path: '/100m',
  body: 100 * MIB,
  // How much memory grows can only be told where nothing has grown yet.
  freshProcess: true,
}

const HOLD: Workload = {
  ...KEEP_ALIVE,
  kind: 'hold',
  figure: 'kbPerConnection',
  columns: ['rssBeforeMb', 'rssMb', 'rssAfterMb', 'cpuUs'],
  connections: 5000,
  warmUp: 0,
  freshProcess: true,
}

const HTTP2: Workload = {
  ...KEEP_ALIVE,
  kind: 'h2',
  columns: ['perSecond', 'meanUs', 'maxUs', 'rssMb'],
  warmUp: 1,
}

const EVENTS: Workload = {
  ...KEEP_ALIVE,
  columns: ['p50Us', 'p99Us', 'perSecond', 'peakMb'],
  warmUp: 1,
  body: -1,
  upstream: 'sink',
  flags: ['--events'],
}

export const WORKLOADS: readonly Workload[] = [
  KEEP_ALIVE,
  { ...KEEP_ALIVE, name: 'w1', about: 'as w1l with 0.7 s warm-up', warmUp: 0.7 },
  { ...KEEP_ALIVE, name: 'w1one', about: 'one keep-alive connection', connections: 1 },
  { ...LATENCY, name: 'w1lat', about: 'open loop, 500 requests/s', rate: 500 },
  { ...LATENCY, name: 'w1lat1k', about: 'open loop, 1,000 requests/s', rate: 1000 },
  {
    ...LATENCY,
    name: 'w1lat2k',
    about: 'open loop, 2,000 requests/s',
    rate: 2000,
    connections: 64,
  },
  {
    ...NEW_CONNECTION,
    name: 'w2new',
    about: 'a connection a request, TLS 1.3, full handshakes',
    flags: ['--fresh', '--tls', '13'],
  },
  {
    ...NEW_CONNECTION,
    name: 'w2res',
    about: 'a connection a request, TLS 1.3, resumption offered',
    flags: ['--fresh', '--resume', '--tls', '13'],
  },
  {
    ...NEW_CONNECTION,
    name: 'w2new12',
    about: 'a connection a request, TLS 1.2, full handshakes',
    flags: ['--fresh', '--tls', '12'],
  },
  {
    ...NEW_CONNECTION,
    name: 'w2res12',
    about: 'a connection a request, TLS 1.2, resumption offered',
    flags: ['--fresh', '--resume', '--tls', '12'],
  },
  { ...COLD, name: 'w2cold', about: '1,000 hosts never seen before, 16 at a time' },
  {
    ...COLD,
    name: 'w2cold1',
    about: '300 hosts never seen before, one after the other',
    connections: 1,
    requests: 300,
  },
  { ...BULK, name: 'w3dl', about: 'downloads of 100 MiB, one connection' },
  { ...BULK, name: 'w3dl4', about: 'downloads of 100 MiB, 4 connections', connections: 4 },
  {
    ...BULK,
    name: 'w3ul',
    about: 'uploads of 100 MiB, one connection',
    path: '/up',
    body: 2,
    upstream: 'sink',
    upload: 100 * MIB,
  },
  {
    ...BULK,
    name: 'w31m',
    about: 'downloads of 1 MiB, 16 connections',
    connections: 16,
    warmUp: 0.7,
    path: '/1m',
    body: MIB,
  },
  {
    ...BULK,
    name: 'w4',
    about: 'blind tunnel, downloads of 100 MiB, one connection',
    tunnel: true,
  },
  { ...KEEP_ALIVE, name: 'w4small', about: 'blind tunnel, as w1l', tunnel: true },
  { ...HOLD, name: 'w5', about: '5,000 idle connections that made one request each' },
  {
    ...HOLD,
    name: 'w5tunnel',
    about: 'blind tunnel, 5,000 idle connections that made one request each',
    tunnel: true,
  },
  {
    ...EVENTS,
    name: 'w6',
    about: '20 event streams, 50 events/s each',
    connections: 20,
    path: '/sse?us=20000',
  },
  {
    ...EVENTS,
    name: 'w6x',
    about: 'one event stream, 1,000 events/s',
    connections: 1,
    path: '/sse?us=1000',
  },
  {
    ...HTTP2,
    name: 'w7',
    about: 'HTTP/2, 4 connections, 32 streams each',
    connections: 4,
    streams: 32,
  },
  {
    ...HTTP2,
    name: 'w7m1',
    about: 'HTTP/2, 32 connections, one stream each',
    connections: 32,
  },
]

/**
 * Whether the peer can be asked to do it: tunnels for tunnel workloads, the others for the rest.
 */
export function suits(workload: Workload, peer: Peer): boolean {
  if (peer.unfit?.includes(workload.name)) return false
  // Nothing would be left to measure.
  if (workload.kind === 'hold' && peer.mode === 'none') return false
  return peer.mode === 'none' || workload.tunnel === (peer.mode === 'tunnel')
}
