/**
 * The folder of the tables: `prefixes.bin`, which is what the proxy reads, and `originals/`, the files it was compiled from, kept so that one
 * table can be replaced while the others stay. A reader sees all of a file or nothing of it, even after a crash.
 */

import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Parsed } from '../../model/errors.ts'
import type { TableSource } from './sources.ts'
import { MAX_TABLE_BYTES } from './table.ts'

export function compiledPath(dir: string): string {
  return join(dir, 'prefixes.bin')
}

export function originalPath(dir: string, { file }: TableSource): string {
  return join(dir, 'originals', file)
}

/** A table as a file, and the day that file is from. */
export interface TableFile {
  readonly bytes: Buffer
  /** ISO date: of the file's name, else of its last change. */
  readonly date: string
}

/** Reads a table, also one that ends in `.gz`. */
export async function readTableFile(path: string): Promise<Parsed<TableFile>> {
  try {
    await using file = await open(path)
    const found = await file.stat()
    if (!found.isFile()) return { fault: 'it is not a regular file' }
    if (found.size > MAX_TABLE_BYTES) return { fault: `it is over ${MAX_TABLE_BYTES} bytes` }
    const bytes = await file.readFile()
    const date = dateInName(path) ?? found.mtime.toISOString().slice(0, 10)
    return { value: { bytes: path.endsWith('.gz') ? gunzip(bytes) : bytes, date } }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { fault: code === 'ENOENT' ? 'there is no such file' : `reading it failed with ${code}` }
  }
}

/** The name a table's file is known by, without folder and `.gz`. */
export function tableName(path: string): string {
  return basename(path).replace(/\.gz$/, '')
}

/** `…_20260504.json` is a file of 2026-05-04, in a path or a URL. */
export function dateInName(path: string): string | null {
  const match = /_(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\.[a-z.]+$/.exec(path)
  return match ? match.slice(1).join('-') : null
}

/** Writes a file in place of the one there, if any. Rejects with the system's error, and then nothing has changed. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(temporary, bytes)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', 0o644)
  await file.writeFile(bytes)
  await file.sync()
}

/** Some network file systems cannot, which is no reason to stop. */
async function syncFolder(dir: string): Promise<void> {
  try {
    await using folder = await open(dir)
    await folder.sync()
  } catch {}
}

/** A few bytes can unpack to very many. */
function gunzip(bytes: Buffer): Buffer {
  return gunzipSync(bytes, { maxOutputLength: MAX_TABLE_BYTES })
}
