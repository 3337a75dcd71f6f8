/** Several processes on one port: to whoever looks from outside they are one proxy. */

import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { cordon } from '../cli/cordon.ts'
import { curl, openTunnel } from '../support/clients.ts'
import { type Lab, type LabOptions, openLab } from '../support/lab.ts'
import { linux, missing } from '../support/needs.ts'
import type { TestProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

const openCrew = (options: LabOptions = {}) => openLab({ workers: 2, ...options })

/** The processes that serve. */
function workersOf({ process: { pid } }: TestProxy): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const isWorker = (child: string) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('worker.ts')
  return text.trim().split(' ').filter(isWorker).map(Number)
}

/** Whose connection that is, by the tables of the kernel: its number among `workers`. */
function holderOf(workers: readonly number[], clientPort: number): number {
  return workers.findIndex((pid) => socketsOf(pid).has(clientPort))
}

function socketsOf(pid: number): Set<number> {
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)
  const byInode = new Map(
    lines.flatMap((line) => {
      const fields = line.trim().split(/\s+/)
      const port = fields[2]?.split(':')[1]
      return port ? [[fields[9], Number.parseInt(port, 16)] as const] : []
    }),
  )
  const open = new Set<number>()
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const link = readlink(`/proc/${pid}/fd/${name}`)
    const port = byInode.get(/^socket:\[(\d+)\]$/.exec(link)?.[1])
    if (port !== undefined) open.add(port)
  }
  return open
}

/** Descriptors come and go while they are looked at. */
function readlink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** An origin that answers `/hang` when the test does. */
function hangs() {
  const hanging: http.ServerResponse[] = []
  const handler: http.RequestListener = (request, response) => {
    if (request.url === '/hang') hanging.push(response)
    else response.end('hello')
  }
  return { hanging, handler }
}

async function ofConsole({ proxy }: Lab, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${proxy.consolePort}${path}`)).text()
}

interface Client {
  readonly socket: Socket
  readonly worker: number
}

/** Connections to the proxy, some of them with each of the processes. */
async function connectToBoth(lab: Lab, stack: AsyncDisposableStack): Promise<Client[]> {
  const workers = workersOf(lab.proxy)
  const clients: Client[] = []
  await eventually('a connection with each process', async () => {
    const socket = connect(lab.proxy.port, '127.0.0.1')
    stack.defer(() => void socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'connect')
    // Accepted only when something has come of it.
    await ask(socket, `http://api.de.test:${lab.http.port}/hello`)
    clients.push({ socket, worker: holderOf(workers, socket.localPort ?? 0) })
    return new Set(clients.map(({ worker }) => worker)).size === workers.length
  })
  expect(clients.every(({ worker }) => worker >= 0)).toBe(true)
  return clients
}

/** @returns the status */
async function ask(socket: Socket, url: string): Promise<number> {
  return Number((await exchange(socket, url)).slice(9, 12))
}

