/** A file that others change: read again when it is another one, not more often than it is looked at. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WatchedFile } from '../../src/files/watched-file.ts'
import { temporaryFolder } from '../support/folder.ts'

test('a file, its changes, its end, and a clock that is set back', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'a')
  const write = (text: string) => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
  let now = 1_000
  let reads = 0
  const file = new WatchedFile(path, { now: () => now }, (at) => {
    reads++
    const text = readFileSync(at, { encoding: 'utf8', flag: 'a+' })
    if (text === 'bad') throw new Error('it is bad')
    return text
  })
  write('one')
  expect(file.state).toEqual({ value: 'one' })
  write('two')
  now += 499
  expect(file.state).toEqual({ value: 'one' })
  now += 1
  expect(file.state).toEqual({ value: 'two' })
  now += 500
  expect([file.state, reads]).toEqual([{ value: 'two' }, 2])
  write('bad')
  now += 500
  expect(file.state).toEqual({ fault: 'it is bad' })
  now += 500
  expect([file.state, reads]).toEqual([{ fault: 'it is bad' }, 4])
  write('three')
  now -= 5_000
  expect(file.state).toEqual({ value: 'three' })
  rmSync(path)
  now += 500
  expect(file.state).toEqual({ value: '' })
})
