/** Walks the whole chain and says where it breaks. Reads one snapshot, so the proxy may go on writing meanwhile. */

import type { Head } from './appender.ts'
import { type Field, GENESIS, hashRow } from './chain.ts'
import { openForReading } from './database.ts'
import { COLUMNS, digestContext, toHashed } from './rows.ts'

export interface Break {
  /** The first number at which the break shows. */
  readonly seq: number
  readonly what: string
}

export interface Verification {
  readonly ok: boolean
  readonly rows: number
  /** How many of them each table has. */
  readonly tables: Readonly<Record<Table, number>>
  /** The last row found. */
  readonly head: Head
  /** At most `MAX_BREAKS`, in order. */
  readonly breaks: readonly Break[]
}

export interface VerifyOptions {
  /** A row noted earlier, outside: it has to be there still. Proves that nothing was cut off after it and made anew. */
  readonly expect?: Head
  /** Called every so many rows with their number. */
  readonly onProgress?: (rows: number) => void
}

export const MAX_BREAKS = 20
const PROGRESS_ROWS = 100_000

const TABLES = [
  'decisions',
  'outcomes',
  'redacted',
  'stated',
  'repeated',
  'admin',
  'hold_events',
] as const
type Table = (typeof TABLES)[number]
type Row = { readonly seq: number; readonly hash: string; readonly table: Table } & Record<
  string,
  Field
>

/** @throws AuditError when the file is no audit log. */
export function verifyAuditLog(path: string, options: VerifyOptions = {}): Verification {
  using db = asDisposable(openForReading(path))
  db.exec('BEGIN')
  const breaks: Break[] = []
  const report = (seq: number, what: string) => {
    if (breaks.length < MAX_BREAKS) breaks.push({ seq, what })
  }
  const badContexts = findBadContexts(db)
  let head: Head = { seq: 0, hash: GENESIS }
  let rows = 0
  const tables = {
    ...{ decisions: 0, outcomes: 0, redacted: 0, stated: 0, repeated: 0 },
    ...{ admin: 0, hold_events: 0 },
  }
  let expected = options.expect === undefined
  const noted = db.prepare('SELECT seq, hash FROM head').get() as Head | undefined
  let ending = ''
  for (const row of mergeBySeq(TABLES.map((table) => readRows(db, table)))) {
    if (row.seq !== head.seq + 1) {
      const missing =
        row.seq > head.seq ? 'rows are missing before this one' : 'a number occurs twice'
      report(row.seq, missing)
    }
    const fields = COLUMNS[row.table].map((column) => row[column] ?? null)
    if (hashRow(head.hash, row.table, toHashed(row.table, fields)) !== row.hash) {
      report(
        row.seq,
        `the row in \`${row.table}\` does not continue the one before it: one of them was changed`,
      )
    }
    if (row.table === 'decisions' && badContexts.has(String(row.digest))) {
      report(row.seq, 'the context of this decision was changed')
    }
    if (options.expect?.seq === row.seq) expected = options.expect.hash === row.hash
    if (noted?.seq === row.seq && noted.hash !== row.hash) report(row.seq, NOT_AS_NOTED)
    head = { seq: row.seq, hash: row.hash }
    ending = row.table
    tables[row.table]++
    if (++rows % PROGRESS_ROWS === 0) options.onProgress?.(rows)
  }
  for (const seq of db.prepare(OUTCOMES_OF_NOTHING).pluck().all() as number[]) {
    report(seq, 'the outcome of a flow that was never decided')
  }
  for (const seq of db.prepare(REDACTED_OF_NOTHING).pluck().all() as number[]) {
    report(seq, 'what was taken out of a flow that has not ended')
  }
  for (const seq of db.prepare(STATED_OF_NOTHING).pluck().all() as number[]) {
    report(seq, 'a statement of a flow or a connection that was never decided')
  }
  for (const seq of db.prepare(REPEATED_OF_NOTHING).pluck().all() as number[]) {
    report(seq, 'how often a statement was sent that is not there or has not ended')
  }
  for (const seq of db.prepare(HELD_OTHERWISE).pluck().all() as number[]) {
    report(seq, '`held` and the context of this decision name different holds')
  }
  // It may lag behind decisions, never behind other rows.
  if (noted && (noted.seq > head.seq || (noted.seq < head.seq && ending !== 'decisions'))) {
    report(head.seq + 1, `the log says it ends at ${noted.seq}, but rows end at ${head.seq}`)
  }
  if (!expected) report(options.expect?.seq ?? 0, 'the expected row is not there')
  return { ok: breaks.length === 0, rows, tables, head, breaks }
}

const NOT_AS_NOTED = 'the log says that it once ended here, with another hash'

const OUTCOMES_OF_NOTHING = `
  SELECT seq FROM outcomes WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE seq = flow) LIMIT ${MAX_BREAKS}`

const REDACTED_OF_NOTHING = `
  SELECT seq FROM redacted WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.flow = redacted.flow) LIMIT ${MAX_BREAKS}`

const STATED_OF_NOTHING = `
  SELECT seq FROM stated WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE seq = flow)
    OR NOT EXISTS (SELECT 1 FROM decisions WHERE seq = connection) LIMIT ${MAX_BREAKS}`

const REPEATED_OF_NOTHING = `
  SELECT seq FROM repeated WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.flow = repeated.flow)
    OR NOT EXISTS (SELECT 1 FROM stated WHERE stated.flow = repeated.flow) LIMIT ${MAX_BREAKS}`

const HELD_OTHERWISE = `
  SELECT flow FROM held WHERE NOT EXISTS (
    SELECT 1 FROM decisions d JOIN contexts c ON c.id = d.context WHERE d.seq = flow AND c.hold_id = hold)
  UNION
  SELECT d.seq FROM decisions d CROSS JOIN contexts c ON c.id = d.context
  WHERE c.hold_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM held WHERE hold = c.hold_id AND flow = d.seq)
  LIMIT ${MAX_BREAKS}`

type Database = ReturnType<typeof openForReading>

function readRows(db: Database, table: Table): IterableIterator<Row> {
  const columns = COLUMNS[table].map((column) => `"${column}"`).join(', ')
  const from =
    table === 'decisions' ? 'decisions LEFT JOIN contexts ON contexts.id = context' : table
  return db
    .prepare(`SELECT '${table}' AS "table", ${columns}, hash FROM ${from} ORDER BY seq`)
    .iterate() as IterableIterator<Row>
}

/** Digests of contexts whose content no longer matches. */
function findBadContexts(db: Database): ReadonlySet<string> {
  const bad = new Set<string>()
  const select = db.prepare(`SELECT digest, ${COLUMNS.contexts.join(', ')} FROM contexts`)
  for (const row of select.iterate() as IterableIterator<Record<string, Field>>) {
    const fields = COLUMNS.contexts.map((column) => row[column] ?? null)
    if (digestContext(fields) !== row.digest) bad.add(String(row.digest))
  }
  return bad
}

function* mergeBySeq(sources: readonly IterableIterator<Row>[]): Generator<Row> {
  const next = sources.map((source) => source.next())
  for (;;) {
    let least = -1
    for (const [i, { done, value }] of next.entries()) {
      if (!done && (least < 0 || value.seq < next[least]?.value.seq)) least = i
    }
    if (least < 0) return
    yield next[least]?.value as Row
    next[least] = sources[least]?.next() ?? { done: true, value: undefined }
  }
}

function asDisposable(db: Database): Database & Disposable {
  return Object.assign(db, { [Symbol.dispose]: () => db.close() })
}