/** @param body sent as JSON; null for a GET. @returns the answer as it came */
async function exchange(socket: Socket, url: string, body: string | null = null): Promise<string> {
  const { host } = new URL(url)
  const fields =
    body === null ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  socket.write(
    `${body === null ? 'GET' : 'POST'} ${url} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n${body ?? ''}`,
  )
  let text = ''
  while (!isWhole(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString('latin1')
  }
  return text
}

function isWhole(text: string): boolean {
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  return length === undefined
    ? text.endsWith('\r\n0\r\n\r\n')
    : text.length >= end + 4 + Number(length)
}

describe.skipIf(missing(linux))('two processes', () => {
  test('one that is started while the policy changes follows it', async () => {
    await using lab = await openCrew()
    const [slow = 0, lost = 0] = workersOf(lab.proxy)
    const url = `http://api.de.test:${lab.http.port}/`
    const status = async () => (await curl(lab.proxy, url)).status
    process.kill(slow, 'SIGSTOP')
    const file = join(lab.dir, 'cordon.yaml')
    const rule = '{ id: no-more, because: changed, when: { host: api.de.test }, then: block }'
    writeFileSync(file, `${readFileSync(file, 'utf8')}\nrules: [${rule}]\n`)
    lab.proxy.process.kill('SIGHUP')
    await sleep(500)
    process.kill(lost, 'SIGKILL')
    // Served by the one in its place, under the policy that is still in force.
    expect(await eventually('the new process', status)).toBe(200)
    process.kill(slow, 'SIGCONT')
    await eventually('the reload', () => lab.proxy.said().includes('policy reloaded'))
    for (let i = 0; i < 12; i++) expect(await status()).toBe(403)
  })

  test('are one port, one log without a gap, and one set of counters', async () => {
    await using lab = await openCrew()
    await using stack = new AsyncDisposableStack()
    const before = (await connectToBoth(lab, stack)).length
    const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
    stack.defer(() => agent.destroy())
    const call = (i: number) =>
      new Promise((resolve, reject) => {
        const { port } = lab.proxy
        const headers = { Host: `api.de.test:${lab.http.port}` }
        const path = `http://api.de.test:${lab.http.port}/${i}`
        http
          .get({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode))
          })
          .on('error', reject)
      })
    const statuses = await Promise.all(Array.from({ length: 300 }, (_, i) => call(i)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    await lab.proxy.settled(before + 300)
    const paths = new Set(lab.proxy.flows().map(({ path }) => path))
    expect(paths.size).toBe(301)
    const report = verifyAuditLog(lab.proxy.database)
    expect(report.breaks).toEqual([])
    const [{ rows, last } = { rows: 0, last: -1 }] = lab.proxy.query<Record<string, number>>(
      `SELECT count(*) AS rows, max(seq) AS last FROM
         (SELECT seq FROM decisions UNION ALL SELECT seq FROM outcomes UNION ALL SELECT seq FROM admin)`,
    )
    expect(rows).toBe(last)
    const metrics = await (await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)).text()
    expect(metrics).toContain('\ncordon_workers 2\n')
    expect(metrics).toMatch(
      new RegExp(`\\ncordon_flows_total\\{[^}]*outcome="forwarded"\\} ${before + 300}\\n`),
    )
  })

  test('a process that is killed takes its flows with it, on record, and is replaced', async () => {
    const { hanging, handler } = hangs()
    await using lab = await openCrew({ http: { handler } })
    await using stack = new AsyncDisposableStack()
    const clients = await connectToBoth(lab, stack)
    const victim = clients.find(({ worker }) => worker === 0)
    const survivor = clients.find(({ worker }) => worker === 1)
    const url = `http://api.de.test:${lab.http.port}/hang`
    const lost = ask(victim?.socket as Socket, url).catch(() => 0)
    const kept = ask(survivor?.socket as Socket, url)
    await eventually('both to be under way', () => hanging.length === 2)
    const before = workersOf(lab.proxy)
    process.kill(before[0] ?? 0, 'SIGKILL')
    await once(victim?.socket as Socket, 'close')
    await eventually('a new process', () => {
      const now = workersOf(lab.proxy)
      return now.length === 2 && !now.includes(before[0] ?? 0)
    })
    for (const response of hanging) response.end('late')
    expect(await kept).toBe(200)
    void lost
    await lab.proxy.settled(clients.length + 2)
    const hung = lab.proxy.flows().filter(({ path }) => path === '/hang')
    expect(hung.map(({ outcome, error }) => [outcome, error]).sort()).toEqual([
      ['failed', 'interrupted'],
      ['forwarded', null],
    ])
    expect(
      lab.proxy.query('SELECT subject, detail FROM admin WHERE action = ?', 'worker-exit'),
    ).toEqual([
      {
        subject: `process ${before[0]}`,
        detail: 'SIGKILL; flows without an end, recorded as failed: 1',
      },
    ])
    await connectToBoth(lab, stack)
    expect(verifyAuditLog(lab.proxy.database).breaks).toEqual([])
    // What it took with it is counted by the one that stays.
    const metrics = await ofConsole(lab, '/metrics')
    expect(metrics).toContain('\ncordon_worker_exits_total 1\n')
    expect(metrics).toMatch(
      /\ncordon_flows_total\{placement="inside",action="allow",outcome="failed"\} 1\n/,
    )
    expect(JSON.parse(await ofConsole(lab, '/readyz'))).toEqual({
      status: 'ready',
      mode: 'enforce',
      workers: { serving: 2, exits: 1 },
    })
  })

  test('a process whose event loop hangs is ended and replaced, after a while', async () => {
    const { hanging, handler } = hangs()
    await using lab = await openCrew({ http: { handler } })
    await using stack = new AsyncDisposableStack()
    const clients = await connectToBoth(lab, stack)
    const before = workersOf(lab.proxy)
    const [hung = 0, other = 0] = before
    const victim = clients.find(({ worker }) => worker === 0)
    const lost = ask(victim?.socket as Socket, `http://api.de.test:${lab.http.port}/hang`)
    lost.catch(() => {})
    await eventually('the call to be under way', () => hanging.length === 1)
    process.kill(hung, 'SIGSTOP')
    await eventually('a new process', async () => {
      const now = workersOf(lab.proxy)
      const { workers } = JSON.parse(await ofConsole(lab, '/readyz'))
      return now.length === 2 && !now.includes(hung) && workers.serving === 2
    })
    // It was the only one.
    expect(workersOf(lab.proxy)).toContain(other)
    expect(
      lab.proxy.query('SELECT subject, detail FROM admin WHERE action = ?', 'worker-exit'),
    ).toEqual([
      {
        subject: `process ${hung}`,
        detail: 'did not answer for 15 seconds; flows without an end, recorded as failed: 1',
      },
    ])
    expect(lab.proxy.flows().filter(({ path }) => path === '/hang')).toMatchObject([
      { outcome: 'failed', error: 'interrupted' },
    ])
  })

  test('all of them killed at once are replaced on the same port', async () => {
    await using lab = await openCrew()
    for (const pid of workersOf(lab.proxy)) process.kill(pid, 'SIGKILL')
    await eventually('new processes', async () => {
      const answer = await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)
      return workersOf(lab.proxy).length === 2 && answer.status === 200
    })
  })

  test('a changed policy is in force in both before it is said to be', async () => {
    await using lab = await openCrew()
    await using stack = new AsyncDisposableStack()
    const clients = await connectToBoth(lab, stack)
    const path = join(lab.dir, 'cordon.yaml')
    const text = readFileSync(path, 'utf8')
    const url = `http://api.de.test:${lab.http.port}/`
    for (const [home, status] of [
      ['US', 403],
      ['EEA', 200],
    ] as const) {
      const said = lab.proxy.said().length
      writeFileSync(path, text.replace('home: EEA', `home: ${home}`))
      lab.proxy.process.kill('SIGHUP')
      await eventually('the reload', () => lab.proxy.said().slice(said).includes('policy reloaded'))
      for (const { socket } of clients) expect(await ask(socket, url)).toBe(status)
    }
    const said = lab.proxy.said().length
    writeFileSync(path, `${text}\nhome: NOWHERE\n`)
    lab.proxy.process.kill('SIGHUP')
    await eventually('the complaint', () => lab.proxy.said().slice(said).includes('last good'))
    for (const { socket } of clients) expect(await ask(socket, url)).toBe(200)
    // Who comes later enforces what the others do, not what the file says now.
    for (const pid of workersOf(lab.proxy)) process.kill(pid, 'SIGKILL')
    await eventually('new processes', async () => (await curl(lab.proxy, url)).status === 200)
  })

  test('told to stop, they let calls end, and the log has no open flow', async () => {
    const { hanging, handler } = hangs()
    await using lab = await openCrew({ http: { handler } })
    await using stack = new AsyncDisposableStack()
    const clients = await connectToBoth(lab, stack)
    const url = `http://api.de.test:${lab.http.port}/hang`
    const some = [0, 1].map((i) => clients.find(({ worker }) => worker === i)?.socket as Socket)
    const answers = some.map((socket) => ask(socket, url))
    await eventually('both to be under way', () => hanging.length === 2)
    const stopped = lab.proxy.stop('SIGTERM')
    await eventually('the port to be closed', async () => {
      const socket = connect(lab.proxy.port, '127.0.0.1')
      const [event] = await Promise.race([
        once(socket, 'connect').then(() => ['open']),
        once(socket, 'error').then(() => ['closed']),
      ]).catch(() => ['closed'])
      socket.destroy()
      return event === 'closed'
    })
    for (const response of hanging) response.end('late')
    expect(await Promise.all(answers)).toEqual([200, 200])
    expect(await stopped).toBe(0)
    expect(lab.proxy.flows().filter(({ outcome }) => outcome !== 'forwarded')).toEqual([])
    expect(
      lab.proxy.query<{ action: string }>('SELECT action FROM admin ORDER BY seq').at(-1)?.action,
    ).toBe('stop')
    expect(verifyAuditLog(lab.proxy.database).breaks).toEqual([])
  })

  test('do not outlive the process that has the log', async () => {
    await using lab = await openCrew()
    const workers = workersOf(lab.proxy)
    await lab.proxy.stop('SIGKILL')
    await eventually('the processes to end', () => workers.every((pid) => !isAlive(pid)))
    await using again = await lab.restart()
    expect((await curl(again, `http://api.de.test:${lab.http.port}/`)).status).toBe(200)
  })

  test('signals of a terminal that reach them all mean one thing', async () => {
    await using lab = await openCrew()
    const workers = workersOf(lab.proxy)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      for (const pid of workers) process.kill(pid, signal)
    }
    expect((await curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)).status).toBe(200)
    expect(workersOf(lab.proxy)).toEqual(workers)
  })

  test('a session of TLS is resumed with whichever accepts', async () => {
    await using lab = await openCrew()
    await using stack = new AsyncDisposableStack()
    const authority = `api.de.test:${lab.https.port}`
    const ca = readFileSync(lab.proxy.ca)
    const workers = workersOf(lab.proxy)
    let session: Buffer | undefined
    const seen = new Set<number>()
    let handshakes = 0
    let resumed = 0
    await eventually('both to have resumed', async () => {
      const socket = await openTunnel(lab.proxy, authority)
      stack.defer(() => void socket.destroy())
      const secure = tls.connect({
        ...{ socket, servername: 'api.de.test', ca, ALPNProtocols: ['http/1.1'] },
        ...(session ? { session } : {}),
      })
      const ticket = once(secure, 'session') as Promise<[Buffer]>
      await once(secure, 'secureConnect')
      seen.add(holderOf(workers, socket.localPort ?? 0))
      handshakes++
      if (secure.isSessionReused()) resumed++
      session = (await ticket)[0]
      secure.destroy()
      return handshakes > 5 && seen.size === 2
    })
    expect(resumed).toBe(handshakes - 1)
  })

  test('a request that has been at one of them is refused by both', async () => {
    await using lab = await openCrew()
    await using stack = new AsyncDisposableStack()
    const url = `http://api.de.test:${lab.http.port}/`
    const clients = await connectToBoth(lab, stack)
    expect(await ask(clients[0]?.socket as Socket, url)).toBe(200)
    const head = lab.http.heads.at(-1) ?? []
    const host = `Host: api.de.test:${lab.http.port}`
    for (const { socket } of clients) {
      socket.write(
        `GET ${url} HTTP/1.1\r\n${host}\r\nVia: ${head[head.indexOf('Via') + 1]}\r\n\r\n`,
      )
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toContain('proxy-loop')
    }
  })

  test('what a client has accepted at one counts at both', async () => {
    await using lab = await openCrew()
    const ca = readFileSync(lab.proxy.ca, 'utf8')
    const workers = workersOf(lab.proxy)
    const call = await curl(lab.proxy, `https://api.fr.test:${lab.https.port}/`)
    expect(call.status).toBe(200)
    const rows = () => lab.proxy.flows().filter(({ host }) => host === 'api.de.test')
    const pinned = new Set<number>()
    await eventually('both to know of the other host', async () => {
      const before = rows().length
      const socket = await openTunnel(lab.proxy, `api.de.test:${lab.https.port}`)
      const holder = holderOf(workers, socket.localPort ?? 0)
      const secure = tls.connect({ socket, servername: 'api.de.test', ca })
      await once(secure, 'secureConnect')
      secure.destroy()
      const row = await eventually('its row', () => rows()[before])
      if (`${row.reason}`.includes('accepts those for other hosts')) pinned.add(holder)
      return pinned.size === 2
    })
  })

  test('what one has learned of a host holds for both', async () => {
    const bucket = 's3.eu-central-1.amazonaws.com'
    await using lab = await openCrew({
      records: { [bucket]: { A: ['127.0.0.10'] } },
      config: `
home: [EEA, US]
destinations: [{ cidr: 127.0.0.0/8, because: a lab without declared places }]
residency: { breaker: true }`,
      http: {
        handler: (request, response) => {
          const region = request.url === '/abroad' ? 'ap-northeast-1' : 'eu-central-1'
          response.setHeader('X-Amz-Bucket-Region', region).end('x')
        },
      },
    })
    await using stack = new AsyncDisposableStack()
    const hosts = `http://${bucket}:${lab.http.port}`
    const clients = await connectToBoth(lab, stack)
    for (const { socket } of clients) expect(await ask(socket, `${hosts}/here`)).toBe(200)
    expect(await ask(clients[0]?.socket as Socket, `${hosts}/abroad`)).toBe(200)
    for (const { socket } of clients) {
      await eventually('distrust', async () => (await ask(socket, `${hosts}/here`)) === 503)
    }
    const cleared = await cordon(lab.dir, ['residency', 'clear', bucket])
    expect(cleared.code).toBe(0)
    for (const { socket } of clients) {
      await eventually('trust', async () => (await ask(socket, `${hosts}/here`)) === 200)
    }
    expect(
      lab.proxy.query('SELECT count(*) AS n FROM admin WHERE action = ?', 'residency-mismatch'),
    ).toEqual([{ n: 1 }])
  })

  test('what one has put in place of a value the other restores, and those that come later', async () => {
    const mail = 'erika.mustermann@example.org'
    const got: string[] = []
    await using lab = await openCrew({
      config: `
rules:
  - { id: names, because: a test, when: { host: api.de.test }, redact: { out: email, with: token } }`,
      http: {
        handler: async (request, response) => {
          const body = Buffer.concat(await request.toArray()).toString()
          if (request.method === 'POST') got.push(body)
          response.setHeader('Content-Type', 'application/json')
          response.end(request.method === 'POST' ? '{}' : (got.at(-1) ?? '{}'))
        },
      },
    })
    await using stack = new AsyncDisposableStack()
    const url = `http://api.de.test:${lab.http.port}/`
    const clients = await connectToBoth(lab, stack)
    const of = (worker: number) =>
      clients.find((client) => client.worker === worker)?.socket as Socket
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const address = `${from}.${mail}`
      await exchange(of(from), url, JSON.stringify({ to: address }))
      expect(got.at(-1)).toMatch(/^\{"to":"PII_EMAIL_[0-9A-Z]+"\}$/)
      // At once: it did not leave before the other knew it.
      expect(await exchange(of(to), url)).toContain(address)
    }
    // The same value, the same token, whoever gives it.
    for (const worker of [0, 1]) {
      await exchange(of(worker), url, JSON.stringify({ to: mail }))
    }
    expect(got.at(-1)).toBe(got.at(-2))
    // None of those that come now has seen it.
    const before = workersOf(lab.proxy)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await eventually('new processes', async () => {
      const now = workersOf(lab.proxy)
      const { workers } = JSON.parse(await ofConsole(lab, '/readyz'))
      const areNew = now.length === 2 && now.every((pid) => !before.includes(pid))
      return areNew && workers.serving === 2
    })
    const later = await connectToBoth(lab, stack)
    for (const { socket } of later) {
      await eventually('the token to be known', async () =>
        (await exchange(socket, url)).includes(mail),
      )
    }
    // In memory only.
    const files = readdirSync(lab.proxy.dir, { recursive: true, withFileTypes: true })
    for (const file of files.filter((each) => each.isFile())) {
      expect(readFileSync(join(file.parentPath, file.name)).includes('mustermann')).toBe(false)
    }
    expect(lab.proxy.said()).not.toContain('mustermann')
  })

  test('connections of a client are counted together', async () => {
    await using lab = await openCrew({ config: 'limits: { connections_per_client: 60 }' })
    await using stack = new AsyncDisposableStack()
    const sockets: Socket[] = []
    const url = `http://api.de.test:${lab.http.port}/`
    const open = async () => {
      const socket = connect(lab.proxy.port, '127.0.0.1')
      stack.defer(() => void socket.destroy())
      socket.on('error', () => {})
      await once(socket, 'connect')
      sockets.push(socket)
      return ask(socket, url)
    }
    for (let i = 0; i < 58; i++) expect(await open()).toBe(200)
    await eventually('the others to know', async () => (await open()) === 503)
    expect(sockets.length).toBeLessThan(100)
  })
})

test.each([
  [['--workers', '0'], 'a number from 1 to 256'],
  [['--workers', '257'], 'a number from 1 to 256'],
  [['--workers', 'two'], 'a number from 1 to 256'],
])('start %j is refused', async (args, message) => {
  await using lab = await openLab()
  const { code, err } = await cordon(lab.dir, ['start', ...args])
  expect(code).toBe(3)
  expect(err).toContain(message)
})

test('what keeps one from starting is said with its hint, and ends them all with its code', async () => {
  await using lab = await openLab()
  await using stack = new AsyncDisposableStack()
  const taken = createServer().listen(0, '127.0.0.1')
  stack.defer(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  writeFileSync(
    join(lab.dir, 'taken.yaml'),
    `version: 1\nhome: EEA\ndata: ./taken\nca: ./taken-ca\nlisten: { proxy: "127.0.0.1:0", console: "127.0.0.1:0", transparent: "127.0.0.1:${port}" }\n`,
  )
  const args = ['start', '--config', 'taken.yaml', '--workers', '2']
  const { code, err } = await cordon(lab.dir, args)
  expect(err).toContain(`cannot be taken over at 127.0.0.1:${port}`)
  expect(err).toContain('hint: without `--transparent`')
  expect(code).toBe(1)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
