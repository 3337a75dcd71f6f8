/** Scenarios: what a policy has to decide for calls its authors thought of. Read here, run by `cordon test`. */

import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Placement } from '../model/placement.ts'
import type { Action } from '../model/verdict.ts'
import type { OneOrMany } from '../policy/document.ts'
import { ConfigError } from './config-error.ts'
import { FileReader } from './files.ts'
import { scenarioFile } from './schema.ts'
import { SCENARIOS } from './sources.ts'

export interface Scenario {
  readonly name: string
  readonly request: {
    readonly url: string
    readonly method?: string | undefined
    /** What is said to a database, as rules name it. */
    readonly statement?: OneOrMany<string> | undefined
    readonly agent?: string | undefined
    readonly groups?: readonly string[] | undefined
    /** Where the destination is taken to be; without it `addresses`, or what the policy declares for the host. */
    readonly regions?: readonly string[] | undefined
    /** Addresses the host is taken to have. */
    readonly addresses?: readonly string[] | undefined
  }
  readonly expect: {
    readonly action: Action
    readonly placement?: Placement | undefined
    /** Ids of all rules that match and decide, in any order. */
    readonly rules?: readonly string[] | undefined
    /** The same of those that take data out. */
    readonly redacts?: readonly string[] | undefined
  }
}

/** @throws ConfigError */
export function loadScenarios(path: string, cwd: string): readonly Scenario[] {
  const reader = new FileReader(cwd)
  const file = reader.check(reader.read(resolve(cwd, path)), scenarioFile)
  if (!file) throw new ConfigError(reader.problems, reader)
  return file.scenarios
}

/** All scenario files below a folder's `rules/`. */
export function findScenarios(dir: string): readonly string[] {
  return globSync(`rules/*${SCENARIOS}`, { cwd: dir })
    .sort()
    .map((name) => resolve(dir, name))
}
