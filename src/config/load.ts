/**
 * Files to settings: read, parse, check, merge, compile. Mistakes are reported together, with their places: first those of form in
 * all files, then those of meaning. With one mistake there are no settings at all. Nothing is written here.
 */

import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { compilePolicy, type Policy } from '../policy/compile.ts'
import type { ZoneTable } from '../policy/zones.ts'
import { parseDuration } from './duration.ts'
import { FileReader } from './files.ts'
import type { Footprint } from './footprint.ts'
import { MAX_PROBLEMS } from './form.ts'
import { mergePolicies, type PolicySource } from './merge.ts'
import { type ConfigFile, zoneFile } from './schema.ts'
import { findConfig, readConfig, readPolicy } from './sources.ts'
import type { FileProblem } from './yaml.ts'

/** What the proxy runs with. */
export interface Settings {
  readonly policy: Policy
  readonly operation: Operation
  /** The configuration file, null when the built-in defaults are used. */
  readonly configPath: string | null
  /** Absolute paths of all files it was read from. */
  readonly files: readonly string[]
  readonly footprint: Footprint
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
  /** Folder of the compiled tables of providers and of what they were made from. */
  readonly tablesDir: string
  /** By id of a table: where to fetch it instead, null: not at all. */
  readonly tableSources: Readonly<Record<string, string | null>>
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

const DEFAULT_RULES = 'rules/default.yaml'

/** @throws ConfigError */
export function loadSettings(options: LoadOptions): Settings {
  const { cwd, installDir, home, observe } = options
  const reader = new FileReader(cwd)
  const builtinZones = readZones(reader, resolve(installDir, 'geoip/zones.yaml'))
  const configPath = findConfig(cwd, options.config)
  const { config, policies } = configPath
    ? readConfig(reader, configPath)
    : readPolicy(reader, resolve(installDir, DEFAULT_RULES))
  if (!config || reader.problems.length > 0) throw new ConfigError(reader.problems, reader)

  const compiled = compileSources(policies, {
    builtinZones,
    home,
    enforced: !observe && config.mode !== 'observe',
    tunnelOnly: config.intercept?.never ?? [],
  })
  if ('problems' in compiled) throw new ConfigError(compiled.problems, reader)
  const operation = toOperation(config, configPath ? dirname(configPath) : cwd, installDir)
  const dataDir = options.dataDir ? resolve(cwd, options.dataDir) : operation.dataDir
  return {
    policy: compiled.policy,
    operation: { ...operation, dataDir },
    configPath,
    files: reader.files,
    footprint: reader.footprint,
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
): { readonly policy: Policy } | { readonly problems: readonly FileProblem[] } {
  const merged = mergePolicies(sources)
  const document = home ? { ...merged.document, home } : merged.document
  const zones = [...builtinZones].map(([name, countries]) => [name, [...countries]])
  const digest = createHash('sha256')
    .update(JSON.stringify([document, enforced, tunnelOnly, zones]))
    .digest('hex')
  const result = compilePolicy(document, { builtinZones, digest, enforced, tunnelOnly })
  const found = 'problems' in result ? result.problems.slice(0, MAX_PROBLEMS) : []
  const problems = [
    ...merged.problems,
    ...found.map((problem) => {
      if (home === null || problem.path[0] !== 'home') return merged.locate(problem)
      const { message, hint = null } = problem
      return { file: '--home', line: null, column: null, message, hint }
    }),
  ]
  return problems.length === 0 && 'policy' in result ? result : { problems }
}

function readZones(reader: FileReader, path: string): ZoneTable {
  const file = reader.check(reader.read(path), zoneFile)
  const entries = Object.entries(file?.zones ?? {})
  return new Map(entries.map(([name, { countries }]) => [name, new Set(countries)]))
}

function toOperation(config: ConfigFile, base: string, installDir: string): Operation {
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
    tablesDir: geoip?.tables === undefined ? resolve(installDir, 'geoip') : path(geoip.tables),
    tableSources: geoip?.sources ?? {},
    identityRequired: identity?.required ?? false,
    timeouts: Object.fromEntries(
      Object.entries(config.timeouts ?? {}).map(([key, text]) => [key, parseDuration(text ?? '')]),
    ),
  }
}
