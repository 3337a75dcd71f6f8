/**
 * `npm run bench:postgresql`: what a query to PostgreSQL costs through Cordon, which reads and records its statements, beside the same query to the server
 * itself. CPU time of all processes of the server, of the proxy and of the client, for transactions of `pgbench -S`; the two ways in turn, over namespaces made for it, so
 * that programs know of no proxy. Needs root and PostgreSQL.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FAR, openForcedNetwork } from '../test/support/forced-network.ts'
import { openPostgresqlServer, postgresqlProgram } from '../test/support/postgresql-server.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 7)
const CLIENTS = Number(process.env.CLIENTS ?? 4)
/** Of each client in a round. */
const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 5_000)
/** Clock ticks of /proc/PID/stat in a second. */
const TICKS = 100
/** For the server to have waited for its sessions. */
const REAP_MS = 300

/** Of /proc/PID/stat, behind the name: times of the process and of its children that have ended; only those of the latter. */
const ALL = [11, 15] as const
const CHILDREN = [13, 15] as const

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
  const micros = {
    direct: [] as number[],
    through: [] as number[],
    proxy: [] as number[],
    all: { direct: [] as number[], through: [] as number[] },
  }
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of ['direct', 'through'] as const) {
      const [ofServer, ofProxy, ofClient] = await measure(mode, WAYS[way])
      // The first round warms up.
      if (round === 0) continue
      micros[way].push(ofServer + ofProxy)
      micros.all[way].push(ofServer + ofProxy + ofClient)
      if (way === 'through') micros.proxy.push(ofProxy)
    }
  }
  const [direct, through, proxy] = [micros.direct, micros.through, micros.proxy].map(median) as [
    number,
    number,
    number,
  ]
  const cells = [direct, through, proxy].map((each) => each.toFixed(1))
  const withClient = median(micros.all.direct) / median(micros.all.through)
  const ratios = [direct / through, withClient].map((each) => each.toFixed(2))
  console.log(`| ${[mode, ...cells, ...ratios].join(' | ')} |`)
}

/** Microseconds a transaction, of the server, the proxy and the client. */
async function measure(mode: string, host: string): Promise<[number, number, number]> {
  const before = [cpuOf(server.pid), cpuOf(net.proxy.process.pid ?? 0)] as const
  const children = cpuOf(process.pid, CHILDREN)
  const { code, err } = await net.onHost(pgbench, [
    ...['-S', '-n', '-M', mode, '-c', `${CLIENTS}`, '-t', `${TRANSACTIONS}`],
    ...['-h', host, '-p', '5433', '-U', 'postgres', 'postgres'],
  ])
  if (code !== 0) throw new Error(err)
  await sleep(REAP_MS)
  const count = CLIENTS * TRANSACTIONS
  const micros = (seconds: number) => (seconds / count) * 1e6
  return [
    micros(cpuOf(server.pid) - before[0]),
    micros(cpuOf(net.proxy.process.pid ?? 0) - before[1]),
    micros(cpuOf(process.pid, CHILDREN) - children),
  ]
}

/** Seconds of CPU time that a process has used in all its threads, and all of its children that have ended. */
function cpuOf(pid: number, fields: readonly [number, number] = ALL): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const values = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return values.slice(...fields).reduce((sum, field) => sum + Number(field), 0) / TICKS
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
