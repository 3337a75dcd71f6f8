/**
 * A key in the data directory: made once, for its owner alone (mode 0600), and never written over. Of several processes that make it at the
 * same time all get the same one.
 */

import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'

/** The key cannot be used; nothing was changed. */
export class KeyFileError extends Error {
  override name = 'KeyFileError'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** How a key is written. */
export interface KeyForm<Key> {
  /** As messages call it: `token key`. */
  readonly name: string
  /** A new one, as it is written. */
  make(): string
  /** @returns the key, or why it is none */
  read(text: string): { readonly key: Key } | { readonly fault: string }
}

/**
 * Loads the key, or makes it when there is none.
 *
 * @throws KeyFileError
 */
export function openKeyFile<Key>(path: string, form: KeyForm<Key>): Key {
  return readKey(path, form) ?? createKey(path, form)
}

function readKey<Key>(path: string, form: KeyForm<Key>): Key | null {
  const text = readText(path, form.name)
  return text === null ? null : toKey(path, text, form)
}

function toKey<Key>(path: string, text: string, { read }: KeyForm<Key>): Key {
  const found = read(text)
  if ('key' in found) return found.key
  throw new KeyFileError(path, found.fault)
}

function readText(path: string, name: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new KeyFileError(path, `the ${name} cannot be read: ${message}`)
  }
}

function createKey<Key>(path: string, form: KeyForm<Key>): Key {
  const text = form.make()
  const temporary = `${path}.${randomUUID()}`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    // Not `rename`: should another process have made one meanwhile, something was made with that already.
    linkSync(temporary, path)
    return toKey(path, text, form)
  } catch (error) {
    if (error instanceof KeyFileError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const theirs = code === 'EEXIST' ? readKey(path, form) : null
    if (theirs !== null) return theirs
    throw new KeyFileError(path, `the ${form.name} cannot be written: ${message}`)
  } finally {
    rmSync(temporary, { force: true })
  }
}
