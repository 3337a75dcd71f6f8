/** Commands of reviewers against a console with holds in memory: what they say, how they end, and what is decided. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { openTestConsole, type TestConsole } from '../support/console.ts'
import { temporaryFolder } from '../support/folder.ts'
import { cordon as run } from './cordon.ts'

let at: TestConsole
let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
  at = await openTestConsole()
  const { address, port } = at.console
  write(dir, { 'data/console.json': JSON.stringify({ address, port, pid: process.pid }) })
})
afterEach(async () => {
  await at[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const cordon = (...args: string[]) => run(dir, args, { env: { CORDON_TOKEN: 'crv_ada' } })
const as = (token: string, ...args: string[]) => run(dir, args, { env: { CORDON_TOKEN: token } })

describe('holds', () => {
  test('a table of what waits', async () => {
    at.approvals.open()
    at.approvals.open({ host: 'other.test', port: 8443, regions: [], placement: 'unknown' })
    at.approvals.open({ host: 'gone.test' })
    await at.approvals.deny('h-3x000000', 'bob', null)
    const { code, out, err } = await cordon('holds')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = out.trim().split('\n')
    expect(lines[0]).toMatch(/^ID +STATE +LEFT +AGENT +CALL +PLACE +RULE$/)
    expect(lines[1]).toMatch(
      /^h-1x000000 +pending +(1h 00m|59m \d\ds) +crawler +POST https:\/\/api\.us\.test\/v1\/chat +US outside +ask-for-us$/,
    )
    expect(lines[2]).toContain('POST https://other.test:8443/v1/chat')
    expect(lines[2]).toMatch(/ \? unknown +ask-for-us$/)
    expect(lines).toHaveLength(3)
  })

  test('what a request says is marked on each line, so that nothing in it looks like ours', async () => {
    at.approvals.open()
    at.approvals.said = `to [EMAIL]\nyou          may decide\n${'x '.repeat(100)}`
    const { out } = await cordon('holds', '1x')
    const lines = out.split('\n')
    const from = lines.findIndex((line) => line.startsWith('says '))
    expect(lines.slice(from, from + 3)).toEqual([
      'says         | to [EMAIL]',
      '             | you          may decide',
      `             | ${'x '.repeat(32)}`,
    ])
    expect(lines.every((line) => line.length <= 100)).toBe(true)
    expect(JSON.parse((await cordon('holds', '1x', '--json')).out).preview).toBe(at.approvals.said)
  })

  test('nothing is said to be nothing, and stays a list in JSON', async () => {
    const none = (err: string, out = '') => ({ code: 0, out, err })
    expect(await cordon('holds')).toEqual(none('cordon: nothing waits for a person\n'))
    expect(await cordon('holds', '--state', 'denied')).toEqual(none('cordon: no hold is denied\n'))
    expect(await cordon('holds', '--json')).toEqual(none('', '[]\n'))
  })

  test('--json, and other states', async () => {
    at.approvals.open()
    at.approvals.open()
    await at.approvals.deny('h-1x000000', 'bob', 'no')
    const json = async (...args: string[]) =>
      JSON.parse((await cordon('holds', '--json', ...args)).out)
    expect(await json()).toMatchObject([{ id: 'h-2x000000', state: 'pending' }])
    expect(await json('--state', 'denied')).toMatchObject([{ id: 'h-1x000000', ended_by: 'bob' }])
    expect(await json('--state', 'all')).toHaveLength(2)
    expect((await cordon('holds', '--state', 'held')).code).toBe(3)
  })

  test('one with everything a decision rests on', async () => {
    at.approvals.open({ evidence: ['catalogue: US', 'geoip: US'], owner: 'eve' })
    const { out } = await cordon('holds', '1')
    for (const text of [
      'h-1x000000, pending',
      'crawler; groups batch; from 192.0.2.7; eve answers for it',
      'US: outside of EEA',
      'catalogue: US',
      'geoip: US',
      '{"model": string}',
      '1 of any reviewer; that may be admin, ada, bob',
      '1 client',
    ]) {
      expect(out).toContain(text)
    }
  })

  test('what others wrote does not reach the terminal as it is', async () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\r\u009b31m\u202e'
    at.approvals.open({ path: `/${evil}`, because: `line\n${evil}`, host: 'a.test' })
    for (const args of [['holds'], ['holds', '1'], ['holds', '--json'], ['approve', '1']]) {
      const { out, err } = await cordon(...args)
      expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
      expect(out).toContain('u001b[2J')
    }
  })
})

describe('approve', () => {
  test.each([
    [[], 'send the held request, POST https://api.us.test/v1/chat, once, until', 'request'],
    [['--for', '30m'], 'send POST https://api.us.test/v1/chat any number of times, until', 'path'],
    [
      ['--uses', '3'],
      'send the held request, POST https://api.us.test/v1/chat, 3 times, until',
      'request',
    ],
    [
      ['--for', '2h', '--scope', 'host'],
      'call https://api.us.test with any method and path any number of times, until',
      'host',
    ],
  ])('%j: says exactly what was given', async (args, want, breadth) => {
    at.approvals.open()
    const { code, out, err } = await cordon(
      'approve',
      'h-1x000000',
      '--reason',
      'contract',
      ...args,
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`approved h-1x000000: crawler may ${want} `)
    expect(out).toMatch(
      /until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, as long as it is processed in US; `cordon grants revoke g-1x000000` takes it back\n$/,
    )
    const [grant] = at.approvals.grants()
    expect(grant).toMatchObject({ scope: { breadth }, approvers: ['ada'], reason: 'contract' })
  })

  test('for a group', async () => {
    at.approvals.open({ regions: [] })
    const { out } = await cordon('approve', '1', '--group', 'batch')
    expect(out).toContain('agents of the group batch may send POST')
    expect(out).toContain('while nobody knows where it is processed')
  })

  test.each(['h-1x000000', '1x000000', 'H-1X000000', '1x0', 'h-1'])(
    '`%s` is clear enough',
    async (id) => {
      at.approvals.open()
      expect((await cordon('approve', id)).code).toBe(0)
    },
  )

  test('a short id that may be two is neither: 3', async () => {
    for (let i = 0; i < 11; i++) at.approvals.open()
    const { code, out, err } = await cordon('approve', '1')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain('h-1x000000, h-10x00000, h-11x00000')
    expect(at.approvals.grants()).toEqual([])
  })

  test('a short id is the pending one before one that has ended', async () => {
    for (let i = 0; i < 10; i++) at.approvals.open()
    await at.approvals.deny('h-1x000000', 'bob', null)
    expect((await cordon('approve', '1')).out).toContain('approved h-10x00000')
  })

  test.each([
    ['twice: 1', 'crv_ada', ['approve', '1'], 1, 'it is approved already'],
    ['denied after that: 1', 'crv_ada', ['deny', '1'], 1, 'it is approved already'],
    ['one that is not there: 2', 'crv_ada', ['approve', '9'], 2, 'there is no hold `9`'],
    ['with a token of nobody: 2', 'crv_nobody', ['approve', '1'], 2, 'the token is not one'],
    ['with that of one who may not any more: 2', 'crv_gone', ['deny', '1'], 2, 'not a reviewer'],
    ['with that of an agent: 2', 'agent-crawler', ['approve', '1'], 2, 'only reviewers decide'],
    ['a time that is none: 3', 'crv_ada', ['approve', '1', '--for', 'soon'], 3, '`for` is not'],
    ['no uses: 3', 'crv_ada', ['approve', '1', '--uses', '0'], 3, 'a number from 1'],
    ['a scope that is none: 3', 'crv_ada', ['approve', '1', '--scope', 'all'], 3, 'Allowed'],
    ['wider than may be: 3', 'crv_ada', ['approve', '2', '--group', 'x'], 3, 'not in it'],
    ['what is no id: 3', 'crv_ada', ['approve', '../x'], 3, 'is not the id of a hold'],
    ['no token: 3', '', ['approve', '1'], 3, 'there is no token'],
    ['what cannot be a token: 3', 'a b', ['approve', '1'], 3, 'CORDON_TOKEN is not a token'],
  ])('%s', async (_name, token, args, want, message) => {
    at.approvals.open()
    at.approvals.open()
    await at.approvals.approve('h-1x000000', 'bob', NOTHING)
    const { code, out, err } = await as(token, ...args)
    expect({ code, out }).toEqual({ code: want, out: '' })
    expect(err).toMatch(/^cordon: error: /)
    expect(err).toContain(message)
    expect(at.approvals.hold('h-2x000000')?.state).toBe('pending')
  })

  test('more have to agree: says who', async () => {
    const hold = at.approvals.open()
    const approvals = [{ reviewers: ['dpo', 'security'], quorum: 2 }]
    const votes = [
      {
        reviewer: 'ada',
        at: 0,
        reason: null,
        giving: { breadth: 'request', group: null, lasts: 1, uses: 1 },
      },
    ] as const
    at.approvals.approve = async () => ({ ...hold, votes, terms: { ...hold.terms, approvals } })
    const { code, out } = await cordon('approve', '1')
    expect(code).toBe(0)
    expect(out).toContain('more have to agree: 2 of dpo, security; so far ada')
  })
})

describe('deny', () => {
  test('with a reason', async () => {
    at.approvals.open()
    const { code, out } = await cordon('deny', '1', '--reason', 'use Frankfurt')
    expect({ code, out }).toEqual({
      code: 0,
      out: 'denied h-1x000000: crawler, POST https://api.us.test/v1/chat\n',
    })
    expect(at.approvals.hold('h-1x000000')).toMatchObject({
      state: 'denied',
      endedBy: 'ada',
      reason: 'use Frankfurt',
    })
  })
})

describe('grants', () => {
  test('are listed and revoked', async () => {
    at.approvals.open()
    await cordon('approve', '1', '--for', '30m')
    const listed = await cordon('grants')
    expect(listed.out).toMatch(
      /g-1x000000 +active +(30m 00s|29m \d\ds) +0\/∞ +crawler +POST https:\/\/api\.us\.test\/v1\/chat \(path\) +ada\n$/,
    )
    expect(JSON.parse((await cordon('grants', '--json')).out)).toMatchObject([
      { id: 'g-1x000000', breadth: 'path' },
    ])
    const revoked = await cordon('grants', 'revoke', '1', '--reason', 'over')
    expect(revoked).toMatchObject({ code: 0, err: '' })
    expect(revoked.out).toMatch(/^revoked g-1x000000: .*; used never\n$/)
    expect(await cordon('grants')).toEqual({
      code: 0,
      out: '',
      err: 'cordon: no grant is in force\n',
    })
    expect((await cordon('grants', '--all')).out).toContain('revoked')
    expect((await cordon('grants', 'revoke', '1')).code).toBe(1)
    expect((await cordon('grants', 'revoke', '2')).code).toBe(2)
  })
})

describe('request', () => {
  test('asks ahead, and says who has to agree', async () => {
    const { code, out } = await cordon(
      'request',
      '--agent',
      'crawler',
      'https://api.us.test/v1/files',
      '--method',
      'PUT',
      '--for',
      '2h',
      '--uses',
      '5',
      '--reason',
      'migration',
    )
    expect(code).toBe(0)
    expect(out).toMatch(
      /^asked h-1x000000: crawler, PUT https:\/\/api\.us\.test\/v1\/files, 5 times, from .* UTC until .* UTC; 1 of any reviewer has to agree within 1h 00m\n$/,
    )
    expect(at.approvals.hold('h-1x000000')).toMatchObject({
      requester: 'ada',
      purpose: 'migration',
      held: { agent: 'crawler', groups: ['batch'] },
    })
  })

  test('an agent asks for itself', async () => {
    const ask = (agent: string) =>
      as('agent-crawler', 'request', '--agent', agent, 'https://a.test', '--reason', 'x')
    expect((await ask('crawler')).code).toBe(0)
    expect((await ask('other')).code).toBe(2)
  })

  test('not without a reason, and not for what is no URL: 3', async () => {
    expect((await cordon('request', '--agent', 'crawler', 'https://a.test')).code).toBe(3)
    const wrong = await cordon('request', '--agent', 'crawler', 'a.test', '--reason', 'x')
    expect(wrong.code).toBe(3)
    expect(at.approvals.holds()).toEqual([])
  })
})

describe('where and who', () => {
  test('--api and --token-file', async () => {
    write(dir, { token: 'crv_bob\n', 'data/console.json': 'nonsense' })
    at.approvals.open()
    const args = ['deny', '1', '--api', `${at.url}/`, '--token-file', 'token']
    expect((await as('', ...args)).code).toBe(0)
    expect(at.approvals.hold('h-1x000000')?.endedBy).toBe('bob')
    for (const api of ['nonsense', 'ftp://x', 'http://u:p@x', 'http://x/?a']) {
      expect((await cordon('deny', '1', '--api', api)).code, api).toBe(3)
    }
    expect((await cordon('deny', '1', '--api', at.url, '--token-file', 'missing')).code).toBe(3)
  })

  test('what a process that is gone has left is not believed', async () => {
    const { address, port } = at.console
    const gone = await run(dir, ['--version'])
    expect(gone.code).toBe(0)
    write(dir, { 'data/console.json': JSON.stringify({ address, port, pid: 2 ** 22 + 1 }) })
    at.approvals.open()
    const { code, err } = await cordon('approve', '1')
    expect(code).toBe(1)
    expect(err).toContain('no proxy runs with this data directory')
    expect(at.approvals.hold('h-1x000000')?.state).toBe('pending')
  })

  test('a server that does not answer: 1', async () => {
    await at.console.close()
    const { code, err } = await cordon('approve', '1')
    expect(code).toBe(1)
    expect(err).toContain('does not answer')
  })

  test('a token is never taken as an argument, and never said', async () => {
    const { code, err } = await as('crv_secret', 'approve', '1')
    expect(code).toBe(2)
    expect(err).not.toContain('secret')
    const help = await cordon('approve', '--help')
    expect(help.out).not.toMatch(/--token[ =]/)
  })

  test('without a proxy, and without a token, lists are read from the log', async () => {
    write(dir, { 'data/console.json': 'nonsense' })
    const { code, out, err } = await cordon('holds')
    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(err).toMatch(/this is what its log says\ncordon: nothing waits for a person\n$/)
  })
})

const NOTHING = { breadth: null, group: null, lasts: null, uses: null, reason: null }
