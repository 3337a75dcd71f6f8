/**
 * Azure service tags. Of some 3,000 tags these matter: `AzureCloud.REGION` (a prefix is in at most one), `AzureCloud` itself, which holds
 * prefixes that no region names, and the tags of Azure's edge. Regions have names of their own here (`germanywc`). All
 * other tags repeat prefixes of `AzureCloud` by service.
 */

import type { Parsed } from '../../model/errors.ts'
import { asList, field, parseJson } from './json.ts'
import {
  type ParsedTable,
  parsePrefix,
  parseRegion,
  readEach,
  shorten,
  type TableRow,
} from './table.ts'

const EDGE_TAGS = /^(?:AzureFrontDoor(?:\.[A-Za-z]+)?|AzureTrafficManager)$/

/** What a tag says of all its prefixes. */
type Said = Pick<TableRow, 'region' | 'edge'>

export function parseAzureTags(text: string): Parsed<ParsedTable> {
  const json = parseJson(text)
  if ('fault' in json) return json
  if (field(json.value, 'cloud') !== 'Public') return { fault: 'it is not for the public cloud' }
  const values = asList(field(json.value, 'values'))
  if (!values) return { fault: 'there are no `values`' }
  const tags = readEach(values, 'values', toRows)
  if ('fault' in tags) return tags
  // The file has a change number and no date.
  return { value: { rows: tags.value.flat(), asOf: null } }
}

function toRows(tag: unknown): Parsed<readonly TableRow[]> {
  const name = field(tag, 'name')
  if (typeof name !== 'string') return { fault: 'the tag has no name' }
  const properties = field(tag, 'properties')
  const said = readName(name, field(properties, 'region'))
  if (said === null) return { value: [] }
  if ('fault' in said) return said
  const prefixes = asList(field(properties, 'addressPrefixes'))
  if (!prefixes) return { fault: `\`${shorten(name)}\` has no prefixes` }
  return readEach(prefixes, 'addressPrefixes', (text) => {
    const prefix = parsePrefix(text)
    if ('fault' in prefix) return prefix
    return { value: { prefix: prefix.value, countries: null, ...said.value } }
  })
}

/** Null for a tag that does not matter. */
function readName(name: string, property: unknown): Parsed<Said> | null {
  if (EDGE_TAGS.test(name)) return { value: { region: null, edge: true } }
  if (name === 'AzureCloud') return { value: { region: null, edge: false } }
  if (!name.startsWith('AzureCloud.')) return null
  const region = parseRegion(name.slice('AzureCloud.'.length))
  if ('fault' in region) return region
  if (property !== region.value) {
    return { fault: `\`${shorten(name)}\` says that it is another region` }
  }
  return { value: { region: region.value, edge: false } }
}
