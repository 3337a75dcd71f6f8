/** Tokens of reviewers from the first start on: shown once, in the log before they count, refused once revoked. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'
import { eventually } from '../support/wait.ts'
import { cordon as run } from './cordon.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterEach(() => folder[Symbol.asyncDispose]())

const cordon = (...args: string[]) => run(dir, args)
const CONFIG = `version: 1
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:0" }
reviewers: [{ id: ada, groups: [dpo] }, { id: bob }]
`
const start = (config = CONFIG) => startProxy({ dir, files: { 'cordon.yaml': config } })
const TOKEN = /crv_[A-Za-z0-9_-]{49}/

async function me(proxy: TestProxy, token: string) {
  const response = await fetch(`http://127.0.0.1:${proxy.consolePort}/api/v1/me`, {
    headers: { Authorization: `Bearer ${token.trim()}` },
  })
  return { status: response.status, body: await response.json() }
}

function actions(): unknown[] {
  const db = new Database(join(dir, 'data/audit.db'), { readonly: true })
  try {
    return db
      .prepare(
        "SELECT action, subject FROM admin_actions WHERE action LIKE 'reviewer%' ORDER BY id",
      )
      .all()
  } finally {
    db.close()
  }
}

describe('the first start', () => {
  test('makes the token of admin and shows it, once', async () => {
    let token: string
    {
      await using proxy = await start()
      token = TOKEN.exec(proxy.said())?.[0] ?? ''
      expect(proxy.said()).toContain(`export CORDON_TOKEN=${token}\n`)
      expect((await me(proxy, token)).body).toEqual({
        kind: 'reviewer',
        name: 'admin',
        groups: [],
      })
      await proxy.stop()
    }
    for (const name of readdirSync(join(dir, 'data'))) {
      expect(readFileSync(join(dir, 'data', name), 'latin1')).not.toContain(token)
    }
    await using again = await start()
    expect(again.said()).not.toMatch(TOKEN)
    expect((await me(again, token)).status).toBe(200)
    expect(actions()).toEqual([{ action: 'reviewer-token-issue', subject: 'admin' }])
  })

  test('says commands that find this very proxy', async () => {
    const files = { 'cordon.yaml': CONFIG, 'other.yaml': CONFIG }
    const args = ['--config', 'other.yaml', '--data', "data's"]
    await using proxy = await startProxy({ dir, files, args })
    expect(proxy.said()).toContain('  eval "$(cordon env --config other.yaml)"\n')
    expect(proxy.said()).toContain("  cordon holds --config other.yaml --data 'data'\\''s'\n")
  })

  test('without a console nobody could use one, and none is made', async () => {
    await using proxy = await start(CONFIG.replace('console: "127.0.0.1:0"', 'console: null'))
    expect(proxy.said()).not.toMatch(TOKEN)
    expect(existsSync(join(dir, 'data/reviewers.json'))).toBe(false)
  })

  test('where the console is stands in a file for as long as it is there', async () => {
    await using proxy = await start()
    const path = join(dir, 'data/console.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      address: '127.0.0.1',
      port: proxy.consolePort,
      pid: proxy.process.pid,
    })
    await proxy.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('a file that cannot be understood: nobody may decide, and that is said', async () => {
    write(dir, { 'cordon.yaml': CONFIG })
    const { out: token } = await cordon('reviewers', 'token', 'ada')
    write(dir, { 'data/reviewers.json': '{' })
    await using proxy = await start()
    expect(proxy.said()).toContain('nobody may decide about what is held')
    expect(await me(proxy, token)).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(readFileSync(join(dir, 'data/reviewers.json'), 'utf8')).toBe('{')
  })
})

describe('token and revoke', () => {
  test('a running proxy knows within a second, both ways', async () => {
    await using proxy = await start()
    const issued = await cordon('reviewers', 'token', 'ada')
    expect(issued.code).toBe(0)
    expect(issued.out).toMatch(/^crv_[A-Za-z0-9_-]{49}\n$/)
    expect(issued.err).not.toMatch(TOKEN)
    const found = await eventually('ada to be known', async () => {
      const answer = await me(proxy, issued.out)
      return answer.status === 200 ? answer.body : null
    })
    expect(found).toEqual({ kind: 'reviewer', name: 'ada', groups: ['dpo'] })
    expect((await cordon('reviewers', 'revoke', 'ada')).code).toBe(0)
    await eventually('ada to be refused', async () => (await me(proxy, issued.out)).status === 401)
    expect(actions()).toEqual([
      { action: 'reviewer-token-issue', subject: 'admin' },
      { action: 'reviewer-token-issue', subject: 'ada' },
      { action: 'reviewer-token-revoke', subject: 'ada' },
    ])
  })

  test('whom the policy does not name any more is refused, token or not', async () => {
    await using proxy = await start()
    const { out: token } = await cordon('reviewers', 'token', 'bob')
    await eventually('bob to be known', async () => (await me(proxy, token)).status === 200)
    write(dir, { 'cordon.yaml': CONFIG.replace(', { id: bob }', '') })
    proxy.process.kill('SIGHUP')
    const refused = await eventually('bob to be refused', async () => {
      const answer = await me(proxy, token)
      return answer.status === 403 ? answer.body : null
    })
    expect(refused).toMatchObject({ code: 'forbidden', detail: '`bob` is not a reviewer' })
    const listed = JSON.parse((await cordon('reviewers', '--json')).out)
    expect(listed).toMatchObject([
      { id: 'admin', tokens: 1, may_decide: true },
      { id: 'ada', tokens: 0, groups: ['dpo'], issued_at: null, may_decide: true },
      { id: 'bob', tokens: 1, may_decide: false },
    ])
  })

  test.each([
    ['token for nobody', ['token', 'eve'], 3, '`eve` is not a reviewer'],
    ['token for what is no name', ['token', '../x'], 3, '`../x` is not a reviewer'],
    ['revoke what was not issued', ['revoke', 'ada'], 2, 'no token was issued to `ada`'],
  ])('%s', async (_name, args, want, message) => {
    write(dir, { 'cordon.yaml': CONFIG })
    const { code, out, err } = await cordon('reviewers', ...args)
    expect({ code, out }).toEqual({ code: want, out: '' })
    expect(err).toContain(message)
    expect(existsSync(join(dir, 'data'))).toBe(false)
  })

  test('a file that cannot be understood is said and left alone, and the log does not claim otherwise: 3', async () => {
    write(dir, { 'cordon.yaml': CONFIG, 'data/reviewers.json': '{' })
    for (const args of [['token', 'ada'], ['revoke', 'ada'], []]) {
      expect((await cordon('reviewers', ...args)).code).toBe(3)
    }
    expect(readFileSync(join(dir, 'data/reviewers.json'), 'utf8')).toBe('{')
    expect(existsSync(join(dir, 'data/audit.db'))).toBe(false)
  })
})
