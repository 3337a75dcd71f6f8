/** Programs of the system by which the first process arranges what is seen. */

import { spawnSync } from 'node:child_process'

/** @throws Error with what it said */
export function runProgram(program: string, ...args: string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error) throw new Error(`cannot run \`${program}\`: ${error.message}`)
  if (status !== 0) throw new Error(`\`${program} ${args.join(' ')}\` failed: ${stderr.trim()}`)
}
