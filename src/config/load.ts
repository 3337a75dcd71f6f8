/**
 * Files to settings: read, parse, check, merge, compile. Every mistake in every file is reported at once, with its place; with one
 * mistake there are no settings at all. Nothing is written here.
 */

import { createHash } from 'node:crypto'
import { existsSync, globSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { compilePolicy, type Policy } from '../policy/compile.ts'
import type { PolicyDocument, RuleEntry } from '../policy/document.ts'
import type { ZoneTable } from '../policy/zones.ts'
import { parseDuration } from './duration.ts'
import { FileReader } from './files.ts'
import { mergePolicies, type PolicySource } from './merge.ts'
import { type ConfigFile, configFile, policyFile, zoneFile } from './schema.ts'
import type { FileProblem, YamlFile } from './yaml.ts'

/** What the proxy runs with. */
export interface Settings {
  readonly policy: Policy
  readonly operation: Operation
  /** The configuration file, null when the built-in defaults are used. */
  readonly configPath: string | null
  /** Absolute paths of all files it was read from. */
  readonly files: readonly string[]
}

type TimeoutName = 'head' | 'idle' | 'connect' | 'answer' | 'body'

/** What needs a restart to change. Paths are absolute, times in milliseconds, null means the default. */
export interface Operation {
  readonly proxy: string
  readonly console: string | null
  readonly dataDir: string
  readonly caDir: string
  readonly dnsServers: readonly string[] | null
  readonly hostsFile: boolean
  readonly extraRoots: readonly string[]
  readonly geoipFiles: readonly string[] | null
  readonly identityRequired: boolean
  readonly timeouts: Partial<Record<TimeoutName, number>>
}

export interface LoadOptions {
  readonly cwd: string
  /** The folder of the product, with the built-in defaults. */
  readonly installDir: string
  /** Null: `cordon.yaml` in `cwd`, if there is one, else the built-in defaults. */
  readonly config: string | null
  /** These three override what the files say. */
  readonly home: readonly string[] | null
  readonly observe: boolean
  readonly dataDir: string | null
}

/** The configuration cannot be used; nothing was changed. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly FileProblem[]

  constructor(problems: readonly FileProblem[]) {
    super(`${problems.length} problem${problems.length === 1 ? '' : 's'} in the configuration`)
    this.problems = problems
  }
}

const CONFIG_NAME = 'cordon.yaml'

/** @throws ConfigError */
export function loadSettings(options: LoadOptions): Settings {
  const { cwd, installDir } = options
  const reader = new FileReader(cwd)
  const builtinZones = loadZones(reader, resolve(installDir, 'geoip/zones.yaml'))
  const configPath = findConfig(options)
  const { config, sources } = configPath
    ? loadConfig(reader, configPath)
    : { config: NO_CONFIG, sources: loadPolicyFile(reader, resolve(installDir, DEFAULT_RULES)) }
  if (!config || reader.problems.length > 0) throw new ConfigError(reader.problems)

  const policy = compileSources(sources, {
    builtinZones,
    home: options.home,
    enforced: !options.observe && config.mode !== 'observe',
    tunnelOnly: config.intercept?.never ?? [],
  })
  const operation = toOperation(config, configPath ? dirname(configPath) : cwd)
  const dataDir = options.dataDir ? resolve(cwd, options.dataDir) : operation.dataDir
  return { policy, operation: { ...operation, dataDir }, configPath, files: reader.files }
}

/** Checks single files: each a configuration or a policy of its own. @returns every problem. */
export function checkFiles(paths: readonly string[], options: LoadOptions): readonly FileProblem[] {
  return paths.flatMap((path) => {
    try {
      loadSettings({ ...options, config: path })
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.problems
      throw error
    }
  })
}

const DEFAULT_RULES = 'rules/default.yaml'
const NO_CONFIG: ConfigFile = { version: 1 }

function findConfig({ config, cwd }: LoadOptions): string | null {
  if (config !== null) return resolve(cwd, config)
  const path = resolve(cwd, CONFIG_NAME)
  return existsSync(path) ? path : null
}

function loadConfig(reader: FileReader, path: string) {
  const yaml = reader.read(path)
  const config = reader.check(yaml, configFile)
  if (!config || !yaml) return { config: null, sources: [] }
  const inline: RuleEntry[] = []
  const sources: PolicySource[] = []
  for (const [i, rule] of (config.rules ?? []).entries()) {
    if (typeof rule === 'string')
      sources.push(...loadRuleFiles(reader, yaml, rule, i, dirname(path)))
    else inline.push(rule)
  }
  // Rules keep their place in the file, so that problems with them are found again.
  const document: PolicyDocument = { ...config, rules: inline }
  return { config, sources: [{ yaml: skipNames(yaml, config.rules ?? []), document }, ...sources] }
}

function loadRuleFiles(
  reader: FileReader,
  yaml: YamlFile,
  pattern: string,
  index: number,
  base: string,
): PolicySource[] {
  const found = globSync(pattern, { cwd: base })
    .filter((name) => !name.endsWith(SCENARIOS))
    .sort()
  if (found.length === 0) {
    reader.problems.push(yaml.problemAt(['rules', index], `\`${pattern}\` matches no file`))
  }
  return found.flatMap((name) => loadPolicyFile(reader, resolve(base, name)))
}

const SCENARIOS = '.scenarios.yaml'

function loadPolicyFile(reader: FileReader, path: string): PolicySource[] {
  const yaml = reader.read(path)
  const document = reader.check(yaml, policyFile)
  return yaml && document ? [{ yaml, document }] : []
}

/** The file as if names of rule files did not stand between its rules. */
function skipNames(yaml: YamlFile, rules: readonly unknown[]): YamlFile {
  const places = rules.flatMap((rule, i) => (typeof rule === 'string' ? [] : [i]))
  return {
    ...yaml,
    problemAt([key, index, ...rest], message, hint) {
      const place = key === 'rules' && typeof index === 'number' ? places[index] : index
      const path = [key, place, ...rest].filter((step) => step !== undefined)
      return yaml.problemAt(path, message, hint)
    },
  }
}

interface CompileSourcesOptions {
  readonly builtinZones: ZoneTable
  readonly home: readonly string[] | null
  readonly enforced: boolean
  readonly tunnelOnly: readonly string[]
}

function compileSources(
  sources: readonly PolicySource[],
  { builtinZones, home, enforced, tunnelOnly }: CompileSourcesOptions,
): Policy {
  const merged = mergePolicies(sources)
  const document = home ? { ...merged.document, home } : merged.document
  const zones = [...builtinZones].map(([name, countries]) => [name, [...countries]])
  const digest = createHash('sha256')
    .update(JSON.stringify([document, enforced, tunnelOnly, zones]))
    .digest('hex')
  const result = compilePolicy(document, { builtinZones, digest, enforced, tunnelOnly })
  const problems = [...merged.problems]
  if ('problems' in result) {
    for (const problem of result.problems) {
      const fromCommand = home !== null && problem.path[0] === 'home'
      problems.push(
        fromCommand
          ? {
              file: '--home',
              line: null,
              column: null,
              message: problem.message,
              hint: problem.hint ?? null,
            }
          : merged.locate(problem),
      )
    }
  }
  if (problems.length > 0 || !('policy' in result)) throw new ConfigError(problems)
  return result.policy
}

function loadZones(reader: FileReader, path: string): ZoneTable {
  const file = reader.check(reader.read(path), zoneFile)
  const entries = Object.entries(file?.zones ?? {})
  return new Map(entries.map(([name, { countries }]) => [name, new Set(countries)]))
}

function toOperation(config: ConfigFile, base: string): Operation {
  const { listen, dns, tls, geoip, identity } = config
  const path = (name: string) => resolve(base, name)
  return {
    proxy: listen?.proxy ?? '127.0.0.1:3128',
    console: listen?.console === undefined ? '127.0.0.1:3130' : listen.console,
    dataDir: path(config.data ?? 'data'),
    caDir: path(config.ca ?? 'certs'),
    dnsServers: dns?.servers ?? null,
    hostsFile: dns?.hosts ?? true,
    extraRoots: (tls?.extra_roots ?? []).map(path),
    geoipFiles: geoip?.files?.map(path) ?? null,
    identityRequired: identity?.required ?? false,
    timeouts: Object.fromEntries(
      Object.entries(config.timeouts ?? {}).map(([key, text]) => [key, parseDuration(text ?? '')]),
    ),
  }
}
