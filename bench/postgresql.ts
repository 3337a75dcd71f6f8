/**
 * `npm run bench:postgresql`: what a query to PostgreSQL costs through Cordon, which reads and records its statements, beside the same query to the server
 * itself. CPU time of all processes of the server and of the proxy, for transactions of `pgbench -S`; the two ways in turn, over namespaces made for it, so
 * that programs know of no proxy. Needs root and PostgreSQL.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FAR, openForcedNetwork } from '../test/support/forced-network.ts'
import { openPostgresqlServer, postgresqlProgram } from '../test/support/postgresql-server.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 7)
const CLIENTS = 4
/** Of each client in a round. */
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 5_000)
/** Clock ticks of /proc/PID/stat in a second. */
const TICKS = 100
/** For the server to have waited for its sessions. */
const REAP_MS = 300

// Connections to one address of the server are led to the proxy, to the other they are not.
const WAYS = { direct: FAR.fr.v4, through: FAR.de.v4 } as const
await using net = await openForcedNetwork({
  way: 'redirect',
  nat: [`-I PREROUTING 1 -i to-host -d ${WAYS.direct} -j ACCEPT`],
})
const prefix = ['ip', 'netns', 'exec', net.far]
const hba = ["listen_addresses = '*'", `hba_file = '${net.dir}/hba'`]
execFileSync('sh', [
  '-c',
  `chmod 755 ${net.dir}; printf 'local all all trust\\nhost all all all trust\\n' > ${net.dir}/hba`,
])
await using server = await openPostgresqlServer([...hba, 'shared_buffers = 128MB'], 5433, prefix)
const pgbench = postgresqlProgram('pgbench')
const near = ['-h', server.socket, '-p', `${server.port}`, '-U', 'postgres', 'postgres']
execFileSync(pgbench, ['-i', '-q', '-s', '5', ...near], { stdio: 'ignore' })

for (const mode of ['simple', 'prepared'] as const) {
  const micros = { direct: [] as number[], through: [] as number[], proxy: [] as number[] }
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of ['direct', 'through'] as const) {
      const [ofServer, ofProxy] = await measure(mode, WAYS[way])
      // The first round warms up.
      if (round === 0) continue
      micros[way].push(ofServer + ofProxy)
      if (way === 'through') micros.proxy.push(ofProxy)
    }
  }
  const [direct, through, proxy] = [micros.direct, micros.through, micros.proxy].map(median) as [
    number,
    number,
    number,
  ]
  const cells = [direct, through, proxy].map((each) => each.toFixed(1))
  console.log(`| ${mode} | ${cells.join(' | ')} | ${(direct / through).toFixed(2)} |`)
}

/** Microseconds a transaction, of the server and of the proxy. */
async function measure(mode: string, host: string): Promise<[number, number]> {
  const before = [cpuOf(server.pid), cpuOf(net.proxy.process.pid ?? 0)] as const
  const { code, err } = await net.onHost(pgbench, [
    ...['-S', '-n', '-M', mode, '-c', `${CLIENTS}`, '-t', `${TRANSACTIONS}`],
    ...['-h', host, '-p', '5433', '-U', 'postgres', 'postgres'],
  ])
  if (code !== 0) throw new Error(err)
  await sleep(REAP_MS)
  const count = CLIENTS * TRANSACTIONS
  const spent = (pid: number, since: number) => ((cpuOf(pid) - since) / count) * 1e6
  return [spent(server.pid, before[0]), spent(net.proxy.process.pid ?? 0, before[1])]
}

/** Seconds of CPU time that a process has used in all its threads, and all of its children that have ended. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / TICKS
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
