/** The mistakes in single files, as the configuration that uses them would find them. Nothing is written here. */

import { resolve } from 'node:path'
import { ConfigError } from './config-error.ts'
import { type LoadOptions, loadSettings } from './load.ts'
import { loadScenarios } from './scenarios.ts'
import { SCENARIOS } from './sources.ts'
import type { FileProblem } from './yaml.ts'

/** Checks the configuration in use. @returns every problem. */
export function checkConfig(options: LoadOptions): readonly FileProblem[] {
  return read(options).problems
}

/**
 * Checks files one by one. With one of those that the configuration in use is made of, all of it is checked, because rules
 * may name what stands in another file; scenarios and all others are checked by themselves.
 *
 * @returns every problem.
 */
export function checkFiles(paths: readonly string[], options: LoadOptions): readonly FileProblem[] {
  const { cwd } = options
  const inUse = read(options)
  const alone = paths.filter((path) => !inUse.files.includes(resolve(cwd, path)))
  return [
    ...(alone.length < paths.length ? inUse.problems : []),
    ...alone.flatMap((path) =>
      path.endsWith(SCENARIOS)
        ? checkScenarios(path, cwd)
        : checkConfig({ ...options, config: path }),
    ),
  ]
}

/** What a configuration is made of, and what is wrong with it. */
function read(options: LoadOptions): Pick<ConfigError, 'files' | 'problems'> {
  try {
    return { files: loadSettings(options).files, problems: [] }
  } catch (error) {
    return toConfigError(error)
  }
}

function checkScenarios(path: string, cwd: string): readonly FileProblem[] {
  try {
    loadScenarios(path, cwd)
    return []
  } catch (error) {
    return toConfigError(error).problems
  }
}

/** @throws what is not about the configuration */
function toConfigError(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error
  throw error
}
