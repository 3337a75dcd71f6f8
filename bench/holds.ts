/**
 * `npm run bench:holds`: what calls cost that wait for a person. Memory of the proxy for each of 5,000 that are parked, on connections of
 * their own and on streams of a few; how long other calls take meanwhile; and how long it takes from the reviewer's yes until the
 * request is with its origin. A real proxy, its API, loopback.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { asReviewer } from '../test/support/desk.ts'
import { type Lab, openLab } from '../test/support/lab.ts'
import { eventually } from '../test/support/wait.ts'

const PARKED = 5_000
const STREAMS = 100
const CALLS = 2_000
const APPROVALS = 200
const CONFIG = `hold: { wait: 10m, max_pending: 20000, max_pending_per_agent: 20000 }
limits: { connections: 20000, connections_per_client: 20000 }`

/** When each request was with the origin, by path. */
const arrived = new Map<string, number>()

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

await withLab(async (lab) => {
  await callOthers(lab, 500)
  print('other calls, nobody waits', sayTimes(await callOthers(lab, CALLS)))
  print(`from yes to the origin, ${APPROVALS} times`, sayTimes(await approveEach(lab, APPROVALS)))
})
await withLab((lab) => measureParked(lab, 'a connection each', park))
await withLab((lab) => measureParked(lab, `${STREAMS} streams a connection`, parkOnStreams))
agent.destroy()

async function withLab(measure: (lab: Lab) => Promise<void>): Promise<void> {
  arrived.clear()
  await using lab = await openLab({
    config: CONFIG,
    http: {
      handler: (request, response) => {
        arrived.set(request.url ?? '', performance.now())
        response.end('ok')
      },
    },
  })
  await measure(lab)
}

async function measureParked(
  lab: Lab,
  how: string,
  begin: (lab: Lab, count: number) => Promise<{ destroy(): void }[]>,
): Promise<void> {
  await callOthers(lab, 500)
  const before = await restingMemory(lab)
  const clients = await begin(lab, PARKED)
  await allPending(lab, PARKED)
  const parked = await restingMemory(lab)
  print(`${PARKED} parked, ${how}`, `${((parked - before) / PARKED).toFixed(1)} KiB each`)
  print('other calls meanwhile', sayTimes(await callOthers(lab, CALLS)))
  for (const client of clients) client.destroy()
}

async function park(lab: Lab, count: number): Promise<net.Socket[]> {
  const held = heldAt(lab)
  const sockets: net.Socket[] = []
  for (let i = 0; i < count; i++) {
    const socket = net.connect(lab.proxy.port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    if (i % 100 === 0) await once(socket, 'connect')
    socket.write(
      `GET http://${held}/park/${i} HTTP/1.1\r\nHost: ${held}\r\nAuthorization: x\r\n\r\n`,
    )
  }
  return sockets
}

async function parkOnStreams(lab: Lab, count: number): Promise<http2.ClientHttp2Session[]> {
  const held = heldAt(lab)
  const sessions: http2.ClientHttp2Session[] = []
  for (let i = 0; i < count; i++) {
    if (i % STREAMS === 0) {
      const session = http2.connect(lab.proxy.url)
      session.on('error', () => {})
      await once(session, 'connect')
      sessions.push(session)
    }
    const head = { ':authority': held, ':scheme': 'http', ':path': `/stream/${i}` }
    sessions
      .at(-1)
      ?.request(head)
      .on('error', () => {})
  }
  return sessions
}

async function allPending({ proxy }: Lab, count: number): Promise<void> {
  await eventually(`${count} to wait`, () => {
    const sql = "SELECT count(*) AS n FROM holds WHERE state = 'pending'"
    return proxy.query<{ n: number }>(sql)[0]?.n === count
  })
}

/** Milliseconds of each call to a host that nobody has to approve. */
async function callOthers(lab: Lab, count: number): Promise<number[]> {
  const free = `api.de.test:${lab.http.port}`
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    const request = http.get({
      agent,
      host: '127.0.0.1',
      port: lab.proxy.port,
      path: `http://${free}/other`,
      headers: { Host: free },
    })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    await once(response, 'end')
    times.push(performance.now() - began)
  }
  return times
}

async function approveEach(lab: Lab, count: number): Promise<number[]> {
  const held = heldAt(lab)
  const admin = asReviewer(lab.proxy)
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const path = `/approve/${i}`
    const request = http.get({
      host: '127.0.0.1',
      port: lab.proxy.port,
      path: `http://${held}${path}`,
      headers: { Host: held },
    })
    const { id } = await admin.pending()
    const began = performance.now()
    const approving = admin.approve(id)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    await Promise.all([approving, once(response, 'end')])
    times.push((arrived.get(path) ?? Number.NaN) - began)
  }
  return times
}

/** KiB, once it has stopped to change much. */
async function restingMemory({ proxy }: Lab): Promise<number> {
  let last = 0
  for (let i = 0; i < 20; i++) {
    await sleep(1_000)
    const status = readFileSync(`/proc/${proxy.process.pid}/status`, 'utf8')
    const now = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
    if (Math.abs(now - last) < 512) return now
    last = now
  }
  return last
}

function heldAt({ http: { port } }: Lab): string {
  return `api.mixed.test:${port}`
}

function sayTimes(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(44)}${figure}`)
}
