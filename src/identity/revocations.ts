/**
 * Which agents' tokens no longer count: for each name the moment up to which they are revoked. A file in the data directory, written
 * by `cordon agents revoke` and looked at again by the running proxy within half a second. A file that cannot be
 * understood revokes everything, because nobody knows what it meant; it is never written over.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rewriteFile } from '../files/exclusive-file.ts'
import { WatchedFile } from '../files/watched-file.ts'
import type { Problem } from '../model/errors.ts'

/** The list cannot be read or written; nothing was changed. */
export class RevocationsError extends Error {
  override name = 'RevocationsError'
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

export class Revocations {
  readonly #path: string
  readonly #clock: { now(): number }
  readonly #file: WatchedFile<ReadonlyMap<string, number>>

  constructor(dataDir: string, clock: { now(): number }) {
    this.#path = join(dataDir, 'revoked-agents.json')
    this.#clock = clock
    this.#file = new WatchedFile(this.#path, clock, read)
  }

  /** @param issuedAt milliseconds since the epoch. @returns why such a token does not count, null when it does. Never throws. */
  refusalOf(name: string, issuedAt: number): Problem | null {
    const { state } = this.#file
    if ('fault' in state) {
      return { code: 'token-revoked', detail: 'the list of revoked tokens cannot be read' }
    }
    const until = state.value.get(name)
    if (until === undefined || issuedAt > until) return null
    return { code: 'token-revoked', detail: `the token of \`${name}\` was revoked` }
  }

  /** Names and the moments up to which their tokens are revoked. @throws RevocationsError */
  list(): ReadonlyMap<string, number> {
    return read(this.#path)
  }

  /** Revokes all tokens issued to that name so far. @throws RevocationsError */
  revoke(name: string): void {
    try {
      rewriteFile(this.#path, () => {
        const entries = new Map(read(this.#path))
        entries.set(name, Math.max(this.#clock.now(), entries.get(name) ?? 0))
        return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
      })
    } catch (error) {
      if (error instanceof RevocationsError) throw error
      throw new RevocationsError(this.#path, (error as Error).message)
    }
  }
}

function read(path: string): ReadonlyMap<string, number> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error('it is not a JSON object')
    }
    return new Map(Object.entries(value).map(([name, until]) => [name, toTime(until, name)]))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw new RevocationsError(path, `cannot be read: ${(error as Error).message}`)
  }
}

function toTime(value: unknown, name: string): number {
  const isTime = typeof value === 'number' && !Number.isNaN(new Date(value).getTime())
  if (!isTime) throw new Error(`\`${name}\` has no time`)
  return value
}
