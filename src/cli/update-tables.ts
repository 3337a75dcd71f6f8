/**
 * One round of updating: every table that could be had and read takes the place of the one before, every other one stays as it was;
 * then all are compiled anew. INVARIANT: what cannot be kept is not thrown away either: then nothing changes at all.
 */

import { compileTables, type TableInput } from '../locate/tables/compile.ts'
import { compiledPath, originalPath, readTableFile, replaceFile } from '../locate/tables/folder.ts'
import type { TableFacts } from '../locate/tables/layout.ts'
import { findRegression } from '../locate/tables/revise.ts'
import { parseTable, type TableSource } from '../locate/tables/sources.ts'
import type { Got, Known } from './get-table.ts'

export interface UpdateOptions {
  readonly dir: string
  /** All tables that may be in the compiled file. */
  readonly sources: readonly TableSource[]
  /** Facts of the compiled file in use; empty when there is none. */
  readonly facts: readonly TableFacts[]
  readonly now: number
  /** Gets a table; null: it is not asked for this time. `known` is null when it has to come whole. */
  readonly get: (source: TableSource, known: Known | null) => Promise<Got> | null
  /** Called when all is known and before anything is written. */
  readonly onChange: (results: readonly TableResult[]) => Promise<void>
}

export interface TableResult {
  readonly table: string
  readonly provider: string
  /** `kept`: not asked for. The last three leave the table that was there. */
  readonly outcome: 'updated' | 'unchanged' | 'kept' | 'refused' | 'failed' | 'blocked'
  /** Prefixes in use afterwards; 0 when there is no table. */
  readonly prefixes: number
  readonly as_of: string | null
  readonly problem: string | null
  readonly hint: string | null
}

/** A table after asking for it: what goes into the compiled file, and what is said about it. */
interface Settled {
  readonly result: TableResult
  readonly input: TableInput | null
  /** Set when the original changes. */
  readonly bytes: Uint8Array | null
  /** It was in use and could not be kept. */
  readonly lost: boolean
}

/** @returns null in place of a compiled file when it was left as it was */
export async function updateTables(
  options: UpdateOptions,
): Promise<{ readonly results: readonly TableResult[]; readonly written: boolean }> {
  const settled: Settled[] = []
  for (const source of options.sources) settled.push(await settle(source, options))
  const results = settled.map(({ result }) => result)
  const inputs = settled.flatMap(({ input }) => input ?? [])
  if (inputs.length === 0 || settled.some(({ lost }) => lost)) return { results, written: false }
  const compiled = compileTables(inputs)
  await options.onChange(results)
  for (const { input, bytes } of settled) {
    if (input && bytes) await replaceFile(originalPath(options.dir, input.source), bytes)
  }
  await replaceFile(compiledPath(options.dir), compiled)
  return { results, written: true }
}

async function settle(source: TableSource, options: UpdateOptions): Promise<Settled> {
  const facts = options.facts.find(({ id }) => id === source.id) ?? null
  const kept = await readKept(source, facts, options.dir)
  const asking = options.get(source, kept ? facts : null)
  if (!asking) return keep(source, facts, kept, 'kept')
  const got = await asking
  if (got.kind === 'same') {
    const fetchedAt = new Date(options.now).toISOString()
    return keep(source, facts, kept && withDate(kept, fetchedAt), 'unchanged')
  }
  if (got.kind !== 'new') return keep(source, facts, kept, got.kind, got.problem, got.hint)

  const parsed = parseTable(source, got.bytes)
  const { origin } = got
  if ('fault' in parsed) {
    return keep(source, facts, kept, 'refused', `${origin.source}: ${parsed.fault}`)
  }
  const asOf = parsed.value.asOf ?? origin.date
  const table = { ...parsed.value, asOf }
  const regression = findRegression(table, facts)
  if (regression) {
    const hint = `if that is right, remove \`${compiledPath(options.dir)}\` and update all tables`
    return keep(source, facts, kept, 'refused', `${origin.source}: ${regression}`, hint)
  }
  const { source: from, etag, lastModified } = origin
  const seenAt = origin.isCurrent || asOf === null ? options.now : Date.parse(asOf)
  const fetchedAt = new Date(Math.min(seenAt, options.now)).toISOString()
  const input = { source, table, origin: { source: from, asOf, fetchedAt, etag, lastModified } }
  return {
    result: toResult(source, 'updated', input),
    input,
    bytes: got.bytes,
    lost: false,
  }
}

/** The table in use, read again from its original; null when there is none or it can no longer be read. */
async function readKept(
  source: TableSource,
  facts: TableFacts | null,
  dir: string,
): Promise<TableInput | null> {
  const path = originalPath(dir, source)
  const file = await readTableFile(path)
  const parsed = 'value' in file ? parseTable(source, file.value.bytes) : file
  if ('fault' in file || 'fault' in parsed) return null
  const { date } = file.value
  const asOf = facts?.asOf ?? parsed.value.asOf ?? date
  const origin = facts ?? {
    source: `file ${source.file}`,
    fetchedAt: `${date}T00:00:00.000Z`,
    etag: null,
    lastModified: null,
  }
  const { source: from, fetchedAt, etag, lastModified } = origin
  return {
    source,
    table: parsed.value,
    origin: { source: from, asOf, fetchedAt, etag, lastModified },
  }
}

function withDate(input: TableInput, fetchedAt: string): TableInput {
  return { ...input, origin: { ...input.origin, fetchedAt } }
}

function keep(
  source: TableSource,
  facts: TableFacts | null,
  kept: TableInput | null,
  outcome: TableResult['outcome'],
  problem: string | null = null,
  hint: string | null = null,
): Settled {
  const result = { ...toResult(source, outcome, kept), problem, hint }
  const lost = facts !== null && kept === null
  if (!lost) return { result, input: kept, bytes: null, lost }
  const missing = `the original of \`${source.id}\` is missing or unreadable, so nothing was changed`
  return {
    result: {
      ...result,
      outcome: outcome === 'kept' ? 'failed' : outcome,
      prefixes: facts.rows,
      as_of: facts.asOf,
      problem: problem ? `${problem}; ${missing}` : missing,
      hint: hint ?? `update \`${source.id}\` as well, or bring its file with \`--from\``,
    },
    input: null,
    bytes: null,
    lost,
  }
}

function toResult(
  source: TableSource,
  outcome: TableResult['outcome'],
  input: TableInput | null,
): TableResult {
  return {
    table: source.id,
    provider: source.provider,
    outcome,
    prefixes: input?.table.rows.length ?? 0,
    as_of: input?.origin.asOf ?? null,
    problem: null,
    hint: null,
  }
}
