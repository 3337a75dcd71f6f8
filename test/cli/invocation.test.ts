/** Hints name a command that can be called where they are read. */

import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { commandIn, spellCommands, spellHelp } from '../../src/cli/invocation.ts'
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
  const hint = 'see eval "$(cordon env)" and `cordon ca show`; `cordon` is not `cordons`'
  expect(spellCommands(hint, 'npx cordon')).toBe(
    'see eval "$(npx cordon env)" and `npx cordon ca show`; `cordon` is not `cordons`',
  )
  expect(spellCommands(hint, 'cordon')).toBe(hint)
})

test('usage and examples', () => {
  const help =
    'Usage: cordon run [options]\n  -c  default: cordon.yaml here\nExample:\n  cordon run -- sh\n  sudo cordon firewall nft --proxy-user cordon\n  eval "$(cordon env)"'
  expect(spellHelp(help, 'npx cordon')).toBe(
    'Usage: npx cordon run [options]\n  -c  default: cordon.yaml here\nExample:\n  npx cordon run -- sh\n  sudo npx cordon firewall nft --proxy-user cordon\n  eval "$(npx cordon env)"',
  )
  expect(spellHelp(help, 'cordon')).toBe(help)
})
