/**
 * Where a configuration is read from: the files, or what was in them when somebody else has read them. Processes that have to agree on one
 * policy read the same snapshot, whatever has become of the files since.
 */

import { globSync, readFileSync, statSync } from 'node:fs'
import type { Parsed } from '../model/errors.ts'
import { MAX_YAML_BYTES } from './yaml.ts'

/** Everything that was read and found, by what was asked for. Plain data, fit for sending. */
export interface Snapshot {
  /** The configuration file in use; null for the built-in defaults. */
  readonly configPath: string | null
  readonly texts: readonly (readonly [path: string, text: Parsed<string>])[]
  readonly found: readonly (readonly [pattern: string, names: readonly string[]])[]
}

export interface FileSource {
  /** @param path absolute. @param most bytes of it; of what is larger nothing is read */
  read(path: string, most?: number): Parsed<string>
  /** Names that match in a folder, sorted. */
  find(pattern: string, base: string): readonly string[]
}

/** A pipe or a device could keep the reader waiting for ever, so only ordinary files are read. */
export const DISK: FileSource = {
  read(path, most = MAX_YAML_BYTES) {
    try {
      const stat = statSync(path)
      if (!stat.isFile()) return { fault: 'this is not a file' }
      if (stat.size > most) return { fault: `the file is larger than ${most} bytes` }
      return { value: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return { fault: 'there is no such file' }
      if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { fault: 'the file is not UTF-8' }
      return { fault: `cannot be read (${code})` }
    }
  },
  find: (pattern, base) => globSync(pattern, { cwd: base }).sort(),
}

/** What was not asked for when the snapshot was taken is not there. */
export function fromSnapshot({ texts, found }: Snapshot): FileSource {
  const byPath = new Map(texts)
  const byPattern = new Map(found)
  return {
    read: (path) => byPath.get(path) ?? { fault: 'there is no such file' },
    find: (pattern, base) => byPattern.get(keyOf(pattern, base)) ?? [],
  }
}

/** Passes on what a source says, and remembers it. */
export class Recorder implements FileSource {
  readonly #source: FileSource
  readonly #texts = new Map<string, Parsed<string>>()
  readonly #found = new Map<string, readonly string[]>()

  constructor(source: FileSource) {
    this.#source = source
  }

  read(path: string, most?: number): Parsed<string> {
    const text = this.#source.read(path, most)
    this.#texts.set(path, text)
    return text
  }

  find(pattern: string, base: string): readonly string[] {
    const names = this.#source.find(pattern, base)
    this.#found.set(keyOf(pattern, base), names)
    return names
  }

  snapshot(configPath: string | null): Snapshot {
    return { configPath, texts: [...this.#texts], found: [...this.#found] }
  }
}

function keyOf(pattern: string, base: string): string {
  return `${base}\n${pattern}`
}
