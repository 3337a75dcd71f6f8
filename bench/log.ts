/**
 * `node bench/log.ts`: what the audit log costs a flow, decision and outcome, in microseconds of CPU, without sockets and policy. As many
 * flows at a time as connections would bring in one turn of the event loop. CPU is that of the whole process, `main` that of the thread
 * that also serves traffic. Then single flows at a given rate: how long a decision takes, as its request waits for it.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { AuditLog } from '../src/audit/log.ts'
import { ANONYMOUS } from '../src/model/agent.ts'
import type { DecisionContext, Ending } from '../src/model/audit-record.ts'
import { parseAuthority } from '../src/model/authority.ts'
import type { Verdict } from '../src/model/verdict.ts'

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '1,4,16,64' },
    flows: { type: 'string', default: '40000' },
    rounds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '1000' },
    /** Where the database is made: what a commit costs depends on the file system. */
    folder: { type: 'string', default: tmpdir() },
  },
})
const [flows, rounds, rate] = [Number(values.flows), Number(values.rounds), Number(values.rate)]
const ENDING: Ending = {
  outcome: 'forwarded',
  status: 200,
  dialedIp: '192.0.2.10',
  bytesOut: 312,
  bytesIn: 1_312,
  error: null,
}

interface Measured {
  readonly cpu: number
  readonly system: number
  readonly main: number
  readonly wall: number
}

console.log('a flow, median'.padEnd(16) + heading('CPU µs', 'system', 'main', 'flows/s'))
for (const batch of values.batch.split(',').map(Number)) {
  const all: Measured[] = []
  await withLog(async (log) => {
    // The first round warms up and does not count.
    for (let i = 0; i <= rounds; i++) all.push(await measure(log, batch))
  })
  const of = (figure: keyof Measured) => median(all.slice(1).map((each) => each[figure]))
  const figures = [of('cpu'), of('system'), of('main')].map((each) => each.toFixed(2))
  console.log(`${batch} at a time`.padEnd(16) + heading(...figures, (1e6 / of('wall')).toFixed(0)))
}
if (rate > 0) await withLog(measureRate)

async function measure(log: AuditLog, batch: number): Promise<Measured> {
  const contexts = Array.from({ length: batch }, contextOf)
  const start = performance.now()
  const before = process.cpuUsage()
  const beforeMain = process.threadCpuUsage()
  for (let done = 0; done < flows; done += batch) {
    const ids = await Promise.all(contexts.map((context) => log.decide(decisionOf(context), false)))
    for (const flow of ids) log.settle({ flow, at: Date.now(), ending: ENDING })
  }
  const { user, system } = process.cpuUsage(before)
  const main = process.threadCpuUsage(beforeMain)
  const wall = (performance.now() - start) * 1e3
  return {
    cpu: (user + system) / flows,
    system: system / flows,
    main: (main.user + main.system) / flows,
    wall: wall / flows,
  }
}

async function measureRate(log: AuditLog): Promise<void> {
  const context = contextOf()
  const took: number[] = []
  const secs = 3
  const start = performance.now()
  const before = process.cpuUsage()
  for (let i = 0; i < rate * secs; i++) {
    const early = start + (i * 1e3) / rate - performance.now()
    if (early > 0) await sleep(early)
    const began = performance.now()
    const flow = await log.decide(decisionOf(context), false)
    took.push((performance.now() - began) * 1e3)
    log.settle({ flow, at: Date.now(), ending: ENDING })
  }
  const { user, system } = process.cpuUsage(before)
  took.sort((a, b) => a - b)
  const at = (share: number) => (took[Math.floor(took.length * share)] ?? Number.NaN).toFixed(0)
  console.log(
    `${rate} a second: decided after ${at(0.5)} µs, p99 ${at(0.99)} µs; CPU ${((user + system) / took.length).toFixed(1)} µs a flow, timers included`,
  )
}

async function withLog(work: (log: AuditLog) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(values.folder, 'cordon-bench-log-'))
  try {
    const log = new AuditLog({ path: join(folder, 'audit.db') })
    await work(log)
    await log.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function decisionOf(context: DecisionContext) {
  return {
    context,
    at: Date.now(),
    method: 'GET',
    path: '/v1/chat/completions',
    protocol: 'HTTP/1.1',
    ending: null,
  }
}

/** One connection's: many connections have many that say the same. */
function contextOf(): DecisionContext {
  const parsed = parseAuthority('api.example.com:443', null)
  if ('fault' in parsed) throw new Error(parsed.fault)
  const verdict: Verdict = {
    action: 'allow',
    code: null,
    placement: 'inside',
    zone: { name: 'EEA', countries: new Set(['DE']) },
    rule: null,
    because: null,
    reason: 'DE is inside',
    upgrades: false,
    rules: [],
    terms: null,
    holding: [],
    redact: null,
    would: null,
  }
  return {
    flow: {
      mode: 'connect',
      scheme: 'https',
      clientIp: '127.0.0.1',
      agent: ANONYMOUS,
      inspection: 'headers',
    },
    authority: parsed.value,
    destination: null,
    verdict,
    policyDigest: 'f'.repeat(64),
    enforced: true,
    hold: null,
    would: null,
  }
}

function heading(...cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(10)).join('')
}

function median(all: readonly number[]): number {
  return [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN
}
