/** What a test needs from the machine. Missing, it is skipped with a sentence; where every suite is required, that is a failure. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Set in CI: a skip is a failure. */
const REQUIRED = process.env.CORDON_TESTS_REQUIRED === '1'

/** @returns the reason to skip, or false. For `test.skipIf` and `describe.skipIf`. */
export function missing(...needs: readonly Need[]): string | false {
  const absent = needs.filter((need) => !need.present()).map((need) => need.says)
  if (absent.length === 0) return false
  const reason = `needs ${absent.join(' and ')}`
  if (REQUIRED) throw new Error(`every suite is required here, but this one ${reason}`)
  console.warn(`skipped: ${reason}`)
  return reason
}

export interface Need {
  readonly says: string
  present(): boolean
}

export function program(name: string, ...args: string[]): Need {
  return {
    says: `the program ${name}`,
    present: () => spawnSync(name, args, { stdio: 'ignore' }).status === 0,
  }
}

/** For programs without a question that they answer with 0. */
export function installed(name: string): Need {
  return { says: `the program ${name}`, present: () => !spawnSync(name, { stdio: 'ignore' }).error }
}

/** For programs of the system that are not in the path of users. */
export function programAt(path: string): Need {
  return { says: `the program ${path}`, present: () => existsSync(path) }
}

export const root: Need = { says: 'root', present: () => process.getuid?.() === 0 }

/** A network namespace can be made: root, and a kernel that lets it. */
export const namespaces: Need = {
  says: 'root and network namespaces',
  present: () => spawnSync('unshare', ['-n', 'true'], { stdio: 'ignore' }).status === 0,
}

/** Memory of a process is read from /proc. */
export const linux: Need = { says: 'Linux', present: () => process.platform === 'linux' }
