/**
 * What a configuration was read from, and how the system described it just before it was read: a later look that differs
 * means a change. Stamps are taken before the content, so that a write in between is seen by the next look.
 */

import { statSync } from 'node:fs'
import { DISK } from './source.ts'

export class Footprint {
  readonly #looks: (() => string)[] = []
  #seen = ''

  /** What it was when it was read. */
  get seen(): string {
    return this.#seen
  }

  /** What it is now. */
  now(): string {
    return this.#looks.map((look) => look()).join('\n')
  }

  addFile(path: string): void {
    this.#add(() => stampOf(path))
  }

  /** Also notices files that are added or taken away. */
  addPattern(pattern: string, base: string): void {
    this.#add(() => DISK.find(pattern, base).join('\n'))
  }

  #add(look: () => string, first = look()): void {
    this.#seen = this.#looks.push(look) === 1 ? first : `${this.#seen}\n${first}`
  }
}

function stampOf(path: string): string {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stat
      ? `${path} ${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
      : `${path} missing`
  } catch (error) {
    return `${path} ${(error as NodeJS.ErrnoException).code}`
  }
}
