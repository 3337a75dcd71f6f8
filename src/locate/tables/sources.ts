/**
 * Which tables there are: who publishes each, where, in which form. A new one is a line here, a parser beside this file and a table of
 * tests. Terms of use are the publishers'; `geoip/README.md` says what is known of them.
 */

import type { Parsed } from '../../model/errors.ts'
import { parseAwsRanges } from './aws.ts'
import { parseAzureTags } from './azure.ts'
import { parseGeofeed } from './geofeed.ts'
import { parseGoogle, parseGoogleCloud } from './google.ts'
import { parseOracleRanges } from './oracle.ts'
import { parseFastlyList, parseGithubMeta, parsePrefixList } from './owned.ts'
import { MAX_TABLE_BYTES, MAX_TABLE_ROWS, type ParsedTable, type TableKind } from './table.ts'

export interface TableSource {
  /** Stable: names the table in the configuration, in the compiled file and in evidence. */
  readonly id: string
  readonly provider: string
  readonly kind: TableKind
  /** What the original is called in our folder. */
  readonly file: string
  /** What it is called by people who have it already. */
  readonly known: RegExp
  readonly url: string
  /** Set when `url` is a page that links to the table; the first match is the table's URL. */
  readonly link: RegExp | null
  readonly parse: (text: string) => Parsed<ParsedTable>
}

export const TABLE_SOURCES: readonly TableSource[] = [
  source('aws', 'aws', 'ranges', 'ip-ranges.json', parseAwsRanges, {
    url: 'https://ip-ranges.amazonaws.com/ip-ranges.json',
    known: /^(?:ip-ranges|aws(?:-ip-ranges)?)\.json$/i,
  }),
  source('aws-geofeed', 'aws', 'geofeed', 'geo-ip-feed.csv', parseGeofeed, {
    url: 'https://ip-ranges.amazonaws.com/geo-ip-feed.csv',
    known: /^(?:geo-ip-feed|aws(?:-geo-?feed)?)\.csv$/i,
  }),
  source('gcp', 'gcp', 'ranges', 'cloud.json', parseGoogleCloud, {
    url: 'https://www.gstatic.com/ipranges/cloud.json',
    known: /^(?:cloud|gcp|google-cloud(?:-ip-ranges)?)\.json$/i,
  }),
  source('google', 'gcp', 'owned', 'goog.json', parseGoogle, {
    url: 'https://www.gstatic.com/ipranges/goog.json',
    known: /^(?:goog|google(?:-ip-ranges)?)\.json$/i,
  }),
  source('azure', 'azure', 'ranges', 'ServiceTags_Public.json', parseAzureTags, {
    url: 'https://www.microsoft.com/en-us/download/details.aspx?id=56519',
    link: /https:\/\/download\.microsoft\.com\/download\/[0-9a-zA-Z/-]{1,200}\/ServiceTags_Public_\d{8}\.json/,
    known: /^(?:ServiceTags_Public(?:_\d{8})?|azure|(?:microsoft-)?azure-ip-ranges)\.json$/i,
  }),
  source('oci', 'oci', 'ranges', 'public_ip_ranges.json', parseOracleRanges, {
    url: 'https://docs.oracle.com/en-us/iaas/tools/public_ip_ranges.json',
    known: /^(?:public_ip_ranges|oci|oracle(?:-cloud)?(?:-ip-ranges)?)\.json$/i,
  }),
  source('cloudflare-v4', 'cloudflare', 'edges', 'ips-v4', parsePrefixList, {
    url: 'https://www.cloudflare.com/ips-v4',
    known: /^(?:ips-v4|cloudflare(?:-ips)?-v4(?:-ip-ranges)?)(?:\.txt)?$/i,
  }),
  source('cloudflare-v6', 'cloudflare', 'edges', 'ips-v6', parsePrefixList, {
    url: 'https://www.cloudflare.com/ips-v6',
    known: /^(?:ips-v6|cloudflare(?:-ips)?-v6(?:-ip-ranges)?)(?:\.txt)?$/i,
  }),
  source('fastly', 'fastly', 'edges', 'public-ip-list', parseFastlyList, {
    url: 'https://api.fastly.com/public-ip-list',
    known: /^(?:public-ip-list|fastly(?:-ip-ranges)?)(?:\.json)?$/i,
  }),
  source('github', 'github', 'edges', 'meta', parseGithubMeta, {
    url: 'https://api.github.com/meta',
    known: /^(?:meta|github(?:-meta|-ip-ranges)?)(?:\.json)?$/i,
  }),
  source('anycast-v4', 'bgp.tools', 'seen', 'anycatch-v4-prefixes.txt', parsePrefixList, {
    url: 'https://raw.githubusercontent.com/bgptools/anycast-prefixes/master/anycatch-v4-prefixes.txt',
    known: /^(?:anycatch|anycast)-v4(?:-prefixes)?\.txt$/i,
  }),
  source('anycast-v6', 'bgp.tools', 'seen', 'anycatch-v6-prefixes.txt', parsePrefixList, {
    url: 'https://raw.githubusercontent.com/bgptools/anycast-prefixes/master/anycatch-v6-prefixes.txt',
    known: /^(?:anycatch|anycast)-v6(?:-prefixes)?\.txt$/i,
  }),
  source('digitalocean', 'digitalocean', 'geofeed', 'digitalocean.csv', parseGeofeed, {
    url: 'https://digitalocean.com/geo/google.csv',
    known: /^(?:digitalocean|google)\.csv$/i,
  }),
  source('linode', 'linode', 'geofeed', 'linode.csv', parseGeofeed, {
    url: 'https://geoip.linode.com/',
    known: /^linode\.(?:csv|txt)$/i,
  }),
  source('vultr', 'vultr', 'geofeed', 'vultr.csv', parseGeofeed, {
    url: 'https://geofeed.constant.com/',
    known: /^vultr\.(?:csv|txt)$/i,
  }),
]

/** Bytes as they came to a table; refused whole when there is anything wrong with it. */
export function parseTable(source: TableSource, bytes: Uint8Array): Parsed<ParsedTable> {
  if (bytes.length > MAX_TABLE_BYTES) return { fault: `it is over ${MAX_TABLE_BYTES} bytes` }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { fault: 'it is not UTF-8' }
  }
  const table = source.parse(text)
  if ('fault' in table) return table
  const { rows } = table.value
  if (rows.length === 0) return { fault: 'there is no prefix in it' }
  if (rows.length > MAX_TABLE_ROWS) return { fault: `it has more than ${MAX_TABLE_ROWS} prefixes` }
  return table
}

function source(
  id: string,
  provider: string,
  kind: TableKind,
  file: string,
  parse: TableSource['parse'],
  where: Pick<TableSource, 'url' | 'known'> & { readonly link?: RegExp },
): TableSource {
  return { id, provider, kind, file, parse, link: null, ...where }
}
