/**
 * Which agents' tokens no longer count: for each name the moment up to which they are revoked. A file in the data directory, written
 * by `cordon agents revoke` and looked at again by the running proxy within half a second. A file that cannot be
 * understood revokes everything, because nobody knows what it meant.
 */

import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const CHECK_MS = 500

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

  /** @param issuedAt milliseconds since the epoch. */
  isRevoked(name: string, issuedAt: number): boolean {
    this.#refresh()
    if (this.#until === 'unreadable') return true
    const until = this.#until.get(name)
    return until !== undefined && issuedAt <= until
  }

  /** Names and the moments up to which their tokens are revoked. @throws when the file is unusable. */
  list(): ReadonlyMap<string, number> {
    return read(this.#path)
  }

  /** Revokes all tokens issued to that name so far. @throws when the file is unusable. */
  revoke(name: string): void {
    const entries = new Map(read(this.#path)).set(name, this.#clock.now())
    const temporary = `${this.#path}.${process.pid}`
    const text = JSON.stringify(Object.fromEntries(entries), null, 2)
    writeFileSync(temporary, `${text}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, this.#path)
  }

  #refresh(): void {
    const now = this.#clock.now()
    if (now - this.#checkedAt < CHECK_MS) return
    this.#checkedAt = now
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    const stamp = stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : ''
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      this.#until = read(this.#path)
    } catch {
      this.#until = 'unreadable'
    }
  }
}

function read(path: string): ReadonlyMap<string, number> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${path} is not a JSON object`)
  }
  return new Map(
    Object.entries(value).map(([name, until]) => {
      if (typeof until !== 'number') throw new Error(`${path}: \`${name}\` has no time`)
      return [name, until]
    }),
  )
}
