/**
 * What the entries of a document refer to, turned into what it means: zones, host patterns, prefixes, names. A mistake is
 * reported with the keys that lead to it, and compiling goes on, so that an operator sees all of them at once.
 */

import { type Cidr, parseCidr, unmapIp } from '../model/address.ts'
import { isAgentName } from '../model/agent.ts'
import type { HostPattern } from '../model/declaration.ts'
import type { Zone } from '../model/placement.ts'
import type { PolicyDocument } from './document.ts'
import { compileHostPattern } from './pattern.ts'
import { compileZones, toZone, type ZoneTable } from './zones.ts'

/** The keys and indexes that lead to a value of the document. */
export type Path = readonly (string | number)[]

/** One mistake, with the keys that lead to it so that the loader can name file, line and column. */
export interface PolicyProblem {
  readonly path: Path
  readonly message: string
  readonly hint?: string
}

export interface References {
  readonly problems: readonly PolicyProblem[]
  readonly zones: ZoneTable
  report(path: Path, message: string, hint?: string): void
  /** Reports a second use of an id within one kind of entry. */
  unique(kind: string, id: string, path: Path): void
  zoneAt(names: readonly string[], path: Path): Zone
  hostsAt(patterns: readonly string[], path: Path): readonly HostPattern[]
  cidrsAt(texts: readonly string[], path: Path): readonly Cidr[]
  /** @returns the names as they are; those that no agent or group can have are reported. */
  namesAt(kind: 'agent' | 'group', names: readonly string[], path: Path): readonly string[]
}

export function createReferences(document: PolicyDocument, builtin: ZoneTable): References {
  const problems: PolicyProblem[] = []
  const seen = new Set<string>()
  const report = (path: Path, message: string, hint?: string) => {
    problems.push(hint === undefined ? { path, message } : { path, message, hint })
  }
  const below = (above: Path) => (path: Path, message: string, hint?: string) =>
    report([...above, ...path], message, hint)
  const zones = compileZones(document.zones ?? {}, builtin, below(['zones']))
  return {
    problems,
    zones,
    report,
    unique(kind, id, path) {
      if (seen.has(`${kind} ${id}`)) report(path, `${kind} \`${id}\` is defined twice`)
      seen.add(`${kind} ${id}`)
    },
    zoneAt: (names, path) => toZone(names, zones, below(path)),
    hostsAt(patterns, path) {
      return patterns.flatMap((text, i) => {
        const pattern = compileHostPattern(text)
        if ('value' in pattern) return [pattern.value]
        report([...path, i], pattern.fault, 'write `api.example.com`, `*.example.com` or `*`')
        return []
      })
    },
    cidrsAt(texts, path) {
      return texts.flatMap((text, i) => {
        const cidr = parseCidr(text)
        // Clients and destinations are unmapped before they are compared, so a mapped prefix would match none.
        if (cidr && unmapIp(cidr.base) === cidr.base) return [cidr]
        const hint = 'write 10.20.0.0/16 or 2001:db8::/32, with host bits zero'
        report([...path, i], `\`${text}\` is not an address prefix`, hint)
        return []
      })
    },
    namesAt(kind, names, path) {
      for (const [i, name] of names.entries()) {
        if (isAgentName(name)) continue
        const article = kind === 'agent' ? 'an' : 'a'
        report([...path, i], `\`${name}\` cannot be the name of ${article} ${kind}`)
      }
      return names
    },
  }
}
