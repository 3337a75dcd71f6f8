/**
 * A small file of ours that several processes may change: replaced as a whole and never seen half-written, and of two that change it at
 * the same time neither loses what the other has written.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** Milliseconds between tries, and their number, while somebody else's change is under way. */
const TRY_MS = 20
const TRIES = 100

/**
 * Writes what `change` gives, mode 0600. It is asked only when nobody else can write before the file has its name, so what it reads is the
 * last version. What it throws leaves the file as it was.
 *
 * @throws Error with a sentence when the file cannot be written
 */
export function rewriteFile(path: string, change: () => string): void {
  const next = `${path}.new`
  const file = openExclusively(next)
  try {
    writeSync(file, change())
    fsyncSync(file)
    renameSync(next, path)
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

/** Whoever has made the new file goes first. */
function openExclusively(next: string): number {
  for (let i = 0; i < TRIES; i++) {
    try {
      return openSync(next, 'wx', 0o600)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'EEXIST') throw new Error(`cannot be written: ${message}`)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS)
    }
  }
  throw new Error(`cannot be written while there is a \`${next}\``)
}
