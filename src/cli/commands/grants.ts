/** `cordon grants`: what people gave leave for, and taking it back. */

import type { Command } from 'commander'
import type { GrantRow } from '../../console/api/rows.ts'
import type { ApiClient } from '../approvals/api-client.ts'
import { type ApiOptions, openApi, withApi } from '../approvals/find-api.ts'
import { findId, wholeId } from '../approvals/find-id.ts'
import { grantsOfLog, readsLog } from '../approvals/from-log.ts'
import { GRANT_HEAD, sayCall, sayOften, toGrantCells, toLine } from '../approvals/sayings.ts'
import { print, printJson, printTable, say } from '../output.ts'

interface GrantsOptions extends ApiOptions {
  readonly all?: boolean
  readonly json?: boolean
}

const LIMIT = 1_000

export function addGrants(program: Command): void {
  const grants = withApi(program.command('grants'))
    .description('list what people gave leave for, and take it back')
    .option('--all', 'also what has ended lately')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon grants\n  cordon grants revoke g-7k2mq0ax')
    .action(async (options: GrantsOptions) => {
      const rows = await listGrants(options)
      if (options.json) return printJson(rows)
      if (rows.length === 0)
        return say(options.all ? 'there are no grants' : 'no grant is in force')
      printTable(GRANT_HEAD, rows.map(toGrantCells))
    })

  withApi(grants.command('revoke'))
    .description('take leave back at once: what runs under it ends')
    .argument('<id>', 'the grant; its first letters are enough')
    .option('--reason <text>', 'why; kept in the log')
    .addHelpText('after', '\nExample:\n  cordon grants revoke 7k2m --reason "done early"')
    .action(async (text: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GrantsOptions & { reason?: string }>()
      const api = await openApi(options)
      const id = wholeId(text, 'g') ?? (await findGrantId(api, text))
      const { granted } = await api.post<{ granted: GrantRow }>(`/grants/${id}/revoke`, {
        reason: options.reason,
      })
      if (options.json) printJson(granted)
      else print(toLine(`revoked ${granted.id}: ${sayCall(granted)}; used ${sayUsed(granted)}`))
    })
}

function sayUsed({ used }: GrantRow): string {
  return used === 0 ? 'never' : sayOften(used)
}

async function findGrantId(api: ApiClient, text: string): Promise<string> {
  const { grants } = await api.get<{ grants: GrantRow[] }>('/grants')
  return findId(text, grants, { live: 'active', kind: 'g' })
}

async function listGrants(options: GrantsOptions): Promise<readonly GrantRow[]> {
  const state = options.all ? null : 'active'
  if (readsLog(options)) return grantsOfLog(options, state, LIMIT)
  const api = await openApi(options)
  const query = state === null ? '' : `?state=${state}`
  return (await api.get<{ grants: GrantRow[] }>(`/grants${query}`)).grants
}
