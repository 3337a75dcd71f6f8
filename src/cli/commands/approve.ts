/** `cordon approve` and `cordon deny`: a person decides about one hold. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { SeenHold } from '../../console/api/handler.ts'
import type { GrantRow } from '../../console/api/rows.ts'
import { sayTerms } from '../../model/hold.ts'
import type { ApiClient } from '../approvals/api-client.ts'
import { type ApiOptions, openApi, withApi } from '../approvals/find-api.ts'
import { findId, wholeId } from '../approvals/find-id.ts'
import { sayCall, sayGrant, toLine } from '../approvals/sayings.ts'
import { print, printJson } from '../output.ts'

/** What the API answers to a decision. */
export interface Decided {
  readonly hold: SeenHold
  /** Null while more have to agree, and where nothing was given. */
  readonly granted: GrantRow | null
}

interface ApproveOptions extends ApiOptions {
  readonly for?: string
  readonly uses?: number
  readonly scope?: string
  readonly group?: string
  readonly reason?: string
  readonly json?: boolean
}

export function addApprove(program: Command): void {
  withApi(program.command('approve'))
    .description('let a call that waits for a person pass')
    .argument('<id>', 'the hold; its first letters are enough')
    .option('--for <time>', 'for so long: 30m, 8h …; all such calls on the same path')
    .option('--uses <n>', 'so many times', toUses)
    .addOption(
      new Option('--scope <scope>', 'how wide; default: path with --for, else request').choices([
        'request',
        'path',
        'host',
      ]),
    )
    .option('--group <group>', 'for all agents of a group that the agent is in')
    .option('--reason <text>', 'why; kept in the log')
    .option('--json', 'what was given, as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon approve 7k2m\n  cordon approve h-7k2mq0ax --for 30m',
    )
    .action(async (text: string, options: ApproveOptions) => {
      const api = await openApi(options)
      const id = await findHoldId(api, text)
      const { for: lasts, uses, scope, group, reason, json } = options
      const wish = { for: lasts, uses, scope, group, reason }
      const decided = await api.post<Decided>(`/holds/${id}/approve`, wish)
      if (json) printJson(decided)
      else print(sayDecided(decided))
    })
}

export function addDeny(program: Command): void {
  withApi(program.command('deny'))
    .description('refuse a call that waits for a person')
    .argument('<id>', 'the hold; its first letters are enough')
    .option('--reason <text>', 'why; the agent is told, and it is kept in the log')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon deny 7k2m --reason "use the endpoint in Frankfurt"')
    .action(async (text: string, options: ApiOptions & { reason?: string; json?: boolean }) => {
      const api = await openApi(options)
      const id = await findHoldId(api, text)
      const { reason, json } = options
      const decided = await api.post<Decided>(`/holds/${id}/deny`, { reason })
      if (json) printJson(decided)
      else print(sayDecided(decided))
    })
}

/** One sentence: what has become of it, and what exactly was given. */
export function sayDecided({ hold, granted }: Decided): string {
  const about = `${hold.id}: ${hold.agent}, ${sayCall(hold)}`
  if (granted) return `approved ${hold.id}: ${sayGrant(granted)}`
  if (hold.state !== 'pending') return toLine(`${hold.state} ${about}`)
  const agreed = hold.votes.map(({ reviewer }) => reviewer).join(', ')
  return toLine(`agreed ${about}: more have to agree: ${sayTerms(hold)}; so far ${agreed}`)
}

/** @throws CommandError */
export async function findHoldId(api: ApiClient, text: string): Promise<string> {
  const whole = wholeId(text, 'h')
  if (whole !== null) return whole
  const { holds } = await api.get<{ holds: SeenHold[] }>('/holds?limit=1000')
  return findId(text, holds, { live: 'pending', kind: 'h' })
}

const MAX_USES = 1_000_000

export function toUses(text: string): number {
  const count = Number(text)
  if (!/^[1-9]\d*$/.test(text) || count > MAX_USES) {
    throw new InvalidArgumentError(`a number from 1 to ${MAX_USES} is expected`)
  }
  return count
}
