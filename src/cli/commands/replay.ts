/** `cordon replay`: what a changed policy would have made of recorded calls. Nothing is sent, asked or written. */

import type { Command } from 'commander'
import { AuditReader } from '../../audit/read.ts'
import { saySize } from '../../config/size.ts'
import { isOwnListener } from '../../locate/address-class.ts'
import type { Policy } from '../../policy/compile.ts'
import { auditPath, clock } from '../compose/process.ts'
import { configuredListeners, ownAddresses } from '../endpoints.ts'
import { print, printJson, printTable, say } from '../output.ts'
import { type Replayed, replay } from '../replay/replay.ts'
import type { Change, Counts } from '../replay/tally.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'
import { toSince } from '../since.ts'

interface ReplayOptions extends ConfigOptions {
  readonly since: string
  readonly json?: boolean
}

/** Lines of the table for people; `--json` has all. */
const SHOWN = 50
/** Milliseconds between two words about how far it is. */
const TELL_MS = 5_000

export function addReplay(program: Command): void {
  withConfig(program.command('replay'))
    .description('what a changed policy would have made of recorded calls')
    .option('--rules <file...>', 'rule files, in place of those that the configuration names')
    .option('--home <zone...>', 'where data may be processed, in place of what the files say')
    .option('--since <time>', 'calls not older than 2h, 7d …, or an ISO date', '7d')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon replay --rules stricter.yaml --since 30d\n  cordon replay --home DE FR',
    )
    .action(async (options: ReplayOptions) => {
      const since = toSince(options.since)
      const { policy, operation } = load(options)
      using reader = new AuditReader(auditPath(operation))
      const range = reader.countCalls(Date.parse(since))
      const listeners = configuredListeners(operation)
      const own = ownAddresses()
      const replayed = await replay(
        reader,
        range,
        { policy, isOwnListener: (to, port) => isOwnListener(to, port, listeners, own) },
        teller(range.count),
      )
      if (options.json) printJson(toJson(replayed, policy, since))
      else sayReplayed(replayed, policy, since)
    })
}

/** Says how far it is when it takes long. */
function teller(count: number): (done: number) => void {
  let told = clock.now()
  return (done) => {
    if (clock.now() - told < TELL_MS) return
    told = clock.now()
    say(`${done} of ${count} calls`)
  }
}

/** What is not known, for whoever relies on the result. */
function notesOn({ leftOut, cut, tally }: Replayed, policy: Policy): readonly string[] {
  const notes = [
    'places, evidence, agents and groups are taken as they were recorded, whatever `match` says now; declarations, zones and rules count anew',
    'of bodies only what was concluded from them is known; what a connection was to become only for WebSocket',
    'bytes are those that went then: none for calls that were refused; what agents would have done instead nobody knows',
  ]
  if (leftOut > 0) {
    const why = 'refused before it was known where they go, or whatever the policy says'
    notes.push(`left out: ${sayCalls(leftOut)}, ${why}`)
  }
  if (cut > 0) notes.push(`only the beginning of the path is known: ${sayCalls(cut)}`)
  if (tally.unlisted > 0) notes.push(`changed, and only in the totals: ${sayCalls(tally.unlisted)}`)
  if (tally.observed > 0) {
    const rules = 'rules that are only observed would change them, and do not'
    notes.push(`${sayCalls(tally.observed)}: ${rules}`)
  }
  if (!policy.enforced) notes.push('this policy is only observed: all of these calls would pass')
  return notes
}

function toJson(replayed: Replayed, policy: Policy, since: string) {
  const { tally, calls, leftOut } = replayed
  const counts = ({ calls, bytesOut, bytesIn }: Counts) => ({
    calls,
    bytes_out: bytesOut,
    bytes_in: bytesIn,
  })
  return {
    since,
    policy_digest: policy.digest,
    enforced: policy.enforced,
    calls,
    left_out: leftOut,
    totals: tally.totals.map((total) => ({ from: total.from, to: total.to, ...counts(total) })),
    changes: tally.changes.map((change) => {
      const { agent, host, from, to, rule, placement } = change
      return { agent, host, from, to, rule, placement, ...counts(change) }
    }),
    notes: notesOn(replayed, policy),
  }
}

function sayReplayed(replayed: Replayed, policy: Policy, since: string): void {
  const { tally, calls } = replayed
  const { changes, totals } = tally
  const shown = changes.slice(0, SHOWN)
  if (shown.length > 0) {
    printTable(['CALLS', 'OUT', 'IN', 'WAS', 'WOULD BE', 'AGENT', 'HOST', 'BY'], shown.map(toCells))
    if (changes.length > shown.length) {
      print(`and ${changes.length - shown.length} more lines: see --json`)
    }
    print('')
  }
  const changed = totals.filter(({ from, to }) => from !== to)
  const count = changed.reduce((sum, total) => sum + total.calls, 0)
  print(`${count} of ${sayCalls(calls)} since ${since} would have been decided otherwise`)
  for (const { from, to, ...counts } of changed) {
    print(`  ${from} -> ${to}: ${sayCalls(counts.calls)}, ${sayBytes(counts)}`)
  }
  for (const note of notesOn(replayed, policy)) print(`note: ${note}`)
}

function toCells(change: Change): readonly string[] {
  const { calls, bytesOut, bytesIn, from, to, agent, host, rule, placement } = change
  const by = rule === null ? placement : `rule ${rule}`
  return [String(calls), saySize(bytesOut), saySize(bytesIn), from, to, agent, host, by]
}

function sayCalls(count: number): string {
  return count === 1 ? '1 call' : `${count} calls`
}

function sayBytes({ bytesOut, bytesIn }: Counts): string {
  return `${saySize(bytesOut)} out, ${saySize(bytesIn)} in`
}
