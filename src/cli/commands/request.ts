/** `cordon request`: access asked for ahead; somebody else decides about it. */

import type { Command } from 'commander'
import { sayTerms } from '../../model/hold.ts'
import { type ApiOptions, openApi, withApi } from '../approvals/find-api.ts'
import { sayCall, sayMoment, sayOften, sayTime, toLine } from '../approvals/sayings.ts'
import { print, printJson } from '../output.ts'
import type { Decided } from './approve.ts'
import { toUses } from './approve.ts'

interface RequestOptions extends ApiOptions {
  readonly agent?: string
  readonly method?: string
  readonly for?: string
  readonly from?: string
  readonly uses?: number
  readonly reason: string
  readonly json?: boolean
}

export function addRequest(program: Command): void {
  withApi(program.command('request'))
    .description('ask ahead that an agent may call something')
    .argument('<url>', 'what: without a path any path of the host')
    .option('--agent <name>', 'who; needed but where the token is the agent’s own')
    .option('--method <method>', 'with this method alone')
    .option('--for <time>', 'for how long: 30m, 8h …; default 1h')
    .option('--from <time>', 'from when on: 2026-12-01T08:00:00Z; default now')
    .option('--uses <n>', 'so many times; default: as often as it comes', toUses)
    .requiredOption('--reason <text>', 'what for: those who decide read it')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon request --agent crawler https://api.example.com/v1/files --for 2h --reason "migration"',
    )
    .action(async (url: string, options: RequestOptions) => {
      const api = await openApi(options)
      const { agent, method, for: lasts, from, uses, reason, json } = options
      const wish = { agent, url, method, for: lasts, from, uses, reason }
      const asked = await api.post<Decided>('/requests', wish)
      if (json) printJson(asked)
      else print(sayAsked(asked))
    })
}

function sayAsked({ hold }: Decided): string {
  const { wants, seconds_left } = hold
  const often = sayOften(wants?.uses ?? null)
  const when = wants
    ? `from ${sayMoment(wants.starts_at)} until ${sayMoment(wants.expires_at)}`
    : ''
  const who = sayTerms(hold)
  return toLine(
    `asked ${hold.id}: ${hold.agent}, ${sayCall(hold)}, ${often}, ${when}; ${who} has to agree within ${sayTime(seconds_left)}`,
  )
}
