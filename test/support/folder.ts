/** A folder for the files of one test. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `await using` removes it. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'cordon-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
