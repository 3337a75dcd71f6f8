/** `cordon doctor` beside a running proxy, beside none, and beside what is not one. */

import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { curl } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'
import { openLab } from '../support/lab.ts'
import { eventually } from '../support/wait.ts'
import { cordon } from './cordon.ts'

interface Check {
  readonly check: string
  readonly status: string
  readonly found: string
  readonly hint: string | null
}

async function doctor(dir: string, ...args: string[]) {
  const { code, out } = await cordon(dir, ['doctor', '--json', ...args])
  const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: Check[] }
  expect(ok).toBe(code === 0)
  return { code, of: (name: string) => checks.find(({ check }) => check === name), checks }
}

test('a proxy that enforces what its files say', async () => {
  await using lab = await openLab()
  const { port, consolePort } = lab.proxy
  const where = ['--proxy', `127.0.0.1:${port}`, '--console', `127.0.0.1:${consolePort}`]
  const well = await doctor(lab.dir, ...where)
  expect(well.checks.filter(({ status }) => status !== 'ok')).toEqual([
    // The embedded country files only grow older.
    ...well.checks.filter(({ check, status }) => check === 'data ages' && status === 'warn'),
  ])
  expect(well.code).toBe(0)
  expect(well.of('port')?.found).toMatch(/refuses a call to itself \(proxy-loop, flow \d+\)/)
  expect(lab.proxy.flows().at(-1)).toMatchObject({ action: 'block', error: 'proxy-loop' })
  expect(well.of('policy')?.found).toContain('enforced')
  expect(well.of('log')?.found).toMatch(/^\d+ rows/)

  const { code, out } = await cordon(lab.dir, ['doctor', ...where])
  expect(code).toBe(0)
  expect(out).toMatch(/^ok {4}port {7}/m)

  // What the files say is not what is enforced.
  const changed = await doctor(lab.dir, ...where, '--home', 'US')
  expect(changed.of('policy')).toMatchObject({ status: 'warn' })
  expect(changed.code).toBe(0)

  // Others can read the key.
  chmodSync(join(lab.dir, 'certs/ca.key'), 0o644)
  const open = await doctor(lab.dir, ...where)
  expect(open.of('CA key')).toMatchObject({ status: 'fail', hint: expect.stringMatching(/^chmod/) })
  expect(open.code).toBe(1)
  chmodSync(join(lab.dir, 'certs/ca.key'), 0o600)

  // The log cannot be written.
  const other = new Database(lab.proxy.database)
  other.exec('BEGIN IMMEDIATE')
  await eventually('the failure', async () => {
    const sick = await doctor(lab.dir, ...where)
    return sick.code === 1 && sick.of('ready')?.status === 'fail'
  })
  other.exec('ROLLBACK')
  // Somebody has taken the last row away.
  await lab.proxy.stop()
  other.exec(
    'DROP TRIGGER admin_delete; DELETE FROM admin WHERE seq = (SELECT max(seq) FROM admin)',
  )
  other.close()
  const cut = await doctor(lab.dir, ...where)
  expect(cut.of('log')).toMatchObject({ status: 'fail' })
  expect(cut.of('port')).toMatchObject({
    status: 'fail',
    found: expect.stringContaining('REFUSED'),
  })
  expect(cut.of('console')).toMatchObject({ status: 'fail' })
})

test('observing only, and a console that is off', async () => {
  await using lab = await openLab({ args: ['--observe'] })
  const where = ['--proxy', `127.0.0.1:${lab.proxy.port}`]
  const { of, code } = await doctor(
    lab.dir,
    ...where,
    ...['--observe', '--console', `127.0.0.1:${lab.proxy.consolePort}`],
  )
  expect(of('policy')).toMatchObject({ status: 'warn', found: expect.stringContaining('observed') })
  expect(code).toBe(0)
  const ready = await fetch(`http://127.0.0.1:${lab.proxy.consolePort}/readyz`)
  expect(await ready.json()).toEqual({ status: 'ready', mode: 'observe' })
  const path = join(lab.dir, 'cordon.yaml')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('console: "127.0.0.1:0"', 'console: null'))
  expect((await doctor(lab.dir, ...where)).of('console')).toMatchObject({ status: 'skip' })
})

test('a rule that is only observed', async () => {
  await using lab = await openLab({
    config:
      'rules: [{ id: perhaps, because: b, when: { path: /trial }, then: block, mode: observe }]',
  })
  const { proxy } = lab
  expect(proxy.said()).toContain('warning: ONLY OBSERVED: rule perhaps')
  const console = `127.0.0.1:${proxy.consolePort}`
  const { of, code } = await doctor(
    lab.dir,
    ...['--proxy', `127.0.0.1:${proxy.port}`, '--console', console],
  )
  expect(of('policy')).toMatchObject({
    status: 'warn',
    found: expect.stringContaining('enforced, but only observed: rule perhaps'),
  })
  expect(code).toBe(0)
  expect(await (await fetch(`http://${console}/readyz`)).json()).toMatchObject({ mode: 'enforce' })

  // Which calls it would have kept.
  await curl(proxy, `https://api.de.test:${lab.https.port}/trial`)
  await curl(proxy, `https://api.de.test:${lab.https.port}/`)
  await proxy.settled(proxy.flows().length)
  const { out } = await cordon(lab.dir, ['flows', '--would', 'block'])
  expect(out.trimEnd().split('\n').slice(1)).toEqual([
    expect.stringMatching(/ forwarded would_block .*\/trial$/),
  ])
})

test('something else on the ports', async () => {
  await using lab = await openLab()
  const server = http.createServer((_, response) => response.end('<html>hello</html>')).listen(0)
  await using _ = { [Symbol.asyncDispose]: async () => void server.close() }
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const { of, code } = await doctor(lab.dir, '--proxy', at, '--console', at)
  expect(code).toBe(1)
  expect(of('port')).toMatchObject({ status: 'fail' })
  expect(of('metrics')).toMatchObject({ status: 'fail' })
})

test('whether somebody can decide about what is held', async () => {
  await using folder = await temporaryFolder()
  const config = (more: string) =>
    write(folder.path, {
      'cordon.yaml': `version: 1\nreviewers: [{ id: ada, groups: [dpo] }, { id: bob }]\n${more}`,
    })
  const found = async () => (await doctor(folder.path)).of('reviewers')
  config('')
  expect(await found()).toMatchObject({ status: 'skip' })
  await cordon(folder.path, ['reviewers', 'token', 'bob'])
  expect(await found()).toMatchObject({ status: 'ok', found: '1 of 3 have a token' })
  // The default is met by anybody, but not this.
  config(
    'rules: [{ id: a, because: b, when: { placement: outside }, then: hold, hold: { reviewers: dpo } }]',
  )
  expect(await found()).toMatchObject({
    status: 'warn',
    found: '1 of dpo would have to agree, and nobody of them has a token',
    hint: '`cordon reviewers token NAME` issues one',
  })
  await cordon(folder.path, ['reviewers', 'token', 'ada'])
  expect(await found()).toMatchObject({ status: 'ok' })
  write(folder.path, { 'data/reviewers.json': '' })
  expect(await found()).toMatchObject({ status: 'fail' })
})
