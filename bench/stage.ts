/**
 * The upstreams and the peers while a benchmark runs: starts a peer when it is first needed, keeps
 * it for the next round unless the workload wants a fresh one, and turns whatever goes wrong into a
 * row that counts for nothing.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SINK_PORT, WEB_PORT } from './clients.ts'
import { drive, prime } from './drive.ts'
import type { Row } from './measure.ts'
import type { Options } from './options.ts'
import type { Peer } from './peers.ts'
import { type Running, startServer } from './processes.ts'
import { RUN } from './setup.ts'
import type { Workload } from './workloads.ts'

export interface Stage {
  /** Never rejects: a failure is a row without requests. */
  measure(workload: Workload, peer: Peer, round: number): Promise<Row>
  close(): Promise<void>
}

const PRIME_MS = 15_000

/** @throws when an upstream does not start. */
export async function openStage({ seconds, proxyCpu, clientCpu }: Options): Promise<Stage> {
  const web = ['nginx', '-c', join(RUN, 'upstream.conf')]
  const sink = ['./sink', String(SINK_PORT), 'ca/upstream.pem', 'ca/upstream.key']
  const upstreams = [
    await startServer('upstream', web, WEB_PORT, clientCpu),
    await startServer('sink', sink, SINK_PORT, clientCpu),
  ]
  const running = new Map<string, Running>()

  async function boot(peer: Peer): Promise<Running> {
    peer.prepare?.()
    const server = await startServer(peer.name, peer.start, peer.port, proxyCpu, peer.env)
    running.set(peer.name, server)
    await waitUntilItAnswers(peer)
    return server
  }

  async function stop(peer: Peer): Promise<void> {
    await running.get(peer.name)?.stop()
    running.delete(peer.name)
  }

  return {
    async measure(workload, peer, round) {
      const about = { workload: workload.name, peer: peer.name, round }
      try {
        if (workload.freshProcess) await stop(peer)
        const server = peer.mode === 'none' ? null : (running.get(peer.name) ?? (await boot(peer)))
        const measured = await drive(workload, peer, server?.pid ?? null, seconds, clientCpu)
        if (workload.freshProcess) await stop(peer)
        return { ...about, ...measured }
      } catch (error) {
        await stop(peer)
        const text = error instanceof Error ? error.message : String(error)
        return { ...about, figures: {}, requests: 0, errors: 1, notOk: 0, late: 0, error: text }
      }
    },
    async close() {
      for (const server of [...running.values(), ...upstreams]) await server.stop()
    },
  }
}

/** A listening port is not yet a working proxy: interpreters and helpers need a moment. */
async function waitUntilItAnswers(peer: Peer): Promise<void> {
  for (const deadline = Date.now() + PRIME_MS; ; await sleep(250)) {
    const { requests, errors, notOk, error } = await prime(peer)
    if (requests > 0 && errors + notOk === 0) return
    if (Date.now() > deadline) throw new Error(`${peer.name} does not answer: ${error}`)
  }
}
