/** A policy that changes while it is in force: taken up when it is good, left alone when it is not. Real files, real looks. */

import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LoadOptions } from '../../src/config/load.ts'
import { watchSettings } from '../../src/config/watch.ts'
import { temporaryFolder } from '../support/folder.ts'
import { eventually } from '../support/wait.ts'
import { load, optionsFor, say, write } from './support.ts'

let dir: string
let stack: AsyncDisposableStack
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  dir = stack.use(await temporaryFolder()).path
})
afterEach(() => stack.disposeAsync())

const V = 'version: 1\n'
const EVERY = 10

/** Watches the folder; `log` is what the operator would be told. */
function watch(changes: Partial<LoadOptions> = {}, every = EVERY) {
  const log: string[] = []
  const watched = stack.use(
    watchSettings({
      load: optionsFor(dir, changes),
      first: load(dir, changes),
      every,
      onChange: (next, previous) =>
        log.push(`${previous.policy.home.name} -> ${next.policy.home.name}`),
      onRestartNeeded: () => log.push('restart'),
      onFailure: (error) => log.push(...error.problems.map(say)),
    }),
  )
  return { log, watched, home: () => watched.current.policy.home.name }
}

/** Long enough for many looks. Nothing is expected to have happened, so being slow only makes the test weaker. */
const aWhile = () => sleep(20 * EVERY)

