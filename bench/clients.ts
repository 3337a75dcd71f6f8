/**
 * The two programs that make the load, lg (bench/tools/lg.c) and h2load: their arguments and what
 * they say at the end. What they print is checked, not trusted: a client that ended early is an
 * error.
 */

import { join } from 'node:path'
import type { Peer } from './peers.ts'
import { RUN } from './setup.ts'
import type { Workload } from './workloads.ts'

export const WEB_PORT = 19443
export const SINK_PORT = 19444
export const RELAY_PORT = 19445

/** Whether the client asks it with CONNECT. */
export function isForward({ mode }: Peer): boolean {
  return mode === 'intercept' || mode === 'tunnel'
}

/** The command for lg. */
export function lg(workload: Workload, peer: Peer, seconds: number): string[] {
  const upstream = workload.upstream === 'web' ? WEB_PORT : SINK_PORT
  const options: Record<string, string | number | null> = {
    target: peer.mode === 'reverse' ? peer.port : upstream,
    proxy: isForward(peer) ? peer.port : null,
    ca: peer.ca,
    path: workload.path,
    body: workload.body < 0 ? null : workload.body,
    connections: workload.connections,
    hosts: workload.hosts,
    seconds,
    'warm-up': workload.warmUp,
    requests: workload.requests,
    rate: workload.rate,
    upload: workload.upload,
  }
  const given = Object.entries(options).filter(([, value]) => value !== null)
  const flags = given.flatMap(([name, value]) => [`--${name}`, String(value)])
  return [join(RUN, 'lg'), ...flags, ...workload.flags]
}

/** The last line lg prints: what happened in the measured time. */
export interface Result {
  readonly requests: number
  readonly errors: number
  readonly notOk: number
  readonly late: number
  readonly seconds: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly handshakes: number
  readonly resumed: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
  /** The first thing that went wrong, or empty. */
  readonly error: string
}

/** @throws when lg ended without a result. */
export function parseLg(output: string): Result {
  const last = output.trimEnd().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) throw new Error('the client ended without a result')
  return JSON.parse(last)
}

/** What h2load knows. Its latencies have no percentiles. */
export interface H2Result {
  readonly requests: number
  readonly errors: number
  readonly notOk: number
  readonly perSecond: number
  readonly meanUs: number
  readonly maxUs: number
}

/** The command for h2load; `port` is where it connects, whatever the URL says. */
export function h2load(workload: Workload, port: number, seconds: number): string[] {
  return [
    ...['h2load', '-c', String(workload.connections), '-m', String(workload.streams)],
    ...['-D', String(seconds), '--warm-up-time', String(workload.warmUp)],
    ...['--connect-to', `127.0.0.1:${port}`, `https://${H2_UPSTREAM}${workload.path}`],
  ]
}

export const H2_UPSTREAM = `h0.bench.test:${WEB_PORT}`

/** @throws when HTTP/2 was not agreed: its numbers would be those of another protocol. */
export function parseH2load(output: string): H2Result {
  const protocol = /^Application protocol: (\S+)/m.exec(output)?.[1] ?? 'nothing'
  if (protocol !== 'h2') throw new Error(`h2load was offered ${protocol}, not h2`)
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN)
  const [, max = '', mean = ''] = /^time for request: +\S+ +(\S+) +(\S+)/m.exec(output) ?? []
  const requests = number(/(\d+) done/)
  return {
    requests,
    errors: number(/(\d+) failed/),
    notOk: requests - number(/(\d+) 2xx/),
    perSecond: number(/([\d.]+) req\/s/),
    meanUs: toUs(mean),
    maxUs: toUs(max),
  }
}

/** `812us`, `1.24ms` or `2.1s` to microseconds. */
function toUs(text: string): number {
  const [, value, unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? []
  const scale: Record<string, number> = { us: 1, ms: 1e3, s: 1e6 }
  return Number(value) * (scale[unit] ?? Number.NaN)
}
