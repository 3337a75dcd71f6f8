/** Keys in the data directory, whatever they are for: made once, by whoever comes first, and never written over. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KeyFileError, type KeyForm, openKeyFile } from '../../src/files/key-file.ts'
import { runProgram } from '../support/clients.ts'
import { temporaryFolder } from '../support/folder.ts'

let made = 0
const FORM: KeyForm<string> = {
  name: 'key of tests',
  make: () => `key ${++made}\n`,
  read: (text) => (/^key \d+\n$/.test(text) ? { key: text.trim() } : { fault: 'is no key' }),
}

test('made at first use, for its owner alone, and the same from then on', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'a.key')
  const key = openKeyFile(path, FORM)
  expect([key, openKeyFile(path, FORM)]).toEqual([key, key])
  expect(readFileSync(path, 'utf8')).toBe(`${key}\n`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder.path)).toEqual(['a.key'])
})

describe('refused, and left as it is', () => {
  test.each([
    ['what is no key', (at: string) => writeFileSync(at, 'other\n'), /^is no key$/],
    ['a folder', (at: string) => mkdirSync(at), /the key of tests cannot be read: EISDIR/],
    ['a circle of links', (at: string) => symlinkSync('a.key', at), /cannot be read: ELOOP/],
    ['a link to nowhere', (at: string) => symlinkSync('b', at), /cannot be written: EEXIST/],
  ])('%s', async (_, make, message) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'a.key')
    make(path)
    expect(() => openKeyFile(path, FORM)).toThrow(message)
    expect(() => openKeyFile(path, FORM)).toThrow(KeyFileError)
    expect(readdirSync(folder.path)).toEqual(['a.key'])
  })

  test('a folder that is not there is said, and not made', async () => {
    await using folder = await temporaryFolder()
    const missing = join(folder.path, 'missing')
    expect(() => openKeyFile(join(missing, 'a.key'), FORM)).toThrow(/cannot be written: ENOENT/)
    expect(existsSync(missing)).toBe(false)
  })
})

test('made by several at once it is one', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'a.key')
  const script = `
    import { openKeyFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/files/key-file.ts'))}
    const form = { name: 'key', make: () => \`\${process.pid}\`, read: (key) => ({ key }) }
    process.stdout.write(openKeyFile(process.argv[1], form))`
  const args = ['--input-type=module', '-e', script, path]
  const ran = await Promise.all([1, 2, 3, 4].map(() => runProgram(process.execPath, args)))
  expect(ran.map(({ out }) => out)).toEqual(Array(4).fill(readFileSync(path, 'utf8')))
  expect(readdirSync(folder.path)).toEqual(['a.key'])
})
