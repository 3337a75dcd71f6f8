/**
 * Which agents' tokens no longer count: for each name the moment up to which they are revoked. A file in the data directory, written
 * by `cordon agents revoke` and looked at again by the running proxy within half a second. A file that cannot be
 * understood revokes everything, because nobody knows what it meant; it is never written over.
 */

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Problem } from '../model/errors.ts'
import { rewriteFile } from './exclusive-file.ts'

const CHECK_MS = 500

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
  #checkedAt = Number.NEGATIVE_INFINITY
  #stamp = ''
  #until: ReadonlyMap<string, number> | 'unreadable' = new Map()

  constructor(dataDir: string, clock: { now(): number }) {
    this.#path = join(dataDir, 'revoked-agents.json')
    this.#clock = clock
  }

  /** @param issuedAt milliseconds since the epoch. @returns why such a token does not count, null when it does. Never throws. */
  refusalOf(name: string, issuedAt: number): Problem | null {
    this.#refresh()
    if (this.#until === 'unreadable') {
      return { code: 'token-revoked', detail: 'the list of revoked tokens cannot be read' }
    }
    const until = this.#until.get(name)
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

  #refresh(): void {
    const now = this.#clock.now()
    // The clock may have been set back meanwhile.
    if (now >= this.#checkedAt && now - this.#checkedAt < CHECK_MS) return
    this.#checkedAt = now
    try {
      const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
      const stamp = stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : ''
      if (stamp === this.#stamp) return
      this.#until = read(this.#path)
      this.#stamp = stamp
    } catch {
      this.#until = 'unreadable'
      this.#stamp = 'unreadable'
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
