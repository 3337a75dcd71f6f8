/**
 * `npm run bench:soak`: hours in short. A real proxy under mixed load for a while; then: has its memory come to rest, are all sockets
 * closed, has every request that reached an origin its row, does the log verify? Exit code 1 when not.
 */

import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { parseExposition } from '../../src/metrics/exposition.ts'
import { http2Origin } from '../../test/support/http2-origin.ts'
import { openLab } from '../../test/support/lab.ts'
import { webSocketOrigin } from '../../test/support/websocket-origin.ts'
import { closeClients, drive, KINDS, type Place } from './load.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    workers: { type: 'string', default: '1' },
  },
})
const minutes = Number(values.minutes)
const workers = Number(values.workers)
if (!(minutes > 0 && minutes <= 1_440) || !Number.isInteger(workers) || workers < 1) {
  console.error('usage: npm run bench:soak -- [--minutes 30] [--workers 1]')
  process.exit(3)
}

const SAMPLE_MS = 10_000
const BIG = Buffer.alloc(4 * 1024 * 1024, 'y')
/** Connections to origins are kept for so long while nobody uses them. */
const ORIGIN_IDLE_S = 10

const seen = new Set<string>()
/** Requests that reached an origin more often than they were sent. */
let twice = 0

function see(path: string): void {
  if (seen.has(path)) twice++
  seen.add(path)
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const path = request.url ?? ''
  see(path)
  request.resume()
  if (path.startsWith('/big/')) response.end(BIG)
  else if (path.startsWith('/events/')) sendEvents(response)
  else request.on('end', () => response.end('{"ok":true}'))
}

function sendEvents(response: http.ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  let left = 20
  const timer = setInterval(() => {
    response.write(`data: ${left}\n\n`)
    if (--left > 0) return
    clearInterval(timer)
    response.end()
  }, 100)
  response.on('close', () => clearInterval(timer))
}

await using lab = await openLab({
  workers,
  config: `timeouts: { origin_idle: ${ORIGIN_IDLE_S}s, idle: 20s }`,
  https: { handler: answer },
  http: { handler: answer },
})
const h2 = lab.keep(
  await http2Origin(lab.certificate('api.de.test'), {
    address: '127.0.0.10',
    // What is taken back counts there for a while.
    maxSessionMemory: 1_000_000,
    onStream: (stream, headers) => {
      const path = String(headers[':path'])
      see(path)
      stream.respond({ ':status': 200 })
      stream.end(path.startsWith('/big/') ? BIG : 'ok')
    },
  }),
)
const ws = lab.keep(
  await webSocketOrigin(lab.certificate('api.de.test'), {
    verifyClient: ({ req }: { readonly req: http.IncomingMessage }) => {
      see(req.url ?? '')
      return true
    },
  }),
)
const { proxy } = lab
const place: Place = {
  proxy,
  ca: readFileSync(proxy.ca, 'utf8'),
  ports: { http: lab.http.port, https: lab.https.port, http2: h2.port, ws: ws.port },
}

const pid = proxy.process.pid ?? 0
const before = look(pid)
console.log(`  minute  RSS MiB      sockets  flows  (${workers} workers, ${minutes} minutes)`)
const stop = new AbortController()
const samples: Sample[] = []
const sampling = setInterval(() => sample(), SAMPLE_MS)
const running = KINDS.map((kind) => drive(kind, place, stop.signal))
await sleep(minutes * 60_000)
stop.abort()
const tallies = await Promise.all(running)
clearInterval(sampling)
closeClients()
const failures: string[] = []
for (const [i, { done, failed, reasons }] of tallies.entries()) {
  const why = [...reasons].map(([reason, count]) => `${count}x ${reason}`).join('; ')
  console.log(`${(KINDS[i]?.name ?? '').padEnd(16)} ${done} done, ${failed} failed ${why}`)
  if (failed > done / 1_000) failures.push(`${KINDS[i]?.name}: ${failed} failed`)
}

