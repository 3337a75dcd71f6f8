/** `cordon agents`: tokens are printed once, every issue and revocation is in the log before it counts. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Revocations } from '../../src/identity/revocations.ts'
import { openTokenKey, TokenVerifier } from '../../src/identity/tokens.ts'
import { write } from '../config/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { cordon as run } from './cordon.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
})
afterEach(() => folder[Symbol.asyncDispose]())

const cordon = (...args: string[]) => run(dir, args)

function actions(data = 'data'): unknown[] {
  const db = new Database(join(dir, data, 'audit.db'), { readonly: true })
  try {
    return db.prepare('SELECT action, subject FROM admin_actions ORDER BY id').all()
  } finally {
    db.close()
  }
}

async function verify(token: string, data = 'data') {
  const path = join(dir, data)
  const verifier = new TokenVerifier(openTokenKey(path), new Revocations(path, Date), Date)
  return verifier.verify(`Bearer ${token.trim()}`)
}

describe('token', () => {
  test('is the answer, alone on stdout, and it is good', async () => {
    const { code, out, err } = await cordon(
      'agents',
      'token',
      'ci',
      '--ttl',
      '30m',
      '--group',
      'a',
      'b',
    )
    expect(code).toBe(0)
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(err).toMatch(/^cordon: valid for 30m; /)
    expect(await verify(out)).toMatchObject({ subject: 'ci', groups: ['a', 'b'] })
    expect(actions()).toEqual([{ action: 'token-issue', subject: 'ci' }])
  })

  test('is kept nowhere', async () => {
    const { out } = await cordon('agents', 'token', 'ci')
    const [, , signature = ''] = out.trim().split('.')
    for (const name of readdirSync(join(dir, 'data'))) {
      expect(readFileSync(join(dir, 'data', name), 'latin1')).not.toContain(signature)
    }
  })

  test('goes with the data directory, wherever `--data` stands', async () => {
    for (const args of [
      ['agents', '--data', 'other', 'token', 'ci'],
      ['agents', 'token', 'ci', '--data', 'other'],
    ]) {
      expect(await verify((await cordon(...args)).out, 'other')).toMatchObject({ subject: 'ci' })
    }
    expect(existsSync(join(dir, 'data'))).toBe(false)
  })

  test.each([
    [['a b'], '`a b` cannot be the name of an agent or group'],
    [['anonymous'], '`anonymous` cannot be the name of an agent or group'],
    [['cordon'], '`cordon` cannot be the name of an agent or group'],
    [['../x'], '`../x` cannot be the name of an agent or group'],
    [['x'.repeat(65)], 'cannot be the name of an agent or group'],
    [['ci', '--group', 'a b'], '`a b` cannot be the name of an agent or group'],
    [['ci', '--ttl', '31d'], 'a token lasts at most 30 days'],
    [['ci', '--ttl', '999999999d'], 'a token lasts at most 30 days'],
    [['ci', '--ttl', '1'], '`1` is not a time'],
    [['ci', '--ttl', '0s'], '`0s` is not a time'],
    [['ci', '--ttl', 'forever'], '`forever` is not a time'],
  ])('%j: 3, and nothing is made', async (args, message) => {
    const { code, out, err } = await cordon('agents', 'token', ...args)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^cordon: error: .*\ncordon: hint: .*\n$/)
    expect(err).toContain(message)
    expect(existsSync(join(dir, 'data'))).toBe(false)
  })

  test('a key that is none is said and left alone: 3', async () => {
    write(dir, { 'data/agent-token.key': 'hello' })
    const { code, out, err } = await cordon('agents', 'token', 'ci')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain('the token key is not a private key in PEM form')
    expect(err).toContain('cordon: hint: ')
    expect(readFileSync(join(dir, 'data/agent-token.key'), 'utf8')).toBe('hello')
  })
})

describe('revoke', () => {
  test('refuses what was issued so far, not what comes after', async () => {
    const before = (await cordon('agents', 'token', 'ci')).out
    const other = (await cordon('agents', 'token', 'other')).out
    expect(await cordon('agents', 'revoke', 'ci')).toEqual({
      code: 0,
      out: '',
      err: 'cordon: tokens of `ci` are refused from now on; a running proxy knows within a second\n',
    })
    const after = (await cordon('agents', 'token', 'ci')).out
    expect(await verify(before)).toMatchObject({ code: 'token-revoked' })
    expect(await verify(other)).toMatchObject({ subject: 'other' })
    expect(await verify(after)).toMatchObject({ subject: 'ci' })
    expect(actions()).toEqual([
      { action: 'token-issue', subject: 'ci' },
      { action: 'token-issue', subject: 'other' },
      { action: 'token-revoke', subject: 'ci' },
      { action: 'token-issue', subject: 'ci' },
    ])
  })

  test('a name that nobody has says so, and nothing is written: 2', async () => {
    await cordon('agents', 'token', 'ci')
    expect(await cordon('agents', 'revoke', 'cl')).toEqual({
      code: 2,
      out: '',
      err: 'cordon: error: no token was issued to `cl`, and no agent is called so\ncordon: hint: nothing was revoked; `cordon agents` lists those that are known\n',
    })
    expect(actions()).toEqual([{ action: 'token-issue', subject: 'ci' }])
    expect(existsSync(join(dir, 'data/revoked-agents.json'))).toBe(false)
  })

  test('a list that cannot be read is said and left alone, and the log does not claim otherwise: 3', async () => {
    write(dir, { 'data/revoked-agents.json': '{' })
    const { code, out, err } = await cordon('agents', 'revoke', 'ci')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(
      /^cordon: error: `.*revoked-agents\.json`: cannot be read: .*\ncordon: hint: .*\n$/,
    )
    expect(readFileSync(join(dir, 'data/revoked-agents.json'), 'utf8')).toBe('{')
    expect(existsSync(join(dir, 'data/audit.db'))).toBe(false)
    expect((await cordon('agents')).code).toBe(3)
  })
})

describe('list', () => {
  test('those of the policy and those revoked; nothing is made by looking', async () => {
    write(dir, { 'cordon.yaml': 'version: 1\nagents: [{ id: ci }, { id: crawler, zones: US }]\n' })
    const { code, out, err } = await cordon('agents')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
      'AGENT',
      'ci',
      'crawler',
      '',
    ])
    expect(existsSync(join(dir, 'data'))).toBe(false)

    await cordon('agents', 'revoke', 'ci')
    const json = await cordon('agents', '--json')
    expect(JSON.parse(json.out)).toMatchObject([
      { id: 'ci', flows: 0, revoked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) },
      { id: 'crawler', flows: 0, revoked_at: null },
    ])
  })

  test('what is not a database is not read as one: 3', async () => {
    write(dir, { 'data/x': '' })
    writeFileSync(join(dir, 'data/audit.db'), 'hello '.repeat(1_000))
    expect(await cordon('agents')).toMatchObject({ code: 3, out: '' })
  })
})
