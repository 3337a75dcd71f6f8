/** `cordon flows`: reads the log. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { AuditReader, type FlowFilter, type FlowRow } from '../../audit/read.ts'
import { ACTIONS, OUTCOMES, PLACEMENTS } from '../../metrics/meter.ts'
import { auditPath } from '../compose/process.ts'
import { CommandError, EXIT, print, printJson, printTable, say } from '../output.ts'
import { type ConfigOptions, load, withConfig } from '../settings.ts'
import { toSince } from '../since.ts'

interface FlowsOptions extends ConfigOptions, Omit<FlowFilter, 'since' | 'after'> {
  readonly since?: string
  readonly limit: string
  readonly follow?: boolean
  readonly json?: boolean
}

const FOLLOW_MS = 500
/** Rows read at once while following; more wait for the next look. */
const FOLLOW_LIMIT = 10_000

export function addFlows(program: Command): void {
  withConfig(program.command('flows'))
    .description('read the log')
    .option('--agent <name>', 'calls of this agent')
    .option('--host <host>', 'calls to this host')
    .addOption(new Option('--placement <placement>', 'with this placement').choices(PLACEMENTS))
    .addOption(new Option('--action <action>', 'decided so').choices(ACTIONS))
    .addOption(new Option('--outcome <outcome>', 'ended so').choices([...OUTCOMES, 'open']))
    .addOption(
      new Option(
        '--would <action>',
        'that would have met this, had it not only been observed',
      ).choices(['block', 'hold']),
    )
    .option('--hold <id>', 'calls that waited under this hold, or went under its grant')
    .option('--redacted', 'calls that data was taken out of')
    .option('--since <time>', 'not older than 2h, 7d …, or an ISO date')
    .option('--limit <n>', 'the newest so many', '50')
    .option('-f, --follow', 'go on as calls come')
    .option('--json', 'as JSON; with --follow one line a flow')
    .addHelpText(
      'after',
      '\nExample:\n  cordon flows --placement outside --since 7d\n  cordon flows --follow',
    )
    .action(async (options: FlowsOptions) => {
      const { agent, host, placement, action, outcome, hold, redacted } = options
      const would = options.would && `would_${options.would}`
      const since = options.since === undefined ? undefined : toSince(options.since)
      const filter = { agent, host, placement, action, outcome, would, hold, redacted, since }
      const limit = toLimit(options.limit)
      using reader = new AuditReader(auditPath(load(options).operation))
      const flows = reader.flows(filter, limit)
      if (!options.follow) return options.json ? printJson(flows) : printFlows(flows, filter)
      let after = 0
      let next = flows
      for (;;) {
        for (const flow of next) print(options.json ? JSON.stringify(flow) : sayFlow(flow))
        after = next.at(-1)?.id ?? after
        await sleep(FOLLOW_MS)
        next = reader.flows({ ...filter, after }, FOLLOW_LIMIT)
      }
    })
}

function printFlows(flows: readonly FlowRow[], filter: FlowFilter): void {
  const isAll = Object.values(filter).every((value) => value === undefined)
  if (flows.length === 0)
    return say(isAll ? 'no call is in the log yet' : 'no such call is in the log')
  printTable(['ID', 'STARTED', 'AGENT', 'OUTCOME', 'STATUS', 'PLACE', 'CALL'], flows.map(toCells))
}

function sayFlow(flow: FlowRow): string {
  return toCells(flow).join('  ')
}

function toCells(flow: FlowRow): string[] {
  const place =
    flow.regions.length > 4 ? `${flow.regions.slice(0, 4).join(',')}…` : flow.regions.join(',')
  return [
    String(flow.id),
    flow.started_at.replace('T', ' ').slice(0, 19),
    flow.agent,
    toEnd(flow),
    String(flow.status ?? '-'),
    `${place || '?'} ${flow.placement}`,
    toCall(flow),
  ]
}

/** Characters of a statement that a line has room for. */
const MAX_STATEMENT = 120

function toCall({ method, scheme, host, port, path, statement }: FlowRow): string {
  const to = `${scheme}://${host ?? '-'}:${port ?? '-'}${path ?? ''}`
  if (statement === null) return `${method ?? 'tunnel'} ${to}`
  const line = statement.replace(/\s+/g, ' ')
  return `${to} ${line.length > MAX_STATEMENT ? `${line.slice(0, MAX_STATEMENT)}…` : line}`
}

/** How it ended, with what was wrong, or with what it would have met; and how much was taken out. */
function toEnd({ outcome, error, would, redactions_out, redactions_in }: FlowRow): string {
  const redacted = redactions_out + redactions_in
  const mark = redacted > 0 ? `, ${redacted} redacted` : ''
  if (error && outcome !== 'forwarded') return `${outcome} ${error}${mark}`
  return typeof would === 'string' ? `${outcome} ${would}${mark}` : `${outcome}${mark}`
}

function toLimit(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) {
    throw new CommandError(EXIT.invalid, `\`${text}\` is not a number of rows`)
  }
  return Number(text)
}
