/** The log's promises, tried on a running proxy: no row, no egress; no log, no traffic. */

import { spawn } from 'node:child_process'
import http from 'node:http'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { curl, hasProgram } from '../support/clients.ts'
import { openLab } from '../support/lab.ts'
import { missing, root } from '../support/needs.ts'
import { startProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'

describe('killed with SIGKILL under load', () => {
  test.each([1, 2, 3])(
    'no request reached an origin without its decision in the log (round %i)',
    async (round) => {
      await using lab = await openLab()
      let stop = false
      let sent = 0
      const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
      const call = async (worker: number) => {
        while (!stop) {
          const path = `/${round}-${worker}-${sent++}`
          await new Promise((resolve) => {
            const target = `http://api.de.test:${lab.http.port}${path}`
            const { port } = lab.proxy
            const headers = { Host: `api.de.test:${lab.http.port}` }
            http
              .get({ agent, host: '127.0.0.1', port, path: target, headers }, (response) => {
                response.resume().on('close', resolve)
              })
              .on('error', resolve)
          })
        }
      }
      const workers = Array.from({ length: 64 }, (_, i) => call(i))
      await eventually('some load', () => lab.http.seen.length > 500)
      await lab.proxy.stop('SIGKILL')
      stop = true
      await Promise.all(workers)
      agent.destroy()
      const decided = new Set(
        lab.proxy
          .query<{ path: string }>('SELECT path FROM flows')
          .map(({ path }) => `GET ${path}`),
      )
      expect(lab.http.seen.length).toBeGreaterThan(500)
      expect(lab.http.seen.filter((line) => !decided.has(line))).toEqual([])
      expect(verifyAuditLog(lab.proxy.database).breaks).toEqual([])
    },
  )

  test('the next start closes what was open, and the chain goes on', async () => {
    await using lab = await openLab({ http: { handler: () => {} } })
    const call = curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)
    await eventually('the request to be under way', () => lab.http.seen.length === 1)
    await lab.proxy.stop('SIGKILL')
    await call
    expect(lab.proxy.flows()).toMatchObject([{ outcome: 'open' }])
    await using again = await startProxy({ dir: lab.dir, files: {} })
    expect(again.said()).toContain('1 flows of an earlier run')
    expect(again.flows()).toMatchObject([{ outcome: 'failed', error: 'interrupted' }])
    const metrics = await fetch(`http://127.0.0.1:${again.consolePort}/metrics`)
    expect(await metrics.text()).toMatch(/^cordon_flows_total\{[^}]*outcome="failed"\} 1$/m)
    expect(verifyAuditLog(again.database).ok).toBe(true)
  })
})

describe('a log that cannot be written', () => {
  test('lets nothing pass, says so to clients and at /readyz, and recovers', async () => {
    await using lab = await openLab()
    const url = `http://api.de.test:${lab.http.port}/`
    const ready = async () =>
      (await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/readyz`)).status
    expect(await ready()).toBe(200)

    const other = new Database(lab.proxy.database)
    other.exec('BEGIN IMMEDIATE')
    const refused = await curl(lab.proxy, url)
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'audit-unavailable', flow: null })
    expect(lab.http.seen).toEqual([])
    expect(await ready()).toBe(503)
    expect((await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/healthz`)).status).toBe(200)
    expect(lab.proxy.said()).toContain('nothing passes')

    other.exec('ROLLBACK')
    other.close()
    await eventually('the log to work again', async () => (await ready()) === 200)
    expect((await curl(lab.proxy, url)).status).toBe(200)
    expect(verifyAuditLog(lab.proxy.database).ok).toBe(true)
  })

  test.skipIf(missing(root))(
    'because the disk is full: the same, and nothing is lost',
    async () => {
      await using lab = await openLab()
      const data = join(lab.dir, 'small')
      hasProgram('mkdir', data)
      hasProgram('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data)
      try {
        await using proxy = await startProxy({ dir: lab.dir, files: {}, args: ['--data', data] })
        const url = `http://api.de.test:${lab.http.port}/`
        expect((await curl(proxy, url)).status).toBe(200)
        const before = lab.http.seen.length
        hasProgram('dd', 'if=/dev/zero', `of=${join(data, 'filler')}`, 'bs=4k')
        const answers = []
        for (let i = 0; i < 50; i++) answers.push((await curl(proxy, `${url}${i}`)).status)
        expect(answers.at(-1)).toBe(503)
        expect(lab.http.seen.length - before).toBe(
          answers.filter((status) => status === 200).length,
        )
        hasProgram('rm', join(data, 'filler'))
        await eventually(
          'the log to work again',
          async () => (await curl(proxy, url)).status === 200,
        )
        await proxy.settled(1)
        expect(verifyAuditLog(proxy.database).ok).toBe(true)
      } finally {
        hasProgram('umount', '-l', data)
      }
    },
  )
})

test('two proxies do not share one log', async () => {
  await using lab = await openLab()
  await expect(startProxy({ dir: lab.dir, files: {} })).rejects.toThrow(
    /ended with 3[\s\S]*another cordon is running/,
  )
})

test('SIGTERM lets a call under way end, and the log says that the proxy stopped', async () => {
  let finish: () => void = () => {}
  await using lab = await openLab({
    http: {
      handler: (_, response) => {
        finish = () => response.end('late')
      },
    },
  })
  const call = curl(lab.proxy, `http://api.de.test:${lab.http.port}/`)
  await eventually('the request to be under way', () => lab.http.seen.length === 1)
  lab.proxy.process.kill('SIGTERM')
  await eventually('the proxy to accept nothing more', () => lab.proxy.said().includes('stopping'))
  finish()
  expect(await call).toMatchObject({ status: 200, body: 'late' })
  expect(await lab.proxy.ended).toBe(0)
  expect(lab.proxy.flows()).toMatchObject([{ outcome: 'forwarded' }])
  const actions = lab.proxy
    .query<{ action: string }>('SELECT action FROM admin_actions')
    .map(({ action }) => action)
  expect(actions).toEqual(['ca-create', 'reviewer-token-issue', 'start', 'stop'])
})

test('a person reads the log with sqlite3 while the proxy writes', async () => {
  await using lab = await openLab()
  await curl(lab.proxy, `https://api.us.test:${lab.https.port}/`)
  const sqlite = spawn('sqlite3', [
    '-readonly',
    lab.proxy.database,
    'SELECT host, outcome FROM cross_region_flows',
  ])
  let out = ''
  for await (const text of sqlite.stdout) out += text
  expect(out).toBe('api.us.test|blocked\n')
})
