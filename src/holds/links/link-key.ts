/** The key that signs links back: 32 random bytes in the data directory, for its owner alone. Without the file, all links that were sent are void. */

import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const BYTES = 32

/** The key cannot be used; nothing was changed. */
export class LinkKeyError extends Error {
  override name = 'LinkKeyError'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/**
 * Loads the key, or makes it (mode 0600) when there is none.
 *
 * @throws LinkKeyError
 */
export function openLinkKey(dataDir: string): Buffer {
  const path = join(dataDir, 'link.key')
  return readKey(path) ?? createKey(path)
}

function readKey(path: string): Buffer | null {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new LinkKeyError(path, `the key of links cannot be read: ${message}`)
  }
  if (/^[0-9a-f]{64}\n$/.test(text)) return Buffer.from(text.trim(), 'hex')
  throw new LinkKeyError(path, 'the key of links is not 64 hexadecimal digits on one line')
}

function createKey(path: string): Buffer {
  const key = randomBytes(BYTES)
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(file, `${key.toString('hex')}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    // Not `rename`: should another process have made one meanwhile, links are signed with that already.
    linkSync(temporary, path)
    return key
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const theirs = code === 'EEXIST' ? readKey(path) : null
    if (theirs) return theirs
    throw new LinkKeyError(path, `the key of links cannot be written: ${message}`)
  } finally {
    rmSync(temporary, { force: true })
  }
}
