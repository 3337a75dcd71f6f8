/** `cordon holds`: what waits for a person. In a terminal a list that lives; plain and JSON elsewhere. */

import { type Command, Option } from 'commander'
import type { SeenHold } from '../../console/api/handler.ts'
import type { HoldRow } from '../../console/api/rows.ts'
import type { HoldState } from '../../model/hold.ts'
import type { ApiClient } from '../approvals/api-client.ts'
import { type Closer, toHoldDetails } from '../approvals/details.ts'
import { type ApiOptions, findAgain, openApi, withApi } from '../approvals/find-api.ts'
import { holdsOfLog, readsLog } from '../approvals/from-log.ts'
import { showLive } from '../approvals/live/live.ts'
import { HOLD_HEAD, toHoldCells } from '../approvals/sayings.ts'
import { CommandError, EXIT, print, printJson, printTable, say } from '../output.ts'
import { findHoldId } from './approve.ts'

const STATES = ['pending', 'approved', 'denied', 'expired', 'cancelled', 'all'] as const

interface HoldsOptions extends ApiOptions {
  readonly state?: (typeof STATES)[number]
  readonly watch?: boolean
  readonly json?: boolean
}

/** Instead of an empty table. */
const EMPTY: Partial<Record<(typeof STATES)[number], string>> = {
  pending: 'nothing waits for a person',
  all: 'there are no holds',
}

const LIMIT = 1_000

export function addHolds(program: Command): void {
  withApi(program.command('holds'))
    .description('what waits for a person; in a terminal a list to decide in')
    .argument('[id]', 'show this one, with everything a decision rests on')
    .addOption(
      new Option('--state <state>', 'those in this state; default: pending').choices(STATES),
    )
    .option('-w, --watch', 'go on as things happen')
    .option('--json', 'as JSON; with --watch one line an event')
    .addHelpText(
      'after',
      '\nExample:\n  cordon holds\n  cordon holds 7k2m\n  cordon holds --state all --json',
    )
    .action(async (id: string | undefined, options: HoldsOptions) => {
      if (id !== undefined) return showOne(await openApi(options), id, options)
      if (options.watch) return watch(await openApi(options), options)
      const isPlain = options.json || options.state !== undefined
      if (readsLog(options)) return list(holdsOfLog(options, toState(options), LIMIT), options)
      const api = await openApi(options)
      if (!isPlain && isTerminal()) return showLive(api, () => findAgain(api, options))
      list(await holdsOf(api, options), options)
    })
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY
}

async function showOne(api: ApiClient, text: string, { json }: HoldsOptions): Promise<void> {
  const id = await findHoldId(api, text)
  const hold = await api.get<SeenHold & Closer>(`/holds/${id}`)
  if (json) return printJson(hold)
  for (const [name, line] of toHoldDetails(hold, hold)) {
    print(`${name.padEnd(12)} ${line.replace(/[\r\n\t]+/g, ' ')}`)
  }
}

function list(holds: readonly HoldRow[], { json, state = 'pending' }: HoldsOptions): void {
  if (json) return printJson(holds)
  if (holds.length === 0) return say(EMPTY[state] ?? `no hold is ${state}`)
  printTable(HOLD_HEAD, holds.map(toHoldCells))
}

/** @returns null for any. */
function toState({ state = 'pending' }: HoldsOptions): HoldState | null {
  return state === 'all' ? null : state
}

async function holdsOf(api: ApiClient, options: HoldsOptions): Promise<readonly HoldRow[]> {
  const state = toState(options)
  const query = state === null ? '' : `&state=${state}`
  const found = await api.get<{ holds: HoldRow[]; left_off: number }>(
    `/holds?limit=${LIMIT}${query}`,
  )
  if (found.left_off > 0) say(`${found.left_off} older ones are left off`)
  return found.holds
}

/** @throws CommandError when the stream ends: whoever started it hears of it */
async function watch(api: ApiClient, options: HoldsOptions): Promise<void> {
  const { json } = options
  if (!json && isTerminal()) return showLive(api, () => findAgain(api, options))
  const stop = new AbortController()
  await api.events(({ event, data }) => {
    if (json) return print(JSON.stringify({ event, ...(data as object) }))
    const { holds = [], hold } = data as { holds?: HoldRow[]; hold?: HoldRow }
    for (const one of hold ? [hold] : holds) print(toHoldCells(one).join('  '))
  }, stop.signal)
  throw new CommandError(EXIT.failed, 'the proxy has ended the stream', 'is it stopping?')
}
