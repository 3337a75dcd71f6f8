/** The list of revocations: when in doubt, everything is revoked. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Revocations, RevocationsError } from '../../src/identity/revocations.ts'
import { runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'

let dir: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let clock: { time: number; now(): number }
let revocations: Revocations
beforeEach(async () => {
  folder = await temporaryFolder()
  dir = folder.path
  clock = { time: 1_000_000, now: () => clock.time }
  revocations = new Revocations(dir, clock)
})
afterEach(() => folder[Symbol.asyncDispose]())

const file = () => join(dir, 'revoked-agents.json')
const isRevoked = (name: string, issuedAt: number) => revocations.refusalOf(name, issuedAt) !== null
/** Past the half second in which the file is not looked at again. */
const later = () => {
  clock.time += 500
}

test('nobody is revoked when there is no file', () => {
  expect(isRevoked('ci', 0)).toBe(false)
  expect([...revocations.list()]).toEqual([])
})

test('a name is revoked up to the moment it was, in a file for its owner alone', () => {
  revocations.revoke('ci')
  expect(isRevoked('ci', 999_999)).toBe(true)
  expect(isRevoked('ci', 1_000_000)).toBe(true)
  expect(isRevoked('ci', 1_000_001)).toBe(false)
  expect(isRevoked('cix', 0)).toBe(false)
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ ci: 1_000_000 })
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['revoked-agents.json'])
})

test('a second revocation keeps the first, and never takes back', () => {
  revocations.revoke('a')
  clock.time = 2_000_000
  revocations.revoke('constructor')
  clock.time = 500_000
  revocations.revoke('a')
  expect([...revocations.list()]).toEqual([
    ['a', 1_000_000],
    ['constructor', 2_000_000],
  ])
})

test('a change is seen after half a second, and at once when the clock was set back', () => {
  expect(isRevoked('ci', 0)).toBe(false)
  writeFileSync(file(), '{"ci": 1000000}')
  clock.time += 499
  expect(isRevoked('ci', 0)).toBe(false)
  clock.time += 1
  expect(isRevoked('ci', 0)).toBe(true)
  writeFileSync(file(), '{"ci": 1000000, "other": 1000000}')
  clock.time -= 100_000
  expect(isRevoked('other', 0)).toBe(true)
})

describe('a file that cannot be understood revokes everything and is not written over', () => {
  test.each([
    ['empty', ''],
    ['half', '{"ci": 1'],
    ['a list', '["ci"]'],
    ['nothing', 'null'],
    ['a number', '7'],
    ['a time as text', '{"ci": "2026-01-01"}'],
    ['no time', '{"ci": null}'],
    ['a time that no calendar has', '{"ci": 1e300}'],
    ['a time without end', '{"ci": 1e999}'],
  ])('%s', (_, content) => {
    writeFileSync(file(), content)
    expect(revocations.refusalOf('anybody', Number.MAX_SAFE_INTEGER)).toEqual({
      code: 'token-revoked',
      detail: 'the list of revoked tokens cannot be read',
    })
    expect(() => revocations.list()).toThrow(RevocationsError)
    expect(() => revocations.revoke('ci')).toThrow(RevocationsError)
    expect(readFileSync(file(), 'utf8')).toBe(content)
    expect(readdirSync(dir)).toEqual(['revoked-agents.json'])
    // Put right, it counts again.
    writeFileSync(file(), '{"ci": 1000000}')
    later()
    expect(isRevoked('anybody', 0)).toBe(false)
    expect(isRevoked('ci', 0)).toBe(true)
  })

  test('a folder', () => {
    mkdirSync(file())
    expect(isRevoked('anybody', 0)).toBe(true)
    expect(() => revocations.revoke('ci')).toThrow(RevocationsError)
  })

  test('while it is bad, and bad again', () => {
    writeFileSync(file(), '{')
    expect(isRevoked('anybody', 0)).toBe(true)
    later()
    expect(isRevoked('anybody', 0)).toBe(true)
    rmSync(file())
    later()
    expect(isRevoked('anybody', 0)).toBe(false)
  })
})

test('revocations at the same moment all count', async () => {
  const module = fileURLToPath(new URL('../../src/identity/revocations.ts', import.meta.url))
  const script = `
    import { Revocations } from ${JSON.stringify(module)}
    const list = new Revocations(process.argv[1], Date)
    for (let i = 0; i < 20; i++) list.revoke(process.argv[2] + i)
  `
  const args = ['--input-type=module', '-e', script, dir]
  const ran = await Promise.all(
    ['a', 'b', 'c'].map((name) => runProgram(process.execPath, [...args, name])),
  )
  expect(ran.map(({ code, err }) => ({ code, err }))).toEqual(Array(3).fill({ code: 0, err: '' }))
  expect(revocations.list().size).toBe(60)
})

test('one that stays under way is said after a while, not waited for without end', () => {
  writeFileSync(`${file()}.new`, '')
  expect(() => revocations.revoke('ci')).toThrow(
    `cannot be written while there is a \`${file()}.new\``,
  )
  expect(existsSync(file())).toBe(false)
  expect(existsSync(`${file()}.new`)).toBe(true)
})
