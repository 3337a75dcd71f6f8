/** Calls that wait at a running proxy, and people who decide about them by command, by script and in the live list. */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from '../support/clients.ts'
import { type Lab, openLab } from '../support/lab.ts'
import { missing, program } from '../support/needs.ts'
import { PROJECT } from '../support/proxy.ts'
import { openTerminal } from '../support/terminal.ts'
import { eventually } from '../support/wait.ts'
import { cordon } from './cordon.ts'

let lab: Lab
let ada = ''
let bob = ''
beforeAll(async () => {
  lab = await openLab({
    config: `hold: { wait: 30s }
placement: { outside: hold }
reviewers: [{ id: ada, groups: [dpo] }, { id: bob }]
agents: [{ id: crawler, match: { subject: crawler } }]`,
  })
  ada = await issue('reviewers', 'ada')
  bob = await issue('reviewers', 'bob')
})
afterAll(() => lab[Symbol.asyncDispose]())

async function issue(kind: 'reviewers' | 'agents', name: string): Promise<string> {
  const { out } = await cordon(lab.dir, [kind, 'token', name])
  return out.trim()
}

const as = (token: string, ...args: string[]) =>
  cordon(lab.dir, args, { env: { CORDON_TOKEN: token } })

async function json<T = Record<string, unknown>>(token: string, ...args: string[]): Promise<T> {
  const { code, out, err } = await as(token, ...args, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

interface Row {
  readonly id: string
  readonly path: string
  readonly state: string
}

const url = (path: string) => `http://api.us.test:${lab.http.port}${path}`
const arrived = (path: string) => lab.http.seen.filter((one) => one.endsWith(` ${path}`)).length

/** A call, and the hold under which it waits. */
async function held(path: string, ...args: string[]) {
  const answer = curl(lab.proxy, '-d', '{"a":1}', ...args, url(path))
  const hold = await eventually(`a hold of ${path}`, async () => {
    const rows = await json<Row[]>(ada, 'holds')
    return rows.find((row) => row.path === path)
  })
  return { answer, id: hold.id }
}

describe.skipIf(missing(program('curl', '--version')))('a call that waits', () => {
  test('approved by command: passes once, and the next waits again', async () => {
    const { answer, id } = await held('/once')
    expect(arrived('/once')).toBe(0)
    const metrics = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/metrics`)
    expect(await metrics.text()).toMatch(/^cordon_holds_pending 1$/m)
    const { code, out } = await as(ada, 'approve', id.slice(0, 6), '--reason', 'contract')
    expect(code).toBe(0)
    expect(out).toContain('may send the held request, POST')
    expect((await answer).status).toBe(200)
    expect(arrived('/once')).toBe(1)
    const again = await held('/once')
    expect(again.id).not.toBe(id)
    expect((await as(ada, 'approve', id)).code).toBe(1)
    expect((await as(bob, 'deny', again.id)).code).toBe(0)
    expect((await again.answer).status).toBe(403)
    expect(arrived('/once')).toBe(1)
  })

  test('denied: the agent is told why', async () => {
    const { answer, id } = await held('/denied')
    expect((await as(ada, 'deny', id, '--reason', 'use Frankfurt')).code).toBe(0)
    const { status, body } = await answer
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ code: 'hold-denied', hold: id })
    expect(body).toContain('use Frankfurt')
    expect(arrived('/denied')).toBe(0)
  })

  test('a path for a time: others pass until it is revoked', async () => {
    const { answer, id } = await held('/path')
    await as(ada, 'approve', id, '--for', '30m')
    expect((await answer).status).toBe(200)
    expect((await curl(lab.proxy, '-d', '{"a":2}', url('/path'))).status).toBe(200)
    const grants = await json<{ id: string; hold_id: string; used: number }[]>(ada, 'grants')
    const grant = grants.find(({ hold_id }) => hold_id === id)
    expect(grant).toMatchObject({ breadth: 'path', used: 2 })
    expect((await as(bob, 'grants', 'revoke', grant?.id ?? '')).code).toBe(0)
    const next = await held('/path')
    await as(bob, 'deny', next.id)
    expect((await next.answer).status).toBe(403)
    expect(arrived('/path')).toBe(2)
  })

  test('over the API, by a script', async () => {
    const { answer, id } = await held('/script')
    const api = `http://127.0.0.1:${lab.proxy.consolePort}/api/v1/holds/${id}`
    const headers = { Authorization: `Bearer ${ada}`, 'Content-Type': 'application/json' }
    const shown = JSON.parse(await (await fetch(api, { headers })).text())
    expect(shown).toMatchObject({ state: 'pending', waiting: 1, may_decide: true, refusal: null })
    expect(shown.deciders).toEqual(['admin', 'ada', 'bob'])
    expect(shown.outline).toContain('a')
    expect(shown.outline).not.toContain('1')
    const response = await fetch(`${api}/approve`, { method: 'POST', headers, body: '{}' })
    expect(response.status).toBe(200)
    expect((await answer).status).toBe(200)
  })

  test.skipIf(missing(program('python3', '--version')))('in the live list', async () => {
    await using list = openTerminal([process.execPath, join(PROJECT, 'src/cordon.js'), 'holds'], {
      cwd: lab.dir,
      env: { CORDON_TOKEN: ada },
    })
    await list.shows('you are ada')
    const { answer, id } = await held('/live')
    await list.shows(id)
    list.type('\u001b[B\r')
    await list.shows('127.0.0.20')
    list.type('a')
    await list.shows(`approved ${id}`)
    expect((await answer).status).toBe(200)
    list.type('q')
    expect(await list.ended).toBe(0)
  })

  test('--watch --json tells what happens, a line an event', async () => {
    const child = spawn(
      process.execPath,
      [join(PROJECT, 'src/cordon.js'), 'holds', '--watch', '--json'],
      {
        cwd: lab.dir,
        env: { ...process.env, CORDON_TOKEN: ada },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    try {
      const lines: { event: string; hold?: Row }[] = []
      createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)))
      await eventually('the first picture', () => lines[0]?.event === 'snapshot')
      const { answer, id } = await held('/watched')
      await as(ada, 'deny', id)
      await answer
      await eventually('its end', () => lines.some(({ event }) => event === 'denied'))
      const about = lines.filter(({ hold }) => hold?.id === id).map(({ event }) => event)
      expect(about).toEqual(['opened', 'denied'])
    } finally {
      child.kill()
    }
  })
})

describe('access asked for ahead', () => {
  test('somebody else agrees, and the call passes without waiting', async () => {
    const asked = await json<{ hold: Row }>(
      ada,
      'request',
      '--agent',
      'crawler',
      url('/ahead'),
      '--for',
      '1h',
      '--uses',
      '1',
      '--reason',
      'migration',
    )
    const { id } = asked.hold
    const shown = await json<{ deciders: string[] }>(ada, 'holds', id)
    expect(shown.deciders).toEqual(['admin', 'bob'])
    const own = await as(ada, 'approve', id)
    expect(own.code).toBe(2)
    expect(own.err).toContain('nobody decides about their own request')
    expect((await as(bob, 'approve', id)).code).toBe(0)
    const token = await issue('agents', 'crawler')
    const call = () => curl(lab.proxy, '--proxy-user', `agent:${token}`, url('/ahead'))
    expect((await call()).status).toBe(200)
    const waits = call()
    const next = await eventually('the next to wait', async () =>
      (await json<Row[]>(token, 'holds')).find(({ path }) => path === '/ahead'),
    )
    // An agent sees its own, and withdraws it; it decides nothing.
    expect((await as(token, 'approve', next.id)).code).toBe(2)
    await as(bob, 'deny', next.id)
    expect((await waits).status).toBe(403)
    expect(arrived('/ahead')).toBe(1)
  })
})

test('the log says the same as the API, in the same fields', async () => {
  const byApi = await json<Record<string, unknown>[]>(ada, 'holds', '--state', 'all')
  const grants = await json<Record<string, unknown>[]>(ada, 'grants', '--all')
  const fromLog = await cordon(lab.dir, ['holds', '--state', 'all', '--json'])
  expect(fromLog.err).toContain('this is what the log says')
  const byId = new Map(byApi.map((row) => [row.id, row]))
  const rows: Record<string, unknown>[] = JSON.parse(fromLog.out)
  expect(rows.length).toBeGreaterThan(5)
  for (const { flow: _flow, seq: _seq, seconds_left: _left, ...row } of rows) {
    expect(byId.get(row.id)).toMatchObject(row)
  }
  const grantsOfLog = await cordon(lab.dir, ['grants', '--all', '--json'])
  const grantsById = new Map(grants.map((row) => [row.id, row]))
  for (const { seq: _, seconds_left: __, ...row } of JSON.parse(grantsOfLog.out)) {
    expect(grantsById.get(row.id)).toMatchObject(row)
  }
})

test.skipIf(missing(program('python3', '--version')))(
  'the live list finds a proxy that was started again, on whatever port',
  async () => {
    await using list = openTerminal([process.execPath, join(PROJECT, 'src/cordon.js'), 'holds'], {
      cwd: lab.dir,
      env: { CORDON_TOKEN: ada },
    })
    await list.shows(`you are ada at http://127.0.0.1:${lab.proxy.consolePort}`)
    await lab.proxy.stop()
    await list.shows('no connection')
    const again = await lab.restart()
    await list.shows(`you are ada at http://127.0.0.1:${again.consolePort}`)
  },
)
