/**
 * Zone names to sets of countries. Built-in groups are given in from outside, dated; nothing is known here by heart. Names
 * and codes are compared exactly: a name that differs only in case is a mistake, never a match.
 */

import type { Zone } from '../model/placement.ts'
import { isCountry } from '../model/region.ts'

/** Names of groups of states (EU, EEA …) to their countries. */
export type ZoneTable = ReadonlyMap<string, ReadonlySet<string>>

/** Reports what is wrong with the zone or member at that path, for a person. */
export type ReportZone = (
  path: readonly (string | number)[],
  message: string,
  hint?: string,
) => void

/** Zones in one policy: each may go through all others, one call deep for each. */
const MAX_ZONES = 1_000

/** The operator's zones, each expanded once; they may refer to each other, to built-in groups and to countries. */
export function compileZones(
  written: Readonly<Record<string, readonly string[]>>,
  builtin: ZoneTable,
  report: ReportZone,
): ZoneTable {
  const table = new Map(builtin)
  const names = Object.keys(written)
  if (names.length > MAX_ZONES) {
    report([], `there are more than ${MAX_ZONES} zones`)
    return table
  }
  const reserved = new Set([...builtin.keys()].map((name) => name.toUpperCase()))
  const open = new Set<string>()

  const expand = (name: string): ReadonlySet<string> => {
    const countries = new Set<string>()
    open.add(name)
    for (const [i, member] of (written[name] ?? []).entries()) {
      if (open.has(member)) report([name, i], `zone \`${member}\` contains itself`)
      else for (const code of resolve(member, [name, i])) countries.add(code)
    }
    open.delete(name)
    table.set(name, countries)
    return countries
  }
  const resolve = (member: string, path: [string, number]): Iterable<string> => {
    const known = lookUp(member, table)
    if (known) return known
    if (Object.hasOwn(written, member)) return expand(member)
    report(path, ...sayUnknown(member, [...table.keys(), ...names]))
    return []
  }

  for (const name of names) {
    if (reserved.has(name.toUpperCase()) || isCountry(name.toUpperCase())) {
      report([name], `\`${name}\` is built in and cannot be redefined`, 'choose another name')
    } else if (!table.has(name)) expand(name)
  }
  return table
}

/** Names that make up the name of a zone, so that a sentence with it stays one. */
const MAX_NAMES = 8

/** One zone out of several names; each is a zone of the table or a country code. */
export function toZone(names: readonly string[], table: ZoneTable, report: ReportZone): Zone {
  const countries = new Set<string>()
  if (names.length === 0) report([], 'no zone is named')
  for (const [i, name] of names.entries()) {
    const part = lookUp(name, table)
    if (!part) report([i], ...sayUnknown(name, table.keys()))
    else for (const code of part) countries.add(code)
  }
  const more = names.length - MAX_NAMES
  const name = names.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '')
  return { name, countries }
}

function lookUp(name: string, table: ZoneTable): Iterable<string> | null {
  return table.get(name) ?? (isCountry(name) ? [name] : null)
}

function sayUnknown(name: string, known: Iterable<string>): [message: string, hint: string] {
  const upper = name.toUpperCase()
  const similar = [...known].find((other) => other.toUpperCase() === upper)
  const meant = similar ?? (isCountry(upper) ? upper : null)
  return [
    `\`${name}\` is neither a zone nor a country code`,
    meant ? `did you mean \`${meant}\`?` : 'use ISO 3166-1 codes such as DE, or a zone such as EEA',
  ]
}
