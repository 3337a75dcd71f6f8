/** The live list on a terminal of its own: keys decide, what happens elsewhere shows, and the terminal is left as it was. */

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { write } from '../config/support.ts'
import { openTestConsole, type TestConsole } from '../support/console.ts'
import { temporaryFolder } from '../support/folder.ts'
import { missing, program } from '../support/needs.ts'
import { PROJECT } from '../support/proxy.ts'
import { openTerminal, type Terminal } from '../support/terminal.ts'
import { eventually } from '../support/wait.ts'

const UP = '\u001b[A'
const DOWN = '\u001b[B'
const ENTER = '\r'
const ESCAPE = '\u001b'

let at: TestConsole
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let terminal: Terminal | null = null
beforeEach(async () => {
  folder = await temporaryFolder()
  at = await openTestConsole()
  const { address, port } = at.console
  write(folder.path, { 'data/console.json': JSON.stringify({ address, port, pid: process.pid }) })
})
afterEach(async () => {
  await terminal?.[Symbol.asyncDispose]()
  terminal = null
  await at[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function start(args: readonly string[] = ['holds'], token = 'crv_ada'): Terminal {
  const command = [process.execPath, join(PROJECT, 'src/cordon.js'), ...args]
  terminal = openTerminal(command, { cwd: folder.path, env: { CORDON_TOKEN: token } })
  return terminal
}

const state = (id: string) => at.approvals.hold(id)?.state

describe.skipIf(missing(program('python3', '--version')))('the live list', () => {
  test('shows what waits, and goes when told', async () => {
    at.approvals.open()
    const list = start()
    const lines = await list.shows('h-1x000000')
    expect(lines[0]).toContain(`1 waits for a decision; you are ada at ${at.url}`)
    expect(lines[1]).toMatch(/^ID +STATE +LEFT +AGENT +CALL +PLACE +RULE/)
    expect(lines[2]).toContain('POST https://api.us.test/v1/chat')
    expect(lines).toHaveLength(24)
    expect(lines.map((line) => line.length)).toEqual(Array(24).fill(100))
    list.type('q')
    expect(await list.ended).toBe(0)
    expect(list.raw().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true)
  })

  test('a: once, the one that is chosen', async () => {
    at.approvals.open()
    at.approvals.open({ host: 'second.test' })
    const list = start()
    await list.shows('second.test')
    list.type(`${DOWN}a`)
    await list.shows('approved h-2x000000: crawler may send the held request')
    expect([state('h-1x000000'), state('h-2x000000')]).toEqual(['pending', 'approved'])
    expect(at.approvals.grants()).toMatchObject([{ scope: { breadth: 'request' }, uses: 1 }])
  })

  test('A: half an hour on this path', async () => {
    at.approvals.open()
    const list = start()
    await list.shows('h-1x000000')
    list.type('A')
    await list.shows('any number of times')
    const [grant] = at.approvals.grants()
    expect(grant?.scope.breadth).toBe('path')
    expect((grant?.expiresAt ?? 0) - (grant?.createdAt ?? 0)).toBe(1_800_000)
  })

  test('d: asks for a reason first; escape leaves it', async () => {
    at.approvals.open()
    const list = start()
    await list.shows('h-1x000000')
    list.type('dqa')
    await list.shows('deny; reason: qa_')
    list.type('\u007f\u007fuse Frankfurt')
    await list.shows('deny; reason: use Frankfurt_')
    list.type(ESCAPE)
    await list.showsNo('reason:')
    expect(state('h-1x000000')).toBe('pending')
    list.type(`dno${ENTER}`)
    await list.shows('denied h-1x000000')
    expect(at.approvals.hold('h-1x000000')).toMatchObject({ state: 'denied', reason: 'no' })
  })

  test('what is pasted decides nothing', async () => {
    at.approvals.open()
    const list = start()
    await list.shows('h-1x000000')
    list.type('\u001b[200~aAdq\r\u001b[201~g')
    await list.shows('nothing')
    expect(state('h-1x000000')).toBe('pending')
  })

  test('enter: everything a decision rests on', async () => {
    at.approvals.open({ evidence: ['catalogue: US', 'geoip: US'] })
    const list = start()
    await list.shows('h-1x000000')
    list.type(ENTER)
    const lines = await list.shows('{"model": string}')
    for (const text of [
      'crawler; groups batch',
      'US: outside of EEA',
      'catalogue: US',
      'art. 44',
    ]) {
      expect(lines.join('\n')).toContain(text)
    }
    list.type(ENTER)
    await list.shows(/^ID +STATE/m)
  })

  test('g: grants, and r takes one back', async () => {
    at.approvals.open()
    await at.approvals.approve('h-1x000000', 'bob', { ...NOTHING, breadth: 'host' })
    const list = start()
    await list.shows('you are ada')
    list.type('g')
    await list.shows('g-1x000000')
    list.type('rx')
    await list.shows('choose one with the arrow keys first')
    list.type(`${DOWN}r`)
    await list.shows('revoke; reason: _')
    list.type(ENTER)
    await list.shows('revoked g-1x000000')
    expect(at.approvals.grants()[0]?.state).toBe('revoked')
  })

  test('what happens elsewhere shows at once, and a decision does not slip to a neighbour', async () => {
    at.approvals.open({ host: 'first.test' })
    const list = start()
    await list.shows('first.test')
    at.approvals.open({ host: 'second.test' })
    await list.shows('second.test')
    await at.approvals.deny('h-1x000000', 'bob', null)
    // It is chosen: it stays, as what it has become.
    await list.shows(/h-1x000000 +denied/)
    list.type('a')
    await list.shows('it is denied already')
    expect(state('h-2x000000')).toBe('pending')
    list.type(DOWN)
    await list.showsNo('first.test')
    list.type('a')
    await list.shows('approved h-2x000000')
  })

  test('what comes into an empty list is not chosen by itself', async () => {
    const list = start()
    await list.shows('0 wait')
    at.approvals.open()
    await list.shows('h-1x000000')
    list.type('a')
    await list.shows('choose one with the arrow keys first')
    expect(state('h-1x000000')).toBe('pending')
    list.type(`${UP}a`)
    await list.shows('approved h-1x000000')
  })

  test('more than fit: the chosen one stays in sight', async () => {
    for (let i = 0; i < 40; i++) at.approvals.open({ host: `host-${i}.test` })
    const list = start()
    await list.shows('host-0.test')
    list.type('\u001b[F')
    await list.shows('host-39.test')
    await list.showsNo('host-0.test')
    list.type('\u001b[H')
    await list.shows('host-0.test')
  })

  test('is drawn again for another size', async () => {
    at.approvals.open()
    const list = start()
    await list.shows('h-1x000000')
    list.resize(10, 40)
    const lines = await eventually('ten lines', () => {
      const now = list.lines()
      return now.length === 10 ? now : null
    })
    expect(lines.map((line) => line.length)).toEqual(Array(10).fill(40))
    expect(lines.join('\n')).toContain('h-1x000000')
  })

  test('what others wrote does not reach the terminal as it is', async () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\r\nspoofed'
    at.approvals.open({
      host: 'a.test',
      path: `/${evil}`,
      because: evil,
      reason: evil,
      evidence: [evil],
      rule: evil,
      agent: evil,
    })
    const list = start()
    await list.shows('u001b[2J')
    list.type(ENTER)
    await list.shows('SHA-256')
    list.type(`${ENTER}a`)
    await list.shows('approved')
    // What is ours: pictures, attributes, the screen and the cursor.
    const theirs = list.raw().replace(/\u001b\[(H|J|[0127]m|\?(1049|25|2004)[hl])/g, '')
    expect(theirs).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e]/)
    expect(list.lines().some((line) => line.startsWith('spoofed'))).toBe(false)
  })

  test('a proxy that goes away and comes back', async () => {
    at.approvals.open()
    const list = start()
    await list.shows('h-1x000000')
    await at.console.close()
    await list.shows('no connection')
    list.type('\u0003')
    expect(await list.ended).toBe(0)
  })

  test('who is not known hears it as from any command: 2, and the screen is not taken', async () => {
    const list = start(['holds'], 'crv_nobody')
    expect(await list.ended).toBe(2)
    expect(list.raw()).toContain('the token is not one')
    expect(list.raw()).not.toContain('\u001b')
  })

  test('asks for the token where there is none, and does not show it', async () => {
    at.approvals.open()
    const list = start(['holds'], '')
    await eventually('the question', () => list.raw().includes('token (crv_…): '))
    list.type(`crv_adx\u007fa${ENTER}`)
    await list.shows('h-1x000000')
    expect(list.raw()).not.toContain('crv_ad')
  })
})

const NOTHING = { breadth: null, group: null, lasts: null, uses: null, reason: null }
