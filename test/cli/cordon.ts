/** Runs `cordon` as a user does: a child process in a folder of the test's own. */

import { join } from 'node:path'
import { type Ran, type RunOptions, runProgram } from '../support/clients.ts'
import { PROJECT } from '../support/proxy.ts'

export function cordon(
  cwd: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  return runProgram(process.execPath, [join(PROJECT, 'src/cordon.js'), ...args], {
    cwd,
    ...options,
  })
}
