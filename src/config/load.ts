/**
 * Files to settings: read, parse, check, merge, compile. Mistakes are reported together, with their places: first those of form in
 * all files, then those of meaning. With one mistake there are no settings at all. Nothing is written here.
 */

import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { CatalogueEntry } from '../model/catalogue.ts'
import type { CloudRegions } from '../model/cloud-region.ts'
import type { EdgeSpace } from '../model/edge-space.ts'
import { compilePolicy, type Policy } from '../policy/compile.ts'
import type { Answers } from '../policy/steer.ts'
import type { ZoneTable } from '../policy/zones.ts'
import { readCatalogue } from './catalogue.ts'
import { ConfigError } from './config-error.ts'
import { readEdges } from './edges.ts'
import { FileReader } from './files.ts'
import type { Footprint } from './footprint.ts'
import { MAX_PROBLEMS } from './form.ts'
import { mergePolicies, type PolicySource } from './merge.ts'
import { checkReceivers } from './notify.ts'
import { type Operation, toOperation } from './operation.ts'
import { readOwnKinds } from './own-kinds.ts'
import { readCloudRegions } from './regions.ts'
import { type ConfigFile, zoneFile } from './schema.ts'
import { DISK, fromSnapshot, Recorder, type Snapshot } from './source.ts'
import { findConfig, readConfig, readPolicies } from './sources.ts'
import type { FileProblem } from './yaml.ts'

/** What is known of the world besides what the operator says: it takes a while to read. */
export interface Facts {
  readonly regions: CloudRegions
  readonly edges: EdgeSpace
  readonly catalogue: readonly CatalogueEntry[]
}

/** What the proxy runs with. */
export interface Settings {
  readonly policy: Policy
  /** Null when they were not asked for. */
  readonly facts: Facts | null
  readonly operation: Operation
  /** The configuration file, null when the built-in defaults are used. */
  readonly configPath: string | null
  /** Absolute paths of all files it was read from. */
  readonly files: readonly string[]
  readonly footprint: Footprint
  /** For processes that have to have the very same. */
  readonly snapshot: Snapshot
}

export interface LoadOptions {
  readonly cwd: string
  /** The folder of the product, with the built-in defaults. */
  readonly installDir: string
  /** Null: `cordon.yaml` in `cwd`, if there is one, else the built-in defaults. */
  readonly config: string | null
  /** These four override what the files say. */
  readonly home: readonly string[] | null
  readonly observe: boolean
  readonly dataDir: string | null
  readonly transparent?: string | null
  /** Rule files in place of those that the configuration names; null for those. */
  readonly rules?: readonly string[] | null
  /** Whether to read the facts as well: verdicts need them. */
  readonly facts: boolean
  /** In place of the files. */
  readonly snapshot?: Snapshot | undefined
}

const DEFAULT_RULES = 'rules/default.yaml'

/** @throws ConfigError */
export function loadSettings(options: LoadOptions): Settings {
  const { cwd, installDir, home, observe, snapshot } = options
  const recorder = new Recorder(snapshot ? fromSnapshot(snapshot) : DISK)
  const reader = new FileReader(cwd, recorder)
  const builtinZones = readZones(reader, resolve(installDir, 'geoip/zones.yaml'))
  const configPath = snapshot ? snapshot.configPath : findConfig(cwd, options.config)
  const rules = options.rules?.map((path) => resolve(cwd, path)) ?? null
  const { config, policies } = configPath
    ? readConfig(reader, configPath, rules)
    : readPolicies(reader, rules ?? [resolve(installDir, DEFAULT_RULES)])
  if (!config || reader.problems.length > 0) throw new ConfigError(reader.problems, reader)

  const compiled = compileSources(reader, policies, {
    base: configPath ? dirname(configPath) : cwd,
    builtinZones,
    home,
    enforced: !observe && config.mode !== 'observe',
    tunnelOnly: config.intercept?.never ?? [],
    http1Only: config.intercept?.http1_only ?? [],
    answers: config.dns?.answers ?? 'steer',
  })
  if ('problems' in compiled) throw new ConfigError(compiled.problems, reader)
  const { policy } = compiled
  for (const { path, message, hint } of checkReceivers(config.notify, policy.reviewers)) {
    reader.problems.push(
      ...policies.slice(0, 1).map(({ yaml }) => yaml.problemAt(path, message, hint)),
    )
  }
  const facts = options.facts ? readFacts(reader, policy, options, config, configPath) : null
  if (reader.problems.length > 0) throw new ConfigError(reader.problems, reader)
  const operation = toOperation(config, configPath ? dirname(configPath) : cwd, installDir)
  const dataDir = options.dataDir ? resolve(cwd, options.dataDir) : operation.dataDir
  return {
    // Another catalogue is another policy: it decides.
    policy: facts ? { ...policy, digest: digestOf([policy.digest, facts.catalogue]) } : policy,
    facts,
    operation: { ...operation, dataDir, transparent: options.transparent ?? operation.transparent },
    configPath,
    files: reader.files,
    footprint: reader.footprint,
    snapshot: recorder.snapshot(configPath),
  }
}

function readFacts(
  reader: FileReader,
  { zones }: Policy,
  { installDir, cwd }: LoadOptions,
  { catalogue = [] }: ConfigFile,
  configPath: string | null,
): Facts | null {
  const regions = readCloudRegions(reader, resolve(installDir, 'geoip/regions.yaml'))
  const edges = readEdges(reader, resolve(installDir, 'geoip/edges.yaml'))
  const base = configPath ? dirname(configPath) : cwd
  const own = catalogue.map((path) => resolve(base, path))
  const paths = [resolve(installDir, 'geoip/catalogue.yaml'), ...own]
  const entries = readCatalogue(reader, paths, zones)
  return regions && edges && { regions, edges, catalogue: entries }
}

function digestOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

interface CompileSourcesOptions {
  /** The folder that names of files are relative to. */
  readonly base: string
  readonly builtinZones: ZoneTable
  readonly home: readonly string[] | null
  readonly enforced: boolean
  readonly tunnelOnly: readonly string[]
  readonly http1Only: readonly string[]
  readonly answers: Answers
}

function compileSources(
  reader: FileReader,
  sources: readonly PolicySource[],
  { home, base, ...options }: CompileSourcesOptions,
): { readonly policy: Policy } | { readonly problems: readonly FileProblem[] } {
  const merged = mergePolicies(sources)
  const document = home ? { ...merged.document, home } : merged.document
  const { builtinZones, enforced, tunnelOnly, http1Only, answers } = options
  const zones = [...builtinZones].map(([name, countries]) => [name, [...countries]])
  const own = readOwnKinds(reader, base, document.redaction, merged.locate)
  const parts = [document, enforced, tunnelOnly, http1Only, answers, zones, ...own.prints]
  const { recognition: kinds } = own
  const result = compilePolicy(document, { ...options, digest: digestOf(parts), kinds })
  const found = 'problems' in result ? result.problems.slice(0, MAX_PROBLEMS) : []
  const problems = [
    ...merged.problems,
    ...own.problems,
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
