/**
 * Files to settings: read, parse, check, merge, compile. Mistakes are reported together, with their places: first those of form in
 * all files, then those of meaning. With one mistake there are no settings at all. Nothing is written here.
 */

import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { type Cidr, parseCidr } from '../model/address.ts'
import { parseHost } from '../model/authority.ts'
import type { CatalogueEntry } from '../model/catalogue.ts'
import type { CloudRegions } from '../model/cloud-region.ts'
import type { EdgeSpace } from '../model/edge-space.ts'
import { compilePolicy, type Policy } from '../policy/compile.ts'
import type { Answers } from '../policy/steer.ts'
import type { ZoneTable } from '../policy/zones.ts'
import { readCatalogue } from './catalogue.ts'
import { ConfigError } from './config-error.ts'
import { parseDuration } from './duration.ts'
import { readEdges } from './edges.ts'
import { FileReader } from './files.ts'
import type { Footprint } from './footprint.ts'
import { MAX_PROBLEMS } from './form.ts'
import { mergePolicies, type PolicySource } from './merge.ts'
import { checkReceivers, type NotifyNamed, toNotify } from './notify.ts'
import { readOwnKinds } from './own-kinds.ts'
import { type ProxyUrl, parseProxyUrl } from './proxy-url.ts'
import { readCloudRegions } from './regions.ts'
import { type ConfigFile, zoneFile } from './schema.ts'
import { parseSize } from './size.ts'
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

type TimeoutName =
  | 'head'
  | 'idle'
  | 'originIdle'
  | 'originWait'
  | 'connect'
  | 'answer'
  | 'body'
  | 'tunnel'
  | 'halfClosed'

type LimitName =
  | 'connections'
  | 'connectionsPerClient'
  | 'originConnections'
  | 'originConnectionsPerAuthority'
  | 'originIdle'
  | 'head'
  | 'held'
  | 'websocketMessage'
  | 'websocketHeld'
  | 'decoded'
  | 'decodedRatio'
  | 'decodedLayers'
  | 'http2Streams'
  | 'http2Resets'
  | 'http2ResetsPerSecond'
  | 'leaves'
  | 'leavesPerSecond'
  | 'leavesPerClient'
  | 'leavesPerClientPerSecond'
  | 'namesPerClient'
  | 'namesPerClientPerSecond'
  | 'namesPerParent'
  | 'namesPerParentPerSecond'
  | 'http2Frames'
  | 'http2FramesPerSecond'

/** Paths of PEM files; a certificate and its key, or roots, or both. */
export interface OriginFilesNamed {
  readonly host: string
  readonly identity: { readonly certificate: string; readonly key: string } | null
  readonly roots: readonly string[]
}

/** The proxy that leads to origins. */
export interface UpstreamProxyNamed extends ProxyUrl {
  /** Who looks names up: we, who then name the judged address to it, or the proxy. */
  readonly mode: 'pinned' | 'delegated'
  /** Where `user:password` stands: path of a file, or name of a variable. */
  readonly credentials: { readonly file: string } | { readonly env: string } | null
  /** Host patterns. */
  readonly except: readonly string[]
}

/** What needs a restart to change. Paths are absolute, times in milliseconds, null means the default. */
export interface Operation {
  readonly proxy: string
  /** Where connections are led that were going elsewhere; null: nowhere. */
  readonly transparent: string | null
  /** Where questions of clients for names are answered; null: nowhere. */
  readonly dnsListen: string | null
  /** Who has to say, by the PROXY protocol, whom it speaks for. */
  readonly proxyProtocolFrom: readonly Cidr[]
  readonly console: string | null
  /** Host names under which the console may be called, lower case. */
  readonly consoleNames: readonly string[]
  /** Who is told what happens to holds; null: nobody. */
  readonly notify: NotifyNamed | null
  readonly dataDir: string
  readonly caDir: string
  readonly dnsServers: readonly string[] | null
  readonly clientSubnet: string | null
  readonly hostsFile: boolean
  readonly extraRoots: readonly string[]
  /** By host pattern: files for TLS with origins. */
  readonly origins: readonly OriginFilesNamed[]
  readonly upstreamProxy: UpstreamProxyNamed | null
  readonly geoipFiles: readonly string[] | null
  /** Folder of the compiled tables of providers and of what they were made from. */
  readonly tablesDir: string
  /** By id of a table: where to fetch it instead, null: not at all. */
  readonly tableSources: Readonly<Record<string, string | null>>
  readonly identityRequired: boolean
  /** Processes that serve; null: one for each CPU. */
  readonly workers: number | null
  /** Whether a host that answered from outside of what was concluded is believed no more. */
  readonly breaker: boolean
  readonly timeouts: Partial<Record<TimeoutName, number>>
  /** Counts, and bytes. */
  readonly limits: Partial<Record<LimitName, number>>
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

function toOperation(config: ConfigFile, base: string, installDir: string): Operation {
  const { listen, dns, tls, geoip, identity, residency } = config
  const path = (name: string) => resolve(base, name)
  return {
    proxy: listen?.proxy ?? '127.0.0.1:3128',
    transparent: listen?.transparent ?? null,
    dnsListen: listen?.dns ?? null,
    proxyProtocolFrom: (listen?.proxy_protocol?.from ?? []).flatMap(
      (text) => parseCidr(text) ?? [],
    ),
    console: listen?.console === undefined ? '127.0.0.1:3130' : listen.console,
    consoleNames: (config.console?.names ?? []).map(toHostName),
    notify: toNotify(config.notify, path),
    dataDir: path(config.data ?? 'data'),
    caDir: path(config.ca ?? 'certs'),
    dnsServers: dns?.servers ?? null,
    clientSubnet: dns?.client_subnet ?? null,
    hostsFile: dns?.hosts ?? true,
    extraRoots: (tls?.extra_roots ?? []).map(path),
    origins: (config.origins ?? []).map(({ host, certificate, key, ca = [] }) => ({
      host,
      identity: certificate && key ? { certificate: path(certificate), key: path(key) } : null,
      roots: ca.map(path),
    })),
    upstreamProxy: toUpstreamProxy(config.upstream_proxy ?? null, path),
    geoipFiles: geoip?.files?.map(path) ?? null,
    tablesDir: geoip?.tables === undefined ? resolve(installDir, 'geoip') : path(geoip.tables),
    tableSources: geoip?.sources ?? {},
    identityRequired: identity?.required ?? false,
    breaker: residency?.breaker ?? false,
    workers: config.workers ?? null,
    timeouts: Object.fromEntries(
      Object.entries(config.timeouts ?? {}).map(([key, text]) => [
        toCamel(key),
        parseDuration(text ?? ''),
      ]),
    ),
    limits: Object.fromEntries(
      Object.entries(config.limits ?? {}).map(([key, value]) => [
        toCamel(key),
        typeof value === 'string' ? parseSize(value) : value,
      ]),
    ),
  }
}

/** As a Host field is understood; the schema has checked it. */
function toHostName(text: string): string {
  const parsed = parseHost(text)
  return 'value' in parsed ? parsed.value.text : text
}

function toUpstreamProxy(
  config: ConfigFile['upstream_proxy'] | null,
  path: (name: string) => string,
): UpstreamProxyNamed | null {
  const url = config ? parseProxyUrl(config.url) : null
  if (!config || !url || 'fault' in url) return null
  const { mode = 'pinned', credentials = null, except = [] } = config
  const where =
    credentials && 'file' in credentials ? { file: path(credentials.file) } : credentials
  return { ...url.value, mode, credentials: where, except }
}

function toCamel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
