/** A configuration with mistakes, all of them at once. */

import type { FileReader } from './files.ts'
import type { Footprint } from './footprint.ts'
import type { FileProblem } from './yaml.ts'

/** The configuration cannot be used; nothing was changed. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly FileProblem[]
  /** Absolute paths of the files that were read. */
  readonly files: readonly string[]
  /** Null when it was not files that were at fault. */
  readonly footprint: Footprint | null

  constructor(problems: readonly FileProblem[], read?: Pick<FileReader, 'files' | 'footprint'>) {
    super(`${problems.length} problem${problems.length === 1 ? '' : 's'} in the configuration`)
    this.problems = problems
    this.files = read?.files ?? []
    this.footprint = read?.footprint ?? null
  }
}
