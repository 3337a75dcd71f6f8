/**
 * Where a table comes from: its publisher, asked through Cordon's own policy and only for what has changed, or a file somebody brought.
 * Nothing is written here, and nothing is read into the answer: that is for the parsers.
 */

import { dateInName, readTableFile, tableName } from '../locate/tables/folder.ts'
import type { TableFacts } from '../locate/tables/layout.ts'
import type { TableSource } from '../locate/tables/sources.ts'
import { MAX_TABLE_BYTES, shorten, toIsoDate } from '../locate/tables/table.ts'
import { describeCode } from '../model/errors.ts'
import type { Refusal } from '../model/refusal.ts'
import {
  type OwnAnswer,
  type OwnContext,
  parseOwnUrl,
  requestAsCordon,
} from '../proxy/own-request.ts'

export type Got =
  | { readonly kind: 'new'; readonly bytes: Uint8Array; readonly origin: Origin }
  /** The publisher says that the one in use is current. */
  | { readonly kind: 'same' }
  | {
      readonly kind: 'failed' | 'blocked'
      readonly problem: string
      readonly hint: string | null
    }

/** What is known of a table before it is read. */
export interface Origin extends Known {
  /** ISO date, which counts where the table itself has none. */
  readonly date: string | null
  /** Its publisher gave it just now; a file only says what was true on its date. */
  readonly isCurrent: boolean
}

/** What an earlier answer said, to be asked with. */
export type Known = Pick<TableFacts, 'source' | 'etag' | 'lastModified'>

const TIMEOUT_MS = 60_000
const MAX_REDIRECTS = 3
/** Of a page that links to a table. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** @param url in place of the publisher's, null for that. @param known null when the table in use could not be kept. */
export async function fetchTable(
  own: OwnContext,
  source: TableSource,
  url: string | null,
  known: Known | null,
): Promise<Got> {
  if (url !== null || source.link === null) return fetchFile(own, url ?? source.url, known)
  const page = await follow(own, source.url, {}, MAX_PAGE_BYTES)
  if ('kind' in page) return page
  if (page.answer.status !== 200) return failed(`${page.url} answered ${page.answer.status}`)
  const link = source.link.exec(page.answer.body.toString('latin1'))?.[0]
  return link
    ? fetchFile(own, link, known)
    : failed(`${page.url} has no link to the table`, 'fetch it by hand and name it with `--from`')
}

/** @param path of a file under any of the names the table is known by */
export async function readTable(path: string): Promise<Got> {
  const read = await readTableFile(path)
  if ('fault' in read) return failed(`\`${path}\`: ${read.fault}`)
  const { bytes, date } = read.value
  const source = `file ${tableName(path)}`
  const origin = { source, etag: null, lastModified: null, date, isCurrent: false }
  return { kind: 'new', bytes, origin }
}

async function fetchFile(own: OwnContext, url: string, known: Known | null): Promise<Got> {
  const headers = known?.source === url ? toConditions(known) : {}
  const reached = await follow(own, url, headers, MAX_TABLE_BYTES)
  if ('kind' in reached) return reached
  const { answer } = reached
  if (answer.status === 304 && Object.keys(headers).length > 0) return { kind: 'same' }
  if (answer.status !== 200) return failed(`${reached.url} answered ${answer.status}`)
  const lastModified = answer.headers.get('last-modified') ?? null
  const etag = answer.headers.get('etag') ?? null
  const date = dateInName(url) ?? toDate(lastModified)
  const origin = { source: url, etag, lastModified, date, isCurrent: true }
  return { kind: 'new', bytes: answer.body, origin }
}

/** RFC 9110 section 13.1. What could not have been a validator is left out. */
function toConditions({ etag, lastModified }: Known): Record<string, string> {
  const headers: Record<string, string> = {}
  if (etag !== null && /^(W\/)?"[!#-~]{0,200}"$/.test(etag)) headers['If-None-Match'] = etag
  if (lastModified !== null && /^[A-Z][A-Za-z0-9 ,:]{10,40}$/.test(lastModified)) {
    headers['If-Modified-Since'] = lastModified
  }
  return headers
}

function toDate(lastModified: string | null): string | null {
  const at = Date.parse(lastModified ?? '')
  return Number.isNaN(at) ? null : toIsoDate(new Date(at).toISOString())
}

interface Reached {
  readonly url: string
  readonly answer: OwnAnswer
}

/** Each step is a request of its own, with a row of its own. */
async function follow(
  own: OwnContext,
  first: string,
  conditions: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<Reached | Extract<Got, { kind: 'failed' | 'blocked' }>> {
  const headers = { Accept: '*/*', 'User-Agent': 'cordon', ...conditions }
  let url = first
  for (let step = 0; step <= MAX_REDIRECTS; step++) {
    const answer = await requestAsCordon(own, url, { headers, maxBytes, timeoutMs: TIMEOUT_MS })
    if (!('body' in answer)) return toFailure(url, answer)
    const location = answer.headers.get('location')
    if (answer.status < 301 || answer.status > 308 || location === undefined) return { url, answer }
    const next = URL.parse(location, url)?.href.replace(/#.*$/s, '') ?? ''
    if (!mayRedirect(url, next)) return failed(`${url} leads to \`${shorten(location)}\``, MOVED)
    url = next
  }
  return failed(`${first} leads in circles`)
}

const MOVED = 'if the publisher has moved, name the new URL under `geoip: sources:`'

/** To the same host, one below it, or the same with or without `www`; never from https to http. */
function mayRedirect(from: string, to: string): boolean {
  const [a, b] = [parseOwnUrl(from), parseOwnUrl(to)]
  if (!('value' in a) || !('value' in b) || b.value.scheme !== 'https') return false
  const [source, target] = [a.value.authority.host.text, b.value.authority.host.text]
  return source === target || target.endsWith(`.${source}`) || source === `www.${target}`
}

function toFailure(url: string, refusal: Refusal) {
  const { code, detail, host, next } = refusal
  const isPolicy = describeCode(code).side === 'policy'
  if (!isPolicy) return failed(`${url}: ${detail}`, next)
  return {
    kind: 'blocked' as const,
    problem: `${url}: ${detail} (${code})`,
    hint: `to allow it, add a rule: { id: geoip-update, because: tables of prefixes, when: { agent: cordon, host: ${host} }, then: allow }; or bring a file with \`--from\``,
  }
}

function failed(problem: string, hint: string | null = null) {
  return { kind: 'failed' as const, problem, hint }
}
