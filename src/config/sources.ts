/** Which files make up a configuration: the one file, and the rule files it names. Read and checked for form, nothing more. */

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { PolicyDocument, RuleEntry } from '../policy/document.ts'
import type { FileReader } from './files.ts'
import type { PolicySource } from './merge.ts'
import { type ConfigFile, configFile, policyFile } from './schema.ts'
import type { YamlFile } from './yaml.ts'

export interface Sources {
  /** Null when the configuration could not be read or parsed; the reader knows why. */
  readonly config: ConfigFile | null
  /** The configuration itself first, then the rule files in the order in which it names them. */
  readonly policies: readonly PolicySource[]
}

/** How the names of scenario files end: those of `rules/NAME.yaml` stand in `rules/NAME.scenarios.yaml`. */
export const SCENARIOS = '.scenarios.yaml'

/** Rule files matched by one pattern. */
const MAX_FILES = 256

/** @returns the configuration in use: the one asked for, else `cordon.yaml` in that folder, else null. */
export function findConfig(cwd: string, asked: string | null): string | null {
  const path = resolve(cwd, asked ?? 'cordon.yaml')
  return asked !== null || existsSync(path) ? path : null
}

/** @param instead rule files in place of those it names; null for those. */
export function readConfig(
  reader: FileReader,
  path: string,
  instead: readonly string[] | null = null,
): Sources {
  const yaml = reader.read(path)
  const config = reader.check(yaml, configFile)
  if (!config || !yaml) return { config: null, policies: [] }
  const inline: RuleEntry[] = []
  const places: number[] = []
  const policies: PolicySource[] = []
  for (const [i, rule] of (config.rules ?? []).entries()) {
    if (typeof rule === 'string') {
      if (instead) continue
      policies.push(...readRuleFiles(reader, yaml, { pattern: rule, index: i, path }))
    } else {
      inline.push(rule)
      places.push(i)
    }
  }
  policies.push(...(instead ?? []).flatMap((file) => readPolicyFile(reader, file)))
  const document: PolicyDocument = { ...config, rules: inline }
  return { config, policies: [{ yaml: skipNames(yaml, places), document }, ...policies] }
}

/** Rule files by themselves, with the defaults for everything else. */
export function readPolicies(reader: FileReader, paths: readonly string[]): Sources {
  const policies = paths.flatMap((path) => readPolicyFile(reader, path))
  return { config: { version: 1 }, policies }
}

interface RuleFiles {
  readonly pattern: string
  /** Its place under `rules:`. */
  readonly index: number
  /** The configuration it stands in. */
  readonly path: string
}

function readRuleFiles(reader: FileReader, yaml: YamlFile, rules: RuleFiles): PolicySource[] {
  const { pattern, index, path } = rules
  const fail = (message: string) => {
    reader.problems.push(yaml.problemAt(['rules', index], message))
    return []
  }
  // It is looked at every second: a walk through all folders below would keep the proxy from its work.
  if (pattern.includes('**')) return fail(`\`${pattern}\`: name each folder instead of \`**\``)
  const base = dirname(path)
  const found = reader.find(pattern, base).filter((name) => !name.endsWith(SCENARIOS))
  if (found.length === 0) return fail(`\`${pattern}\` matches no file`)
  if (found.length > MAX_FILES) return fail(`\`${pattern}\` matches more than ${MAX_FILES} files`)
  return found.flatMap((name) => readPolicyFile(reader, resolve(base, name)))
}

function readPolicyFile(reader: FileReader, path: string): PolicySource[] {
  const yaml = reader.read(path)
  const document = reader.check(yaml, policyFile)
  return yaml && document ? [{ yaml, document }] : []
}

/** The file as if the names of rule files did not stand between its rules. @param places of the rules in the file */
function skipNames(yaml: YamlFile, places: readonly number[]): YamlFile {
  return {
    ...yaml,
    problemAt([key, index, ...rest], message, hint, at) {
      const place = key === 'rules' && typeof index === 'number' ? places[index] : index
      const path = [key, place, ...rest].filter((step) => step !== undefined)
      return yaml.problemAt(path, message, hint, at)
    },
  }
}