describe('a change', () => {
  test('written in place', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, home } = watch()
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    await eventually('the change', () => home() === 'FR')
    expect(log).toEqual(['DE -> FR'])
  })

  test('renamed over the file', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n`, next: `${V}home: FR\n` })
    const { log, home } = watch()
    renameSync(join(dir, 'next'), join(dir, 'cordon.yaml'))
    await eventually('the change', () => home() === 'FR')
    expect(log).toEqual(['DE -> FR'])
  })

  test('in a rule file, and one rule file more', async () => {
    write(dir, { 'cordon.yaml': `${V}rules: [rules/*.yaml]\n`, 'rules/a.yaml': `${V}home: DE\n` })
    const { log, watched, home } = watch()
    write(dir, { 'rules/a.yaml': `${V}home: FR\n` })
    await eventually('the change', () => home() === 'FR')
    const rule = '{ id: more, because: b, when: { port: 25 }, then: block }'
    write(dir, { 'rules/b.yaml': `${V}rules: [${rule}]\n` })
    await eventually('the file', () => watched.current.policy.rules.length === 1)
    rmSync(join(dir, 'rules/b.yaml'))
    await eventually('the file to go', () => watched.current.policy.rules.length === 0)
    expect(log).toEqual(['DE -> FR', 'FR -> FR', 'FR -> FR'])
  })

  test('that changes nothing in the policy is no change', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, watched } = watch()
    const before = watched.current
    write(dir, { 'cordon.yaml': `${V}# a remark\nhome: DE\n` })
    await eventually('the file to be read', () => watched.current !== before)
    expect(watched.current.policy.digest).toBe(before.policy.digest)
    expect(log).toEqual([])
  })

  test('of what only a start takes up is told once, and the policy beside it counts', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, watched, home } = watch()
    write(dir, { 'cordon.yaml': `${V}home: FR\nlisten: { proxy: "127.0.0.1:8080" }\n` })
    await eventually('the change', () => home() === 'FR')
    expect(log).toEqual(['restart', 'DE -> FR'])
    watched.reload()
    expect(log).toHaveLength(2)
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    watched.reload()
    expect(log).toHaveLength(2)
  })

  test('before the first look is seen: what counts is when the file was read', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const first = load(dir)
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    const seen: string[] = []
    stack.use(
      watchSettings({
        load: optionsFor(dir),
        first,
        every: EVERY,
        onChange: ({ policy }) => seen.push(policy.home.name),
        onRestartNeeded: () => seen.push('restart'),
        onFailure: () => seen.push('failed'),
      }),
    )
    await eventually('the change', () => seen.length > 0)
    expect(seen).toEqual(['FR'])
  })

  test('of a file that is still being written waits until it rests', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, home } = watch({}, 50)
    // Every look finds another file; the policy in it would be a valid one.
    const text = `${V}home: [DE, US]\n`
    for (let i = 0; i < 60; i++) {
      writeFileSync(join(dir, 'cordon.yaml'), `${text}#${'x'.repeat(i)}`)
      await sleep(10)
      if (log.length > 0) break
    }
    const early = log.length
    writeFileSync(join(dir, 'cordon.yaml'), `${V}home: FR\n`)
    await eventually('the change', () => home() === 'FR')
    // A machine that pauses between two writes may have let a look through; it still ends right.
    expect(log.slice(early)).toEqual([early === 0 ? 'DE -> FR' : 'DE, US -> FR'])
  })

  test('asked for is read at once', () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, watched } = watch({}, 3_600_000)
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    watched.reload()
    expect(log).toEqual(['DE -> FR'])
    write(dir, { 'cordon.yaml': `${V}home: [\n` })
    watched.reload()
    expect(log).toHaveLength(2)
    expect(watched.current.policy.home.name).toBe('FR')
  })

  test('after the end is not looked at', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, watched } = watch()
    watched[Symbol.dispose]()
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    await aWhile()
    expect(log).toEqual([])
  })
})

describe('a policy that cannot be used leaves the last good one in force', () => {
  test.each([
    ['a mistake of form', `${V}hoem: FR\n`, 'cordon.yaml:2:1: unknown key `hoem`'],
    ['a mistake of meaning', `${V}home: Q1\n`, 'cordon.yaml:2:7: `Q1` is neither'],
    ['half a file', `${V}home: [D`, 'cordon.yaml:2:'],
    ['an empty file', '', 'cordon.yaml:1:1: invalid input'],
  ])('%s, said once', async (_, text, expected) => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, home } = watch()
    write(dir, { 'cordon.yaml': text })
    await eventually('the complaint', () => log.length > 0)
    await aWhile()
    expect(log).toEqual([expect.stringContaining(expected)])
    expect(home()).toBe('DE')
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    await eventually('the correction', () => home() === 'FR')
  })

  test('a file that has gone, and comes back', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, home } = watch()
    rmSync(join(dir, 'cordon.yaml'))
    await eventually('the complaint', () => log.length > 0)
    await aWhile()
    // Not the built-in policy, which allows the whole EEA.
    expect(home()).toBe('DE')
    expect(log).toEqual(['cordon.yaml: there is no such file'])
    write(dir, { 'cordon.yaml': `${V}home: FR\n` })
    await eventually('the file to come back', () => home() === 'FR')
    expect(log.slice(1)).toEqual(['DE -> FR'])
  })

  test('a folder in its place', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, home } = watch()
    rmSync(join(dir, 'cordon.yaml'))
    mkdirSync(join(dir, 'cordon.yaml'))
    await eventually('the complaint', () => log.includes('cordon.yaml: this is not a file'))
    expect(home()).toBe('DE')
  })

  test('the last rule file has gone', async () => {
    write(dir, { 'cordon.yaml': `${V}rules: [rules/*.yaml]\n`, 'rules/a.yaml': `${V}home: DE\n` })
    const { log, home } = watch()
    rmSync(join(dir, 'rules'), { recursive: true })
    await eventually('the complaint', () => log.length > 0)
    expect(log).toEqual(['cordon.yaml:2:9: `rules/*.yaml` matches no file'])
    expect(home()).toBe('DE')
  })

  test('a file that came with the mistake is watched as well', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { log, watched } = watch()
    write(dir, {
      'new.yaml': `${V}rules: [{}]\n`,
      'cordon.yaml': `${V}home: DE\nrules: [new.yaml]\n`,
    })
    await eventually('the complaint', () => log.some((line) => line.startsWith('new.yaml:2')))
    const rule = '{ id: more, because: b, when: { port: 25 }, then: block }'
    write(dir, { 'new.yaml': `${V}rules: [${rule}]\n` })
    await eventually('the correction', () => watched.current.policy.rules.length === 1)
  })

  test('what overrides the files still does', async () => {
    write(dir, { 'cordon.yaml': `${V}home: DE\n` })
    const { watched } = watch({ home: ['US'], observe: true, dataDir: 'd' })
    write(dir, { 'cordon.yaml': `${V}home: FR\nplacement: { unknown: block }\n` })
    await eventually('the change', () => watched.current.policy.defaults.unknown === 'block')
    expect(watched.current.policy).toMatchObject({ enforced: false, home: { name: 'US' } })
    expect(watched.current.operation.dataDir).toBe(join(dir, 'd'))
  })
})

test('without a configuration the built-in policy stays, until one is there and asked for', () => {
  const { log, watched } = watch({}, 3_600_000)
  watched.reload()
  expect(log).toEqual([])
  write(dir, { 'cordon.yaml': `${V}home: FR\n` })
  watched.reload()
  expect(log).toEqual(['EEA -> FR'])
  rmSync(join(dir, 'cordon.yaml'))
  watched.reload()
  expect(log.at(-1)).toBe('cordon.yaml: there is no such file')
  expect(watched.current.policy.home.name).toBe('FR')
})

test('a file whose time was set back has changed', async () => {
  write(dir, { 'cordon.yaml': `${V}home: DE\n`, next: `${V}home: FR\n` })
  utimesSync(join(dir, 'next'), 1, 1)
  const { home } = watch()
  renameSync(join(dir, 'next'), join(dir, 'cordon.yaml'))
  await eventually('the change', () => home() === 'FR')
})
