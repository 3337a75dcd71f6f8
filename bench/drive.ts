/**
 * Carries out one workload against one peer once and says what it measured. CPU is read from /proc
 * at two moments of the measured time and set against the share of the requests that fell between
 * them, so a late reading costs precision, not truth.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import {
  H2_UPSTREAM,
  h2load,
  isForward,
  lg,
  parseH2load,
  parseLg,
  RELAY_PORT,
  type Result,
  WEB_PORT,
} from './clients.ts'
import { type Figure, peakMb, type Row, resetPeak, usage } from './measure.ts'
import type { Peer } from './peers.ts'
import { startClient, startServer } from './processes.ts'
import { KEEP_ALIVE, type Workload } from './workloads.ts'

/** A row that does not know its workload, peer and round yet. */
export type Measured = Omit<Row, 'workload' | 'peer' | 'round'>

/**
 * @param pid of the proxy's process tree; null without a proxy.
 * @param seconds of measuring, after the warm-up.
 * @param cpu of the client.
 */
export function drive(
  workload: Workload,
  peer: Peer,
  pid: number | null,
  seconds: number,
  cpu: number,
): Promise<Measured> {
  switch (workload.kind) {
    case 'http':
      return driveHttp(workload, peer, pid, seconds)
    case 'hold':
      return driveHold(workload, peer, pid)
    case 'h2':
      return driveH2(workload, peer, pid, seconds, cpu)
    default:
      return workload.kind satisfies never
  }
}

/**
 * A few requests to a host no workload asks for: proves that the peer works, and loads its code.
 */
export async function prime(peer: Peer): Promise<Measured> {
  const flags = ['--first-host', '1999']
  const few: Workload = { ...KEEP_ALIVE, connections: 8, requests: 200, warmUp: 0, flags }
  return toMeasured(parseLg(await startClient(lg(few, peer, 10)).output), {})
}

/** How long before its end the measured time is sampled: closing connections is not counted. */
const MARGIN_MS = 60

/** Share of an open loop's rate that must be reached. */
const KEPT = 0.98

/** A workload of so many requests may take this long. */
const REQUESTS_SECONDS = 60

async function driveHttp(
  workload: Workload,
  peer: Peer,
  pid: number | null,
  seconds: number,
): Promise<Measured> {
  const counted = workload.requests !== null
  const before = sample(pid)
  if (pid !== null) resetPeak(pid)
  const client = startClient(lg(workload, peer, counted ? REQUESTS_SECONDS : seconds))
  let [from, to] = [before, before]
  if (!counted) {
    await client.printed('measuring')
    from = sample(pid)
    await sleep(seconds * 1000 - MARGIN_MS)
    to = sample(pid)
  }
  const result = withPace(parseLg(await client.output), workload.rate)
  if (counted) to = sample(pid)

  const share = counted ? 1 : Math.min(1, (to.atMs - from.atMs) / 1000 / result.seconds)
  const cpuMs = to.cpuMs - from.cpuMs
  const megabytes = (result.bytesIn + result.bytesOut) / 1e6
  const seen: Figures = {
    perSecond: result.requests / result.seconds,
    mbPerSecond: megabytes / result.seconds,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    maxUs: result.maxUs,
    resumedShare: result.resumed / result.handshakes,
  }
  if (pid === null) return toMeasured(result, seen)
  const peak = peakMb(pid)
  return toMeasured(result, {
    ...seen,
    cpuUs: (cpuMs * 1000) / (result.requests * share),
    cpuMsPerMb: cpuMs / (megabytes * share),
    cpuShare: cpuMs / (result.seconds * share * 1000),
    rssBeforeMb: before.rssMb,
    rssMb: usage(pid).rssMb,
    peakMb: peak,
    grewMb: peak - before.rssMb,
  })
}

/** Latencies at a rate that was not kept are those of a queue: they must not count. */
function withPace(result: Result, rate: number | null): Result {
  const perSecond = result.requests / result.seconds
  if (rate === null || perSecond >= rate * KEPT) return result
  const error = result.error || `${perSecond.toFixed(0)} of ${rate} requests/s`
  return { ...result, late: result.late + 1, error }
}

/** Memory before, with and after the open connections; some seconds of calm before each reading. */
async function driveHold(workload: Workload, peer: Peer, pid: number | null): Promise<Measured> {
  await sleep(1500)
  const before = sample(pid)
  const client = startClient([...lg(workload, peer, REQUESTS_SECONDS), '--hold', '6'])
  await client.printed('holding')
  await sleep(4000)
  const held = sample(pid)
  const result = parseLg(await client.output)
  await sleep(2500)
  const after = sample(pid)
  if (pid === null) return toMeasured(result, {})
  return toMeasured(result, {
    rssBeforeMb: before.rssMb,
    rssMb: held.rssMb,
    rssAfterMb: after.rssMb,
    kbPerConnection: ((held.rssMb - before.rssMb) * 1024) / workload.connections,
    cpuUs: ((held.cpuMs - before.cpuMs) * 1000) / workload.connections,
  })
}

/** h2load knows no proxies, so the relay opens its tunnels. It verifies no certificates. */
async function driveH2(
  workload: Workload,
  peer: Peer,
  pid: number | null,
  seconds: number,
  cpu: number,
): Promise<Measured> {
  const forward = isForward(peer)
  const command = ['./relay', String(RELAY_PORT), String(peer.port), H2_UPSTREAM]
  const relay = forward ? await startServer('relay', command, RELAY_PORT, cpu) : null
  const port = forward ? RELAY_PORT : peer.mode === 'reverse' ? peer.port : WEB_PORT
  try {
    // It says nothing when its warm-up is over, so it gets a second more than is looked at.
    const client = startClient(h2load(workload, port, Math.ceil(seconds) + 1))
    await sleep(workload.warmUp * 1000 + 300)
    const from = sample(pid)
    await sleep(seconds * 1000)
    const to = sample(pid)
    const { perSecond, meanUs, maxUs, ...result } = parseH2load(await client.output)
    const seen: Figures = { perSecond, meanUs, maxUs }
    if (pid === null) return toMeasured(result, seen)
    const windowMs = to.atMs - from.atMs
    const cpuMs = to.cpuMs - from.cpuMs
    return toMeasured(result, {
      ...seen,
      cpuUs: (cpuMs * 1e6) / (perSecond * windowMs),
      cpuShare: cpuMs / windowMs,
      rssMb: to.rssMb,
    })
  } finally {
    await relay?.stop()
  }
}

interface Sample {
  readonly atMs: number
  readonly cpuMs: number
  readonly rssMb: number
}

function sample(pid: number | null): Sample {
  const used = pid === null ? { cpuMs: 0, rssMb: 0 } : usage(pid)
  return { atMs: performance.now(), ...used }
}

type Figures = Partial<Record<Figure, number>>

interface Counts {
  readonly requests: number
  readonly errors: number
  readonly notOk: number
  readonly late?: number
  readonly error?: string
}

/** Figures that came out of a division by zero are left out. */
function toMeasured(counts: Counts, figures: Figures): Measured {
  const { requests, errors, notOk, late = 0, error = '' } = counts
  const finite = Object.entries(figures).filter(([, value]) => Number.isFinite(value))
  return { figures: Object.fromEntries(finite), requests, errors, notOk, late, error }
}
