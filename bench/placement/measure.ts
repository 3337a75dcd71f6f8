/** One measurement: the truth drawn from one folder, the tables made from another, every answer counted. */

import { join, resolve } from 'node:path'
import { loadEdges } from '../../src/config/edges.ts'
import { loadSettings } from '../../src/config/load.ts'
import { loadCloudRegions } from '../../src/config/regions.ts'
import type { AddressSources } from '../../src/locate/address-evidence.ts'
import { openGeoip } from '../../src/locate/geoip.ts'
import { NO_TABLES, type PrefixTables } from '../../src/locate/tables/prefix-tables.ts'
import { compile, type Directory, readDirectory } from './directory.ts'
import { placeAddress } from './place.ts'
import { addAnswer, emptyScore, type Score } from './score.ts'
import { createRandom, drawTruths, type Truth } from './truth.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** The four clouds whose regions the targets are about. */
const CLOUDS: ReadonlySet<string> = new Set(['aws', 'gcp', 'azure', 'oci'])

export interface MeasureOptions {
  readonly dir: string
  /** Null: the tables are made from the same folder. */
  readonly old: string | null
  readonly seed: number
}

export interface Report {
  readonly seed: number
  /** Prefixes whose truth nobody knows. */
  readonly excluded: number
  readonly skipped: readonly string[]
  readonly tables: readonly { table: string; as_of: string | null; truth_as_of: string | null }[]
  /** By what was known: `table` or `none`; then by group. */
  readonly scores: Readonly<Record<'table' | 'none', Readonly<Record<string, Score>>>>
}

/** Null when there is nothing to measure with. */
export async function measure({ dir, old, seed }: MeasureOptions): Promise<Report | null> {
  const regions = loadCloudRegions(join(ROOT, 'geoip/regions.yaml'), ROOT)
  const truth = await readDirectory(dir)
  const known = old === null ? truth : await readDirectory(old)
  if (truth.tables.length === 0 || known.tables.length === 0) return null
  const { list, excluded } = drawTruths(
    truth.tables,
    regions,
    createRandom(seed),
    compile(truth, regions),
  )
  const geoip = await openGeoip()
  const edges = loadEdges(join(ROOT, 'geoip/edges.yaml'), ROOT)
  const eea = readEea()
  const now = lastDateOf(truth)
  const score = (tables: PrefixTables) => {
    const sources = { geoip, tables: () => tables, edges: () => edges }
    return scoreAll(list, sources, now, eea)
  }
  return {
    seed,
    excluded,
    skipped: [...new Set([...truth.skipped, ...known.skipped])],
    tables: datesOf(known, truth),
    scores: { table: score(compile(known, regions)), none: score(NO_TABLES) },
  }
}

function scoreAll(
  truths: readonly Truth[],
  sources: AddressSources,
  now: number,
  eea: ReadonlySet<string>,
): Record<string, Score> {
  const scores: Record<string, Score> = {}
  for (const truth of truths) {
    const answer = placeAddress(sources, truth.address, now)
    for (const group of groupsOf(truth, eea)) {
      scores[group] ??= emptyScore()
      addAnswer(scores[group], truth, answer, eea)
    }
  }
  return scores
}

/** The answers are those of the day of the newest truth: tables grow old. */
function lastDateOf({ tables }: Directory): number {
  return Math.max(...tables.map(({ origin }) => Date.parse(origin.fetchedAt)))
}

function groupsOf({ provider, address, country }: Truth, eea: ReadonlySet<string>): string[] {
  const groups = [`${provider} IPv${address.version}`, 'all']
  if (CLOUDS.has(provider)) groups.push('aws gcp azure oci')
  if (country !== null) groups.push(eea.has(country) ? 'in the EEA' : 'outside the EEA')
  return groups
}

function readEea(): ReadonlySet<string> {
  const { policy } = loadSettings({
    cwd: import.meta.dirname,
    installDir: ROOT,
    config: null,
    home: ['EEA'],
    observe: false,
    dataDir: null,
    facts: false,
  })
  return policy.home.countries
}

function datesOf(known: Directory, truth: Directory): Report['tables'] {
  return truth.tables.map(({ source, origin }) => ({
    table: source.id,
    as_of: known.tables.find((one) => one.source.id === source.id)?.origin.asOf ?? null,
    truth_as_of: origin.asOf,
  }))
}
