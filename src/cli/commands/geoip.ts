/** `cordon geoip`: how old the data are, and newer ones from where they are published. */

import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Settings } from '../../config/load.ts'
import type { Operation } from '../../config/operation.ts'
import { loadCloudRegions } from '../../config/regions.ts'
import { openGeoip } from '../../locate/geoip.ts'
import { compiledPath, tableName } from '../../locate/tables/folder.ts'
import {
  NO_TABLES,
  openPrefixTables,
  PrefixTableError,
  type PrefixTables,
  type TableInfo,
} from '../../locate/tables/prefix-tables.ts'
import { TABLE_SOURCES, type TableSource } from '../../locate/tables/sources.ts'
import { recordAction } from '../agent-token.ts'
import { composeOwnRequests } from '../compose/origins.ts'
import { clock } from '../compose/process.ts'
import { fetchTable, readTable } from '../get-table.ts'
import { CommandError, EXIT, print, printJson, printTable, say, sayError } from '../output.ts'
import { type ConfigOptions, INSTALL_DIR, load, loadWithFacts, withConfig } from '../settings.ts'
import { type TableResult, type UpdateOptions, updateTables } from '../update-tables.ts'

interface JsonOption extends ConfigOptions {
  readonly json?: boolean
}

export function addGeoip(program: Command): void {
  const geoip = program
    .command('geoip')
    .description('ages of the data that say where an address is, and newer ones')
    .addHelpText('after', '\nExample:\n  cordon geoip status\n  cordon geoip update')

  withConfig(geoip.command('status'))
    .description('which tables and files are in use, and how old they are')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  cordon geoip status')
    .action(async (options: JsonOption) => showStatus(load(options).operation, options))

  withConfig(geoip.command('update'))
    .description('fetch the tables of prefixes that providers publish')
    .argument('[tables...]', 'only these; default: all that are not turned off')
    .option('--from <path...>', 'no network: take these files, or those in these folders')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cordon geoip update\n  cordon geoip update aws azure\n  cordon geoip update --from /media/tables',
    )
    .action(async (ids: string[], options: JsonOption & { readonly from?: string[] }) => {
      const settings = loadWithFacts(options)
      const wanted = chooseTables(ids, settings.operation)
      const results = options.from
        ? await updateFromFiles(settings, wanted, options.from)
        : await updateFromPublishers(settings, wanted)
      showResults(results, options)
      process.exitCode = toExitCode(results)
    })
}

async function showStatus(operation: Operation, { json }: JsonOption): Promise<void> {
  const path = compiledPath(operation.tablesDir)
  const { asOf, tables } = await openTables(operation)
  const files = (await openGeoip(operation.geoipFiles ?? undefined)).files()
  const infos = tables.tables()
  if (json) {
    return printJson({
      path: infos.length > 0 ? path : null,
      tables: infos.map(toJson),
      files: files.map(({ source, path: file, asOf: date }) => ({ file, source, as_of: date })),
      regions: { as_of: asOf },
    })
  }
  if (infos.length > 0) {
    printTable(['TABLE', 'OF', 'CHECKED', 'PREFIXES', 'UNKNOWN REGIONS'], infos.map(toCells))
  } else {
    say('there are no tables of prefixes: GeoIP alone says where addresses are')
    say('hint: fetch them with `cordon geoip update`')
  }
  for (const file of files) print(`GeoIP ${file.source}: ${file.asOf ?? 'without a date'}`)
  print(`regions of providers: ${asOf}`)
}

function toJson(info: TableInfo) {
  return {
    table: info.id,
    provider: info.provider,
    kind: info.kind,
    source: info.source,
    as_of: info.asOf,
    fetched_at: info.fetchedAt,
    prefixes: info.rows,
    edge: info.edges,
    without_place: info.unplaced,
    unknown_regions: info.unknownRegions,
  }
}

function toCells({ id, asOf, fetchedAt, rows, unknownRegions }: TableInfo): string[] {
  const age = sayAge(clock.now() - Date.parse(fetchedAt))
  return [id, asOf ?? '-', age, String(rows), unknownRegions.join(' ') || '-']
}

const DAY_MS = 86_400_000

function sayAge(ms: number): string {
  const days = Math.max(0, Math.floor(ms / DAY_MS))
  return days === 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`
}

/** @throws CommandError */
function chooseTables(ids: readonly string[], { tableSources }: Operation): Set<string> {
  const known = TABLE_SOURCES.map(({ id }) => id)
  for (const id of [...ids, ...Object.keys(tableSources)]) {
    if (known.includes(id)) continue
    throw new CommandError(
      EXIT.invalid,
      `there is no table \`${id}\``,
      `one of ${known.join(', ')}`,
    )
  }
  const off = ids.find((id) => tableSources[id] === null)
  if (off) {
    const hint = 'take it out of `geoip: sources:` first'
    throw new CommandError(EXIT.invalid, `the table \`${off}\` is turned off`, hint)
  }
  return new Set(ids.length > 0 ? ids : known)
}