await sleep((ORIGIN_IDLE_S + 5) * 1_000)
const after = look(pid)
const text = await (await fetch(`http://127.0.0.1:${proxy.consolePort}/metrics`)).text()
const gauge = (name: string) =>
  (parseExposition(text) ?? [])
    .filter((one) => one.name === name)
    .reduce((n, one) => n + one.value, 0)
const clients = gauge('cordon_client_connections')
const held = gauge('cordon_held_bytes')
const leaked = after.sockets - before.sockets
console.log(
  `sockets ${before.sockets} before, ${after.sockets} after; ${clients} client connections, ${held} bytes held`,
)
if (clients > 0) failures.push(`${clients} client connections are left`)
if (leaked > 0) failures.push(`${leaked} sockets are left`)
if (held > 0) failures.push(`${held} bytes are held for nobody`)

const [early, late] = [quarter(1), quarter(3)]
const growth = (late - early) / early
console.log(
  `RSS, median of the second quarter ${early.toFixed(0)} MiB, of the last ${late.toFixed(0)} MiB (${(100 * growth).toFixed(1)} %)`,
)
if (growth > 0.1) failures.push(`memory has grown by ${(100 * growth).toFixed(1)} %`)

const said = proxy
  .said()
  .split('\n')
  .filter((line) => /error|warning/.test(line))
for (const line of said.slice(0, 20)) console.log(line)
if (said.some((line) => line.includes('error'))) failures.push('the proxy has said so itself')
proxy.process.kill('SIGTERM')
const [code] = await once(proxy.process, 'exit')
if (code !== 0) failures.push(`the proxy ended with ${code}`)
const rows = new Map<string, number>()
let open = 0
for (const { path, outcome, action } of proxy.query<Row>(
  'SELECT path, outcome, action FROM flows',
)) {
  if (outcome === 'open') open++
  if (path !== null && action === 'allow') rows.set(path, (rows.get(path) ?? 0) + 1)
}
const lost = [...seen].filter((path) => !rows.has(path))
const doubled = [...rows].filter(([, count]) => count > 1)
for (const { error, outcome, n } of proxy.query<Record<string, unknown>>(
  'SELECT outcome, error, count(*) AS n FROM flows GROUP BY outcome, error ORDER BY n DESC',
)) {
  console.log(`${String(n).padStart(8)} ${outcome} ${error ?? ''}`)
}
const { breaks } = verifyAuditLog(proxy.database)
console.log(
  `${seen.size} requests at origins, ${lost.length} without a row, ${twice} twice, ${doubled.length} with two rows, ${open} open, ${breaks.length} breaks in the chain`,
)
if (lost.length + twice + open + breaks.length > 0) failures.push('the log is not what happened')
for (const failure of failures) console.error(`FAILED: ${failure}`)
process.exitCode = failures.length === 0 ? 0 : 1

interface Row {
  readonly path: string | null
  readonly outcome: string
  readonly action: string
}

interface Sample {
  readonly rssMb: number
  readonly sockets: number
}

function sample(): void {
  const now = look(pid)
  samples.push(now)
  const minute = ((samples.length * SAMPLE_MS) / 60_000).toFixed(1)
  if (samples.length % 6 !== 0) return
  console.log(
    `${minute.padStart(8)} ${now.rssMb.toFixed(0).padStart(8)} ${String(now.sockets).padStart(12)} ${String(seen.size).padStart(6)}`,
  )
}

function quarter(which: number): number {
  const part = samples.slice((which * samples.length) / 4, ((which + 1) * samples.length) / 4)
  const sorted = part.map(({ rssMb }) => rssMb).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Of the process and its children. */
function look(root: number): Sample {
  let rssMb = 0
  let sockets = 0
  for (const one of [root, ...childrenOf(root)]) {
    const status = readFileSync(`/proc/${one}/status`, 'utf8')
    rssMb += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024
    sockets += socketsOf(one)
  }
  return { rssMb, sockets }
}

function childrenOf(parent: number): number[] {
  const text = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** Descriptors come and go while they are looked at. */
function socketsOf(pid: number): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((name) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link.startsWith('socket:')).length
}
