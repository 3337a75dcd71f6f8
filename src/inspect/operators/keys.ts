/**
 * The key of everything that redaction derives: hashes, surrogates, tokens. One random key in the data directory (mode 0600), made at first
 * use; each agent has keys of its own, derived from it (HKDF, RFC 5869), so that nothing of one agent can be matched with another's.
 */

import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type KeyForm, openKeyFile } from '../../files/key-file.ts'

/** What one agent's values are hashed, replaced and named with. */
export interface AgentKeys {
  readonly hash: Buffer
  readonly surrogate: Buffer
  readonly token: Buffer
}

const BYTES = 32

const FORM: KeyForm<Buffer> = {
  name: 'key of redaction',
  make: () => `${randomBytes(BYTES).toString('base64url')}\n`,
  read: (text) => {
    const key = Buffer.from(text.trim(), 'base64url')
    return key.length === BYTES ? { key } : { fault: 'is not a key of redaction' }
  },
}

/**
 * Loads the key, or makes it when there is none.
 *
 * @throws KeyFileError
 */
export function openRedactionKey(dataDir: string): Buffer {
  return openKeyFile(join(dataDir, 'redaction.key'), FORM)
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
