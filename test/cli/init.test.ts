/** `cordon init`: something to begin with that works as it is, and never anything in place of what is there. */

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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
const FILES = ['cordon.yaml', 'rules/default.yaml', 'rules/default.scenarios.yaml']
const read = (name: string) => readFileSync(join(dir, name), 'utf8')

test('what it writes passes `check` and `test`', async () => {
  expect(await cordon('init')).toEqual({
    code: 0,
    out: '',
    err: `${FILES.map((name) => `cordon: wrote ${name}\n`).join('')}cordon: wrote certs/ca.pem
cordon: next: read cordon.yaml, then \`cordon check\` and \`cordon start\`\n`,
  })
  expect(await cordon('check')).toMatchObject({ code: 0, out: '' })
  expect(await cordon('check', ...FILES)).toMatchObject({ code: 0, out: '' })
  expect(await cordon('test')).toMatchObject({ code: 0 })
  expect(existsSync(join(dir, 'certs/bundle.pem'))).toBe(true)
})

test('every key that the configuration only mentions may be used as it stands there', async () => {
  await cordon('init')
  const used = read('cordon.yaml').replace(/^# ?((?: {2,}|[a-z_]+:).*)$/gm, '$1')
  expect(used.match(/^[a-z_]+:/gm)?.length).toBeGreaterThan(10)
  write(dir, { 'cordon.yaml': used })
  expect(await cordon('check')).toEqual({ code: 0, out: '', err: 'cordon: no mistakes found\n' })
})

test('the second time nothing changes', async () => {
  await cordon('init')
  const before = FILES.concat('certs/ca.pem').map(read)
  write(dir, { 'cordon.yaml': `# mine\n${before[0]}` })
  const { code, err } = await cordon('init')
  expect(code).toBe(0)
  expect(err).not.toContain('wrote')
  expect(FILES.concat('certs/ca.pem').map(read)).toEqual([
    `# mine\n${before[0]}`,
    ...before.slice(1),
  ])
})

test('the first line of each file leads an editor to the schema', async () => {
  await cordon('init')
  for (const name of FILES) {
    const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(read(name)) ?? []
    expect(existsSync(resolve(dirname(join(dir, name)), path)), `${name}: ${path}`).toBe(true)
  }
})

test('a configuration with a mistake stays as it is: 3', async () => {
  write(dir, { 'cordon.yaml': 'version: 1\nhoem: DE\n' })
  const { code, out, err } = await cordon('init')
  expect({ code, out }).toEqual({ code: 3, out: '' })
  expect(err).toContain('cordon: error: cordon.yaml:2:1: unknown key `hoem`')
  expect(read('cordon.yaml')).toBe('version: 1\nhoem: DE\n')
  expect(existsSync(join(dir, 'certs'))).toBe(false)
})

test('a folder in the place of a file stays as well', async () => {
  mkdirSync(join(dir, 'rules/default.yaml'), { recursive: true })
  expect((await cordon('init')).code).toBe(3)
  expect(readdirSync(join(dir, 'rules/default.yaml'))).toEqual([])
})
