/**
 * Catalogue files: what vendors, or the operator, state about the place where endpoints process data. Zones become countries
 * here, and an entry replaces the one with the same id in an earlier file. What could be understood in two ways is refused:
 * two entries for one host, an unknown code, a host whose end is not fixed.
 */

import {
  type CatalogueEntry,
  type CatalogueField,
  type CatalogueRegions,
  type CatalogueRequest,
  sayRequest,
} from '../model/catalogue.ts'
import type { Alternative } from '../model/destination.ts'
import { type HostTemplate, parseHostTemplate } from '../model/host-template.ts'
import { ANYWHERE, isAnywhere, toRegions, UNKNOWN } from '../model/region.ts'
import { toZone, type ZoneTable } from '../policy/zones.ts'
import { type CatalogueFile, catalogueFile } from './catalogue-form.ts'
import { FileReader } from './files.ts'
import { MAX_PROBLEMS } from './form.ts'
import type { FileProblem, YamlFile } from './yaml.ts'

type Entry = CatalogueFile['entries'][number]
type Request = NonNullable<Entry['requests']>[number]

/** An entry where it stands. */
interface Written {
  readonly entry: Entry
  readonly index: number
  readonly yaml: YamlFile
}

/**
 * Reads files in the order given; later ones add to earlier ones and replace their entries by id.
 *
 * @param paths absolute, or relative to `cwd`
 * @param cwd problems name files relative to it
 */
export function loadCatalogue(
  paths: readonly string[],
  zones: ZoneTable,
  cwd: string,
): { readonly entries: readonly CatalogueEntry[] } | { readonly problems: readonly FileProblem[] } {
  const reader = new FileReader(cwd)
  const entries = readCatalogue(reader, paths, zones)
  return reader.problems.length === 0 ? { entries } : { problems: reader.problems }
}

/** The same with a reader that others use too: what is wrong is in its `problems`, and then the result is of no use. */
export function readCatalogue(
  reader: FileReader,
  paths: readonly string[],
  zones: ZoneTable,
): readonly CatalogueEntry[] {
  const written = new Map<string, Written>()
  const problems: FileProblem[] = []
  for (const path of paths) readFile(reader, path, written, problems)
  const compiled = [...written.values()].map((one) => ({
    one,
    entry: compileEntry(one.entry, zones, (at, message, hint) =>
      problems.push(one.yaml.problemAt(['entries', one.index, ...at], message, hint)),
    ),
  }))
  checkHosts([...written.values()], problems)
  const byId = new Map(compiled.map(({ entry }) => [entry.id, entry]))
  const entries = compiled.map(({ one, entry }) => ({
    ...entry,
    instead: findAlternatives(one, byId, problems),
  }))
  reader.problems.push(...problems.slice(0, MAX_PROBLEMS))
  return entries
}

type Report = (path: readonly (string | number)[], message: string, hint?: string) => void

function readFile(
  reader: FileReader,
  path: string,
  written: Map<string, Written>,
  problems: FileProblem[],
): void {
  const yaml = reader.read(path)
  const file = reader.check(yaml, catalogueFile)
  if (!yaml || !file) return
  const here = new Set<string>()
  for (const [index, entry] of file.entries.entries()) {
    if (here.has(entry.id)) {
      problems.push(yaml.problemAt(['entries', index, 'id'], `\`${entry.id}\` is set twice`))
    }
    here.add(entry.id)
    written.set(entry.id, { entry, index, yaml })
  }
}

function compileEntry(entry: Entry, zones: ZoneTable, report: Report): CatalogueEntry {
  const hosts = toList(entry.host).flatMap((text, i): HostTemplate[] => {
    const parsed = parseHostTemplate(text)
    if ('value' in parsed) return [parsed.value]
    report(Array.isArray(entry.host) ? ['host', i] : ['host'], parsed.fault)
    return []
  })
  const usesHost = (regions: Entry['region']) => regions === 'from-host-label'
  const toCountries = (regions: Entry['region'], at: readonly (string | number)[]) => {
    if (usesHost(regions) && !hosts.every(({ text }) => text.includes('{region}'))) {
      report(at, '`from-host-label` needs `{region}` in every host')
    }
    return compileRegions(regions, zones, (path, message, hint) =>
      report([...at, ...path], message, hint),
    )
  }
  return {
    id: entry.id,
    vendor: entry.vendor,
    operator: entry.operator ?? null,
    hosts,
    regions: toCountries(entry.region, ['region']),
    followsRequest: entry.follows_request ?? false,
    servesModels: entry.models ?? false,
    requests: (entry.requests ?? []).map((one, i) =>
      compileRequest(one, toCountries(one.region, ['requests', i, 'region'])),
    ),
    instead: [],
    source: entry.source,
    asOf: entry.as_of,
    note: entry.note ?? null,
  }
}

function compileRegions(
  regions: Entry['region'],
  zones: ZoneTable,
  report: Report,
): CatalogueRegions {
  if (regions === 'anywhere') return ANYWHERE
  if (regions === 'from-host-label') return regions
  const known = toZone(regions, zones, report)
  return known.countries.size > 0 ? toRegions(known.countries) : UNKNOWN
}

function compileRequest(one: Request, regions: CatalogueRegions): CatalogueRequest {
  return {
    path: one.path ?? null,
    method: one.method ?? null,
    query: toField(one.query),
    header: toField(one.header),
    field: toField(one.body),
    regions,
  }
}

function toField(fields: Request['body']): CatalogueField | null {
  const [first] = Object.entries(fields ?? {})
  return first ? { name: first[0], values: toList(first[1]) } : null
}

/** Two entries for one host would depend on their order. */
function checkHosts(written: readonly Written[], problems: FileProblem[]): void {
  const seen = new Map<string, string>()
  for (const { entry, index, yaml } of written) {
    for (const [i, text] of toList(entry.host).entries()) {
      const other = seen.get(text)
      if (other !== undefined) {
        const at = ['entries', index, 'host', ...(Array.isArray(entry.host) ? [i] : [])]
        const message =
          other === entry.id
            ? `\`${text}\` stands here twice`
            : `\`${text}\` is in \`${other}\` too`
        problems.push(yaml.problemAt(at, message, 'an entry with the same id replaces the other'))
      }
      seen.set(text, entry.id)
    }
  }
}

function findAlternatives(
  { entry, index, yaml }: Written,
  entries: ReadonlyMap<string, CatalogueEntry>,
  problems: FileProblem[],
): readonly Alternative[] {
  return (entry.instead ?? []).flatMap((name, i) => {
    const found = entries.get(name)
    if (found) return toAlternatives(found)
    problems.push(yaml.problemAt(['entries', index, 'instead', i], `there is no entry \`${name}\``))
    return []
  })
}

/** A host that can be written into a sentence, with the places it stands for and what has to be asked of it. */
function toAlternatives(entry: CatalogueEntry): readonly Alternative[] {
  const host = entry.hosts.find(({ head, open }) => head.length === 0 && !open)?.text
  if (host === undefined) return []
  const all = [
    { host, asking: null, regions: entry.regions },
    ...entry.requests.map((one) => ({ host, asking: sayRequest(one), regions: one.regions })),
  ]
  return all.flatMap(({ regions, ...rest }) =>
    regions === 'from-host-label' || isAnywhere(regions) ? [] : [{ ...rest, regions }],
  )
}

function toList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}
