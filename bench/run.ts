/**
 * `npm run bench`: drives every chosen peer through every chosen workload, round by round, and
 * prints and writes what it measured. Works in a private mount namespace, where h0 to
 * h1999.bench.test are 127.0.0.1, so the machine's own /etc/hosts is never touched; that needs
 * root.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { machine, missing } from './installed.ts'
import { FIGURES, isSound, type Row } from './measure.ts'
import { type Options, readOptions, UsageError } from './options.ts'
import { PEERS, type Peer } from './peers.ts'
import { report } from './report.ts'
import { RUN, setup } from './setup.ts'
import { openStage } from './stage.ts'
import { suits, WORKLOADS, type Workload } from './workloads.ts'

try {
  const options = readOptions(process.argv.slice(2))
  if (options.list) list()
  else if (isInside()) process.exitCode = await bench(options)
  else goInside(options)
} catch (error) {
  console.error(`bench: error: ${error instanceof Error ? error.message : error}`)
  if (error instanceof UsageError) console.error('bench: hint: bench/README.md lists the arguments')
  process.exit(error instanceof UsageError ? 3 : 1)
}

function list(): void {
  for (const { name, about } of WORKLOADS) console.log(`${name.padEnd(18)} ${about}`)
  console.log()
  for (const { name, about, needs } of PEERS) {
    const absent = missing(needs)
    const note = absent.length > 0 ? ` (${absent.join(', ')} not installed)` : ''
    console.log(`${name.padEnd(18)} ${about}${note}`)
  }
}

/** Only the private hosts file has these names. */
function isInside(): boolean {
  return readFileSync('/etc/hosts', 'latin1').includes(' h1999.bench.test')
}

/**
 * Becomes the same program in a mount namespace of its own, pinned to the client's CPU.
 *
 * @throws when it may not, or when what it needs is missing.
 */
function goInside({ proxyCpu, clientCpu }: Options): void {
  if (process.platform !== 'linux' || process.execve === undefined) throw new Error('needs Linux')
  if (process.getuid?.() !== 0) {
    throw new Error('needs root, for a private mount namespace and for CPU pinning')
  }
  if (availableParallelism() < 2 || proxyCpu === clientCpu) {
    throw new Error('needs two CPUs, one for the proxy and one for client and upstream')
  }
  setup()
  const inside = 'mount --bind "$0" /etc/hosts && exec "$@"'
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  process.execve('/bin/sh', [
    ...['sh', '-c', 'exec "$@"', 'sh', 'taskset', '-c', String(clientCpu)],
    ...['unshare', '--mount', 'sh', '-c', inside, join(RUN, 'hosts'), ...self],
  ])
}

/** Returns the exit code: 1 when some peer had no sound round. */
async function bench(options: Options): Promise<number> {
  const { workloads, rounds, seconds } = options
  const suited = options.peers.filter((peer) => workloads.some((w) => suits(w, peer)))
  const skipped = suited.flatMap((peer) => {
    const absent = missing(peer.needs)
    return absent.length > 0 ? [{ name: peer.name, missing: absent }] : []
  })
  for (const { name, missing } of skipped) {
    console.error(`bench: skipped ${name}: ${missing.join(', ')} not installed`)
  }
  const peers = suited.filter((peer) => !skipped.some(({ name }) => name === peer.name))
  const about = {
    format: 1,
    date: new Date().toISOString(),
    command: process.argv.slice(2),
    rounds,
    seconds,
    machine: machine(),
    peers: peers.map((peer) => ({ name: peer.name, version: peer.version?.() ?? 'unknown' })),
    skipped,
  }
  if (workloads.some(({ kind }) => kind === 'h2') && missing(['h2load']).length > 0) {
    throw new Error('h2load is not installed; on Debian: apt-get install nghttp2-client')
  }
  const rows: Row[] = []
  const stage = await openStage(options)
  for (const workload of workloads) {
    const able = peers.filter((peer) => suits(workload, peer))
    for (let round = 1; round <= rounds; round++) {
      for (const peer of rotated(able, round)) {
        const row = await stage.measure(workload, peer, round)
        rows.push(row)
        progress(workload, row, rounds)
      }
      writeFileSync(options.json, toJson(about, rows))
    }
    const names = able.map((peer) => peer.name)
    console.log(`\n## ${workload.name}: ${workload.about}\n`)
    console.log(`rounds: ${rounds} of ${seconds} s; shown: median [lowest–highest]\n`)
    console.log(report(workload, names, rows))
  }
  await stage.close()
  console.error(`bench: rows are in ${options.json}`)
  const failed = rows.filter((row) => !rows.some((o) => isSame(o, row) && isSound(o)))
  return failed.length > 0 ? 1 : 0
}

/** One row a line, so that results can be read and compared as text. */
function toJson(about: object, rows: readonly Row[]): string {
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')
  return `${JSON.stringify(about, null, 2).slice(0, -2)},\n  "rows": [\n${lines}\n  ]\n}\n`
}

/** Another peer begins each round, so that none always follows the same one. */
function rotated(peers: readonly Peer[], round: number): Peer[] {
  const first = round % Math.max(1, peers.length)
  return [...peers.slice(first), ...peers.slice(0, first)]
}

function isSame(a: Row, b: Row): boolean {
  return a.workload === b.workload && a.peer === b.peer
}

function progress({ name, figure }: Workload, row: Row, rounds: number): void {
  const value = row.figures[figure]
  const text = value === undefined ? '' : ` ${FIGURES[figure]} ${value.toFixed(2)}`
  const trouble = row.error === '' ? '' : ` (${row.error})`
  console.error(`${name} ${row.round}/${rounds} ${row.peer}${text}${trouble}`)
}
