/**
 * What the machine says about names: resolv.conf(5) for the servers, hosts(5) for names given by hand. The files are
 * the operator's, but they are still read with bounds, and a line that is not understood is skipped, never
 * guessed at. No search domains, no `ndots`, no rotation: a name is asked for as it was given.
 */

import { readFileSync, statSync } from 'node:fs'
import { type IpAddress, parseIp } from '../model/address.ts'
import { type NameServer, toPlainServer } from '../model/name-server.ts'
import { toDnsName } from './dns-answer.ts'

/** Every address of each name, IPv4 first. */
export type HostsTable = ReadonlyMap<string, readonly IpAddress[]>

/** A file read as a value, and read again when it changes. */
export interface WatchedFile<T> {
  readonly value: T
  /** Looks at the file; true when it has changed and `value` is new. A file that became unreadable changes nothing. */
  refresh(): boolean
}

/** As resolv.conf(5) has it: further servers are not asked. */
const MAX_SERVERS = 3
/** Addresses kept for one name of the hosts file. */
const MAX_ADDRESSES = 64
/** Bytes. The large block lists people keep in a hosts file are 3 to 6 MB. */
const MAX_FILE = 16 * 1024 * 1024

/** The `nameserver` lines, three at most. Those with a zone id (`fe80::1%eth0`) cannot be asked and are skipped. */
export function parseResolvConf(text: string): readonly NameServer[] {
  const servers: NameServer[] = []
  for (const line of text.split(/\r?\n/)) {
    const [keyword, address = ''] = line.split(/[ \t]+/)
    const ip = keyword === 'nameserver' ? parseIp(address) : null
    if (ip) servers.push(toPlainServer(ip))
  }
  return servers.slice(0, MAX_SERVERS)
}

/** Lines of `address name [alias …]`; a name on several lines has the addresses of all of them. */
export function parseHosts(text: string): HostsTable {
  const table = new Map<string, IpAddress[]>()
  for (const line of text.split(/\r?\n/)) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/[ \t]+/)
    const ip = parseIp(address)
    if (!ip) continue
    for (const name of names.map(toDnsName)) {
      if (name === null) continue
      const known = table.get(name)
      if (!known) table.set(name, [ip])
      else if (known.length < MAX_ADDRESSES && !known.some(({ text }) => text === ip.text)) {
        known.push(ip)
      }
    }
  }
  for (const addresses of table.values()) addresses.sort((a, b) => a.version - b.version)
  return table
}

/**
 * Reads a file now and on each `refresh` after a change. A missing file reads as an empty one; any other reason
 * for not being readable throws here, at the start, where an operator sees it.
 */
export function watchFile<T>(path: string, parse: (text: string) => T): WatchedFile<T> {
  // The stamp is taken before the content: a write in between is seen by the next refresh.
  let stamp = stampOf(path)
  let value = parse(readText(path))
  return {
    get value() {
      return value
    },
    refresh() {
      try {
        const found = stampOf(path)
        if (found === stamp) return false
        value = parse(readText(path))
        stamp = found
        return true
      } catch {
        return false
      }
    },
  }
}

function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}` : 'missing'
}

function readText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return ''
  if (!stat.isFile() || stat.size > MAX_FILE) {
    throw new Error(`\`${path}\` is not a file of at most ${MAX_FILE} bytes`)
  }
  return readFileSync(path, 'utf8')
}