async function updateFromPublishers(settings: Settings, wanted: ReadonlySet<string>) {
  await using own = await composeOwnRequests(settings)
  const { tableSources } = settings.operation
  // Not closed before all is done.
  return await update(settings.operation, (source, known) =>
    wanted.has(source.id) ? fetchTable(own, source, tableSources[source.id] ?? null, known) : null,
  )
}

async function updateFromFiles(
  { operation }: Settings,
  wanted: ReadonlySet<string>,
  paths: readonly string[],
) {
  const files = findFiles(paths, wanted)
  return update(operation, ({ id }) => {
    const path = files.get(id)
    return path === undefined ? null : readTable(path)
  })
}

/** Ids of tables to the files that hold them. @throws CommandError when it is not clear which, or there is none */
function findFiles(
  paths: readonly string[],
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const add = ({ id }: TableSource, path: string) => {
    const other = found.get(id)
    if (other !== undefined && other !== path) {
      throw new CommandError(
        EXIT.invalid,
        `\`${other}\` and \`${path}\` are both the table \`${id}\``,
      )
    }
    if (wanted.has(id)) found.set(id, path)
  }
  for (const path of paths) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
    const names = isFolder ? globSync('*', { cwd: path }).map((name) => join(path, name)) : [path]
    for (const name of names) {
      const source = TABLE_SOURCES.find(({ known }) => known.test(tableName(name)))
      if (source) add(source, name)
      else if (!isFolder) {
        const hint = `rename it to one of ${TABLE_SOURCES.map(({ file }) => file).join(', ')}`
        throw new CommandError(EXIT.invalid, `\`${name}\` is not named like any table`, hint)
      }
    }
  }
  if (found.size === 0) throw new CommandError(EXIT.invalid, `no table in ${paths.join(', ')}`)
  return found
}

async function update(operation: Operation, get: UpdateOptions['get']) {
  const { tables } = await openTables(operation, (error) => say(`${error.message}: made anew`))
  const { results, written } = await updateTables({
    dir: operation.tablesDir,
    sources: TABLE_SOURCES.filter(({ id }) => operation.tableSources[id] !== null),
    facts: tables.tables(),
    now: clock.now(),
    get,
    onChange: async (all) => {
      const changes = describeResults(all)
      if (changes === '') return
      await recordAction(operation, 'geoip-update', operation.tablesDir, changes)
    },
  })
  if (!written) say('the tables in use were left as they are')
  return results
}

/** @throws PrefixTableError for a damaged file, unless somebody is told */
async function openTables(
  { tablesDir }: Operation,
  onDamage: (error: PrefixTableError) => void = (error) => {
    throw error
  },
): Promise<{ readonly asOf: string; readonly tables: PrefixTables }> {
  const regions = loadCloudRegions(join(INSTALL_DIR, 'geoip/regions.yaml'), process.cwd())
  try {
    return { asOf: regions.asOf, tables: await openPrefixTables(compiledPath(tablesDir), regions) }
  } catch (error) {
    if (!(error instanceof PrefixTableError)) throw error
    if (!error.isMissing) onDamage(error)
    return { asOf: regions.asOf, tables: NO_TABLES }
  }
}

function describeResults(results: readonly TableResult[]): string {
  return results
    .filter(({ outcome }) => outcome === 'updated')
    .map(({ table, prefixes, as_of }) => `${table} ${prefixes} of ${as_of ?? 'no date'}`)
    .join(', ')
}

function showResults(results: readonly TableResult[], { json }: JsonOption): void {
  if (json) printJson(results)
  else {
    printTable(
      ['TABLE', 'OUTCOME', 'OF', 'PREFIXES'],
      results.map(({ table, outcome, as_of, prefixes }) => [
        table,
        outcome,
        as_of ?? '-',
        String(prefixes),
      ]),
    )
  }
  for (const { table, problem, hint } of results) {
    if (problem) sayError(`${table}: ${problem}`, hint)
  }
}

function toExitCode(results: readonly TableResult[]) {
  const outcomes = results.map(({ outcome }) => outcome)
  if (outcomes.includes('failed') || outcomes.includes('refused')) return EXIT.failed
  return outcomes.includes('blocked') ? EXIT.blocked : EXIT.ok
}
