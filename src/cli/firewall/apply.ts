/**
 * Rules put in place and taken away, through the programs that own them. What was just put in place goes away by itself unless somebody confirms:
 * who has locked themselves out cannot, and need not do anything. The watch for that is a process of its own, which outlives a lost connection.
 */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError, EXIT } from '../output.ts'
import type { Forcing } from './forcing.ts'
import {
  type Family,
  type Present,
  readPresent,
  removeIptables,
  type Table,
  toIptables,
} from './iptables.ts'
import { removeNft, toNft } from './nft.ts'

export type Backend = 'nft' | 'iptables'

const FAMILIES = [4, 6] as const

/** @throws CommandError; then nothing has changed */
export function apply(backend: Backend, forcing: Forcing): void {
  if (backend === 'nft') {
    feed('nft', ['-f', '-'], toNft(forcing))
    return
  }
  for (const family of FAMILIES) {
    try {
      feed(restoreOf(family), ['--noflush'], toIptables(forcing, family, presentOf(family)))
    } catch (error) {
      if (family === 6) remove('iptables', [4])
      throw error
    }
  }
}

/** Without rules it does nothing. @throws CommandError */
export function remove(backend: Backend, families: readonly Family[] = FAMILIES): void {
  if (backend === 'nft') {
    feed('nft', ['-f', '-'], removeNft())
    return
  }
  for (const family of families) {
    const input = removeIptables(presentOf(family))
    if (input !== '') feed(restoreOf(family), ['--noflush'], input)
  }
}

/**
 * Takes the rules away after so many milliseconds, whatever becomes of us.
 *
 * @param dir where the mark of what waits is kept
 * @param revert the command that takes them away
 */
export function watch(dir: string, ms: number, revert: readonly string[]): void {
  const mark = markOf(dir)
  const id = `${process.pid}.${Date.now()}`
  writeFileSync(mark, id)
  // Only what this one has put in place: an older watch finds another mark, or none.
  const script =
    'sleep "$1"; [ "$(cat "$2" 2>/dev/null)" = "$3" ] || exit 0; rm -f "$2"; shift 3; exec "$@"'
  const args = ['-c', script, 'cordon-firewall', String(ms / 1_000), mark, id, ...revert]
  spawn('sh', args, { detached: true, stdio: 'ignore', cwd: '/' }).unref()
}

/** @returns whether there was anything to confirm */
export function confirm(dir: string): boolean {
  const mark = markOf(dir)
  const waits = existsSync(mark)
  rmSync(mark, { force: true })
  return waits
}

function markOf(dir: string): string {
  return join(dir, 'firewall.unconfirmed')
}

function presentOf(family: Family): Record<Table, Present> {
  const save = `${family === 4 ? 'iptables' : 'ip6tables'}-save`
  const read = (table: Table) => readPresent(table, feed(save, ['-t', table], ''))
  return { nat: read('nat'), filter: read('filter') }
}

function restoreOf(family: Family): string {
  return `${family === 4 ? 'iptables' : 'ip6tables'}-restore`
}

function feed(program: string, args: readonly string[], input: string): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' })
  if (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const hint = isMissing ? `install ${program === 'nft' ? 'nftables' : 'iptables'}` : undefined
    throw new CommandError(EXIT.failed, `cannot run \`${program}\`: ${error.message}`, hint)
  }
  if (status !== 0) {
    const said = stderr.trim().split('\n').slice(0, 3).join('; ')
    throw new CommandError(EXIT.failed, `\`${program}\` took none of it: ${said}`, 'run it as root')
  }
  return stdout
}
