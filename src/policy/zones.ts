/** Zone names to sets of countries. Built-in groups are given in from outside, dated; nothing is known here by heart. */

import type { Zone } from '../model/placement.ts'
import { isCountry } from '../model/region.ts'

/** Names of groups of states (EU, EEA …) to their countries. */
export type ZoneTable = ReadonlyMap<string, ReadonlySet<string>>

/** What stands in the way of resolving a zone, for a person. */
export interface ZoneFault {
  readonly fault: string
  readonly hint?: string
}

/** The operator's zones, each expanded to countries; they may refer to each other and to built-in groups. */
export function compileZones(
  written: Readonly<Record<string, readonly string[]>>,
  builtin: ZoneTable,
  report: (name: string, fault: ZoneFault) => void,
): ZoneTable {
  const table = new Map(builtin)
  const expand = (name: string, path: readonly string[]): ReadonlySet<string> | ZoneFault => {
    const known = table.get(name)
    if (known) return known
    if (isCountry(name)) return new Set([name])
    const members = Object.hasOwn(written, name) ? written[name] : undefined
    if (!members) return unknownZone(name, [...table.keys(), ...Object.keys(written)])
    if (path.includes(name)) return { fault: `zone \`${name}\` contains itself` }
    const countries = new Set<string>()
    for (const member of members) {
      const part = expand(member, [...path, name])
      if ('fault' in part) return part
      for (const code of part) countries.add(code)
    }
    return countries
  }
  for (const name of Object.keys(written)) {
    if (builtin.has(name) || isCountry(name)) {
      report(name, {
        fault: `\`${name}\` is built in and cannot be redefined`,
        hint: 'choose another name',
      })
      continue
    }
    const countries = expand(name, [])
    if ('fault' in countries) report(name, countries)
    else table.set(name, countries)
  }
  return table
}

/** One zone out of several names; each is a zone of the table or a country code. */
export function toZone(names: readonly string[], table: ZoneTable): Zone | ZoneFault {
  const countries = new Set<string>()
  for (const name of names) {
    const part = table.get(name) ?? (isCountry(name) ? [name] : null)
    if (!part) return unknownZone(name, table.keys())
    for (const code of part) countries.add(code)
  }
  return { name: names.join(', '), countries }
}

function unknownZone(name: string, known: Iterable<string>): ZoneFault {
  const upper = name.toUpperCase()
  const similar = [...known].find((other) => other.toUpperCase() === upper)
  const meant = similar ?? (isCountry(upper) ? upper : null)
  return {
    fault: `\`${name}\` is neither a zone nor a country code`,
    hint: meant
      ? `did you mean \`${meant}\`?`
      : 'use ISO 3166-1 codes such as DE, or a zone such as EEA',
  }
}
