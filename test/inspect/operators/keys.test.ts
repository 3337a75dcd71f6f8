/** The key of redaction: made once, kept to its owner, never made anew in silence. */

import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KeyFileError } from '../../../src/files/key-file.ts'
import {
  deriveAgentKeys,
  deriveKey,
  digest,
  openRedactionKey,
} from '../../../src/inspect/operators/keys.ts'
import { temporaryFolder } from '../../support/folder.ts'

test('made at first use, and the same from then on', async () => {
  await using folder = await temporaryFolder()
  const key = openRedactionKey(folder.path)
  expect(key.length).toBe(32)
  expect(openRedactionKey(folder.path)).toEqual(key)
  expect(statSync(join(folder.path, 'redaction.key')).mode & 0o777).toBe(0o600)
})

test('what is not a key is refused and left as it was', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'redaction.key')
  writeFileSync(path, 'short\n')
  chmodSync(path, 0o600)
  expect(() => openRedactionKey(folder.path)).toThrow(KeyFileError)
  expect(readFileSync(path, 'utf8')).toBe('short\n')
})

test('agents and purposes have keys of their own', () => {
  const master = Buffer.alloc(32, 1)
  const keys = [
    ...Object.values(deriveAgentKeys(master, 'a')),
    ...Object.values(deriveAgentKeys(master, 'b')),
    deriveKey(master, 'log'),
    ...Object.values(deriveAgentKeys(Buffer.alloc(32, 2), 'a')),
  ].map((key: Buffer) => key.toString('hex'))
  expect(new Set(keys).size).toBe(keys.length)
})

test('parts are kept apart', () => {
  const key = Buffer.alloc(32)
  expect(digest(key, 'a', 'bc')).not.toEqual(digest(key, 'ab', 'c'))
})
