/** What of the configuration needs a restart of a running proxy to change: listeners, folders, limits, and how origins are reached. */

import { resolve } from 'node:path'
import { type Cidr, parseCidr } from '../model/address.ts'
import { parseHost } from '../model/authority.ts'
import { parseDuration } from './duration.ts'
import { type NotifyNamed, toNotify } from './notify.ts'
import { type ProxyUrl, parseProxyUrl } from './proxy-url.ts'
import type { ConfigFile } from './schema.ts'
import { parseSize } from './size.ts'

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
  /** Files of the authorities of certificates of agents; none: nobody is asked for one. */
  readonly clientCa: readonly string[]
  /** Processes that serve; null: one for each CPU. */
  readonly workers: number | null
  /** Whether a host that answered from outside of what was concluded is believed no more. */
  readonly breaker: boolean
  readonly timeouts: Partial<Record<TimeoutName, number>>
  /** Counts, and bytes. */
  readonly limits: Partial<Record<LimitName, number>>
}

/** @param base the folder that names of files are relative to */
export function toOperation(config: ConfigFile, base: string, installDir: string): Operation {
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
    clientCa: (identity?.client_ca ?? []).map(path),
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
