/** Opening the audit database: better-sqlite3's door for everything that writes or reads it. */

import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'

export type AuditDatabase = Database.Database

/** The database cannot be used as it is. Nothing was changed. */
export class AuditError extends Error {
  override name = 'AuditError'
  readonly path: string
  readonly hint: string

  constructor(path: string, message: string, hint: string) {
    super(message)
    this.path = path
    this.hint = hint
  }
}

/** What marks a file as ours (SQLite `application_id`): "Crdn". */
const APPLICATION_ID = 0x4372646e
/**
 * 1: the table `head` names the last row after every commit. 2: it may lag behind decisions (see appender.ts), so that who knows only 1
 * must not write; the tables are the same. 3: `hold_events` is part of the chain, and contexts have three columns more. 4: so is `redacted`,
 * and outcomes have `inspection`. 5: `stated` and `repeated` are part of it.
 */
const SCHEMA_VERSION = 5
const READABLE = [1, 2, 3, 4, SCHEMA_VERSION]
/** A commit writes whole pages: half of SQLite's usual 4 KiB takes an eighth off a commit of one decision, and costs large ones nothing. */
const PAGE_BYTES = 2_048

/**
 * Opens the log for writing, makes it when there is none.
 *
 * @throws AuditError when the file is not an audit database of this version or cannot be opened.
 */
export function openForWriting(path: string): AuditDatabase {
  return attempt(path, () => {
    const db = new Database(path, { timeout: 0 })
    const isNew = pragma(db, 'page_count') === 0
    if (isNew) db.pragma(`page_size = ${PAGE_BYTES}`)
    else checkIdentity(db, path)
    db.pragma('journal_mode = WAL')
    // Every commit reaches the file before anybody is told; what must survive a power cut is synced by the writer.
    db.pragma('synchronous = NORMAL')
    // What is referred to was written by the same hand, and `verify` looks: not looked up with every row.
    db.pragma('foreign_keys = OFF')
    db.exec('BEGIN IMMEDIATE')
    const format = isNew ? SCHEMA_VERSION : Number(pragma(db, 'user_version'))
    if (format < 3) db.exec(TO_FORMAT_3)
    if (format < 4) db.exec(TO_FORMAT_4)
    db.exec(readSql('./schema.sql'))
    db.exec(readSql('./views.sql'))
    if (isNew) db.pragma(`application_id = ${APPLICATION_ID}`)
    if (pragma(db, 'user_version') !== SCHEMA_VERSION) {
      db.pragma(`user_version = ${SCHEMA_VERSION}`)
    }
    db.exec('COMMIT')
    return db
  })
}

/**
 * Opens the log for reading; the proxy may be writing to it at the same time. The views are those of this version, whichever wrote the
 * file last: what that did not know is null, or has no rows.
 *
 * @throws AuditError when there is none, or it is not one.
 */
export function openForReading(path: string): AuditDatabase {
  return attempt(path, () => {
    const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 2_000 })
    checkIdentity(db, path)
    db.pragma('temp_store = MEMORY')
    const format = Number(pragma(db, 'user_version'))
    if (format < 3) db.exec(AS_FORMAT_3)
    if (format < 4) db.exec(AS_FORMAT_4)
    for (const [name, table] of LATER_TABLES) if (!hasTable(db, name)) db.exec(table)
    db.exec(toTemporary(readSql('./views.sql')))
    return db
  })
}

/** Nothing is written anew: SQLite reads a column that was added as null in older rows. What is missing besides, schema.sql makes. */
const TO_FORMAT_3 = ['hold_id', 'approver', 'would']
  .map((column) => `ALTER TABLE contexts ADD COLUMN ${column} TEXT;`)
  .join('\n')

/** The same. SQLite reads all outcomes once to be sure that they may have it. */
const TO_FORMAT_4 = 'ALTER TABLE outcomes ADD COLUMN inspection TEXT'

/** For a reader, which may not change the file: the same, on its own connection alone. */
const AS_FORMAT_3 = `
  CREATE TEMP VIEW contexts AS SELECT *, NULL AS hold_id, NULL AS approver, NULL AS would FROM main.contexts`

const AS_FORMAT_4 = `
  CREATE TEMP VIEW outcomes AS SELECT *, NULL AS inspection FROM main.outcomes`

/** What the views look at and older files may not have: empty, for a reader alone. */
const LATER_TABLES = [
  ['links', 'CREATE TEMP TABLE links (flow INTEGER PRIMARY KEY, parent)'],
  [
    'hold_events',
    'CREATE TEMP TABLE hold_events (seq INTEGER PRIMARY KEY, at, hold, grant_id, kind, actor, detail, hash)',
  ],
  ['held', 'CREATE TEMP TABLE held (hold, flow)'],
  [
    'redacted',
    'CREATE TEMP TABLE redacted (seq INTEGER PRIMARY KEY, flow, direction, type, path, count, hash)',
  ],
  [
    'stated',
    'CREATE TEMP TABLE stated (flow INTEGER PRIMARY KEY, seq, connection, database, statement, kinds, hash)',
  ],
  ['repeated', 'CREATE TEMP TABLE repeated (flow INTEGER PRIMARY KEY, seq, times, rows, hash)'],
] as const

function hasTable(db: AuditDatabase, name: string): boolean {
  const sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?"
  return db.prepare(sql).get(name) !== undefined
}

/** Views of one connection, in front of those in the file. */
function toTemporary(views: string): string {
  return views.replace(/^DROP VIEW .*$/gm, '').replace(/^CREATE VIEW /gm, 'CREATE TEMP VIEW ')
}

function readSql(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

/** Has a connection that writes make a checkpoint with the commit that brings the write-ahead log to so many bytes. */
export function checkpointEvery(db: AuditDatabase, bytes: number): void {
  db.pragma(`wal_autocheckpoint = ${Math.ceil(bytes / Number(pragma(db, 'page_size')))}`)
}

/** Whether an error means that somebody else holds the write lock for the moment. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

/** Whether an error means that a row contradicts what is there. */
export function isContradiction(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT')
}

/**
 * Makes sure that one process alone enforces with this data directory. The lock ends with the process, however that ends.
 *
 * @throws AuditError when another process holds it.
 */
export function holdLock(path: string): Disposable {
  return attempt(path, () => {
    const db = new Database(path, { timeout: 0 })
    try {
      db.pragma('locking_mode = EXCLUSIVE')
      db.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      db.close()
      if (!isBusy(error)) throw error
      throw new AuditError(
        path,
        'another cordon is running with this data directory',
        'stop it, or give this one a directory of its own with `--data`',
      )
    }
    return { [Symbol.dispose]: () => db.close() }
  })
}

function checkIdentity(db: AuditDatabase, path: string): void {
  const [id, version] = [pragma(db, 'application_id'), pragma(db, 'user_version')]
  if (id === APPLICATION_ID && READABLE.includes(Number(version))) return
  db.close()
  throw new AuditError(
    path,
    id === APPLICATION_ID
      ? `the audit log has format ${version}, this version of cordon writes ${SCHEMA_VERSION}`
      : 'the file is an SQLite database, but not an audit log',
    'name another directory with `--data`; nothing was changed',
  )
}

function pragma(db: AuditDatabase, name: string): unknown {
  return db.pragma(name, { simple: true })
}

function attempt<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (error instanceof AuditError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new AuditError(
      path,
      `the audit log cannot be opened: ${reason}`,
      'check that the directory exists and the file is readable and intact; nothing was changed',
    )
  }
}
