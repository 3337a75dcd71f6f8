/**
 * The files of the CA and of the roots: read whole but never without bound, and written so that a reader sees all of
 * a file or nothing of it, even after a crash. Nothing here knows what is in them, and no file is ever named after
 * a host.
 */

import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file that cannot be used: which one, one sentence why, and what to do about it. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError'
  readonly path: string
  readonly hint: string

  constructor(path: string, problem: string, hint: string, cause?: unknown) {
    super(`cannot use \`${path}\`: ${problem}`, { cause })
    this.path = path
    this.hint = hint
  }
}

/** Far above the bundle of a large company; only a mistake is larger. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Reads a text file; null when there is none. @throws TlsFileError */
export async function readTextFile(path: string): Promise<string | null> {
  const hint = 'check that the user running cordon may read the file'
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new TlsFileError(path, 'it is not a regular file', hint)
    if (found.size > MAX_FILE_BYTES) throw new TlsFileError(path, 'it is over 16 MiB', hint)
    return await readFile(path, 'latin1')
  } catch (error) {
    if (error instanceof TlsFileError) throw error
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    const problem = code === 'EACCES' ? 'reading it is not permitted' : `reading failed: ${code}`
    throw new TlsFileError(path, problem, hint, error)
  }
}

/** Writes a file under a name that must be free. @throws TlsFileError, also when it is not free */
export function createFile(path: string, text: string, mode: number): Promise<void> {
  // Not `rename`, which would replace what is there.
  return writeThen(path, text, mode, (temporary) => link(temporary, path))
}

/** Writes a file in place of the one there, if any. @throws TlsFileError */
export function replaceFile(path: string, text: string, mode: number): Promise<void> {
  return writeThen(path, text, mode, (temporary) => rename(temporary, path))
}

/** Gives a file a second name that must be free, or lead to the same content already. @throws TlsFileError */
export async function keepFileAs(path: string, kept: string): Promise<void> {
  try {
    await link(path, kept)
    await syncFolder(kept)
  } catch (error) {
    const same = codeOf(error) === 'EEXIST' && (await haveSameText(path, kept))
    if (!same) throw toWriteError(kept, error)
  }
}

async function writeThen(
  path: string,
  text: string,
  mode: number,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(temporary, text, mode)
    await publish(temporary)
    await syncFolder(path)
  } catch (error) {
    throw toWriteError(path, error)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  await using file = await open(path, 'wx', mode)
  // The umask may have taken bits away from what open was given.
  await file.chmod(mode)
  await file.writeFile(text)
  await file.sync()
}

/** Makes the name of a file as durable as its content. Some network file systems cannot, which is no reason to stop. */
async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(dirname(path))
    await folder.sync()
  } catch {}
}

async function haveSameText(path: string, other: string): Promise<boolean> {
  return (await readTextFile(path)) === (await readTextFile(other))
}

function toWriteError(path: string, error: unknown): TlsFileError {
  const code = codeOf(error)
  if (code === 'EEXIST') {
    const hint =
      'nothing was overwritten; if another cordon was starting here, start this one again'
    return new TlsFileError(path, 'there is a file of that name already', hint, error)
  }
  const hint = 'check that the user running cordon may write to the folder, and that it has room'
  return new TlsFileError(path, `writing failed: ${code}`, hint, error)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
