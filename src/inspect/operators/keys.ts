/**
 * The key of everything that redaction derives: hashes, surrogates, tokens. One random key in the data directory (mode 0600), made at first
 * use; each agent has keys of its own, derived from it (HKDF, RFC 5869), so that nothing of one agent can be matched with another's.
 */

import { createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** The key of redaction is unusable; nothing was changed. */
export class RedactionKeyError extends Error {
  override name = 'RedactionKeyError'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** What one agent's values are hashed, replaced and named with. */
export interface AgentKeys {
  readonly hash: Buffer
  readonly surrogate: Buffer
  readonly token: Buffer
}

const BYTES = 32

/**
 * Loads the key, or makes it when there is none.
 *
 * @throws RedactionKeyError
 */
export function openRedactionKey(dataDir: string): Buffer {
  const path = join(dataDir, 'redaction.key')
  return readKey(path) ?? createKey(path)
}

/** @param agent its name; a tenant's or a session's where those are kept apart */
export function deriveAgentKeys(master: Buffer, agent: string): AgentKeys {
  return {
    hash: deriveKey(master, `hash\0${agent}`),
    surrogate: deriveKey(master, `surrogate\0${agent}`),
    token: deriveKey(master, `token\0${agent}`),
  }
}

/** A key for one purpose, e.g. the digests of the log, or those of a customer's dictionary. */
export function deriveKey(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `cordon redaction\0${purpose}`, BYTES))
}

/** HMAC-SHA-256 of parts that are kept apart: `a` and `bc` are not `ab` and `c`. */
export function digest(key: Buffer, ...parts: readonly string[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part)
  return hmac.digest()
}

function readKey(path: string): Buffer | null {
  try {
    const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url')
    if (key.length !== BYTES) throw new RedactionKeyError(path, 'is not a key of redaction')
    return key
  } catch (error) {
    if (error instanceof RedactionKeyError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new RedactionKeyError(path, `the key of redaction cannot be read: ${message}`)
  }
}

function createKey(path: string): Buffer {
  const key = randomBytes(BYTES)
  const temporary = `${path}.${randomUUID()}`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(file, `${key.toString('base64url')}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    // Not `rename`: another process may have made a key meanwhile, and tokens are already derived from it.
    linkSync(temporary, path)
    return key
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const theirs = code === 'EEXIST' ? readKey(path) : null
    if (theirs) return theirs
    throw new RedactionKeyError(path, `the key of redaction cannot be made: ${message}`)
  } finally {
    rmSync(temporary, { force: true })
  }
}
