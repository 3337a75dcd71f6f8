/** The operator's statements about destinations, compiled: where data sent there is processed, and who may send it. */

import type { Declaration } from '../model/declaration.ts'
import { isCountry, toRegions } from '../model/region.ts'
import { type DestinationEntry, toList } from './document.ts'
import type { Path, References } from './references.ts'

export function compileDeclaration(
  entry: DestinationEntry,
  path: Path,
  references: References,
): Declaration {
  const { report, unique, zoneAt } = references
  const [host = null] = references.hostsAt(toList(entry.host), [...path, 'host'])
  const [cidr = null] = references.cidrsAt(toList(entry.cidr), [...path, 'cidr'])
  if ((entry.host === undefined) === (entry.cidr === undefined)) {
    report(path, 'a destination is named by `host` or by `cidr`, one of them')
  }
  if (entry.host !== undefined && entry.region === undefined && entry.allowed === undefined) {
    report(path, 'a destination says nothing', 'add `region: [DE]` or `allowed: [EU]`')
  }
  const name = host?.text ?? (cidr ? `${cidr.base.text}/${cidr.bits}` : null)
  if (name !== null) unique('destination', name, path)
  const expiresAt = entry.expires === undefined ? null : endOfDay(entry.expires)
  if (Number.isNaN(expiresAt)) {
    report([...path, 'expires'], `\`${entry.expires}\` is not a date`, 'write 2027-06-30')
  }
  const allowed = toList(entry.allowed)
  return {
    host,
    cidr,
    regions: entry.region === undefined ? null : regionsOf(toList(entry.region), path, references),
    allowed: entry.allowed === undefined ? null : zoneAt(allowed, [...path, 'allowed']),
    because: entry.because ?? null,
    expiresAt,
  }
}

/** Countries, zones, or `*` for anywhere. */
function regionsOf(names: readonly string[], path: Path, references: References) {
  return toRegions(
    names.flatMap((name, i) =>
      name === '*' || isCountry(name)
        ? [name]
        : [...references.zoneAt([name], [...path, 'region', i]).countries],
    ),
  )
}

/** The end of a calendar day in UTC, in milliseconds since the epoch; NaN when there is no such day. */
function endOfDay(date: string): number {
  const start = Date.parse(`${date}T00:00:00Z`)
  const exists = !Number.isNaN(start) && new Date(start).toISOString().slice(0, 10) === date
  return exists ? start + 86_400_000 : Number.NaN
}
