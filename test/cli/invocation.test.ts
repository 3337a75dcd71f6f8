/** Hints name a command that can be called where they are read. */

import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { commandIn, spellCommands } from '../../src/cli/invocation.ts'
import { PROJECT } from '../support/proxy.ts'

test.each([
  ['in the clone', PROJECT, 'npx cordon'],
  ['in a folder of it', `${PROJECT}/src`, 'cordon'],
  ['elsewhere', dirname(PROJECT), 'cordon'],
  ['nowhere', null, 'cordon'],
])('%s', (_, directory, want) => {
  expect(commandIn(directory)).toBe(want)
})

test('every command in a hint, and nothing else', () => {
  const hint = 'see `cordon env` and `cordon ca show`; `cordon` is not `cordons`'
  expect(spellCommands(hint, 'npx cordon')).toBe(
    'see `npx cordon env` and `npx cordon ca show`; `cordon` is not `cordons`',
  )
  expect(spellCommands(hint, 'cordon')).toBe(hint)
})
