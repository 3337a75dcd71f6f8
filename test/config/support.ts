/** A folder of configuration files, loaded as a command would. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../src/config/config-error.ts'
import { type LoadOptions, loadSettings, type Settings } from '../../src/config/load.ts'
import type { FileProblem } from '../../src/config/yaml.ts'
import { PROJECT } from '../support/proxy.ts'

export type Files = Readonly<Record<string, string | Uint8Array>>

export function write(dir: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), content)
  }
}

export function optionsFor(dir: string, changes: Partial<LoadOptions> = {}): LoadOptions {
  return {
    cwd: dir,
    installDir: PROJECT,
    config: null,
    home: null,
    observe: false,
    dataDir: null,
    facts: true,
    ...changes,
  }
}

export function load(dir: string, changes: Partial<LoadOptions> = {}): Settings {
  return loadSettings(optionsFor(dir, changes))
}

/** As people read them: `file:line:column: message (hint)`. */
export function problems(dir: string, changes: Partial<LoadOptions> = {}): readonly string[] {
  try {
    load(dir, changes)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(say)
    throw error
  }
}

export function say({ file, line, column, message, hint }: FileProblem): string {
  const place = line === null ? file : `${file}:${line}:${column}`
  return `${place}: ${message}${hint ? ` (${hint})` : ''}`
}
