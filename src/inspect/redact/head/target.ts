/**
 * Paths and queries (RFC 3986): segments one by one, parameters each under its name. What stands between them stays as it is, so that no
 * segment or parameter comes or goes.
 */

import type { Context } from '../../scan/scanner.ts'
import type { Coding } from '../coding.ts'
import { FORM_CODING, PERCENT_CODING } from '../percent.ts'
import { namedPlace } from '../place.ts'
import type { Job, Place } from '../reader.ts'
import { isCredential, isOfSignature } from './names.ts'
import { codingOf, rewriteValue } from './values.ts'

/** @param at names the place of a segment, counted from 1 */
export function rewritePath(
  job: Job,
  path: string,
  at: (segment: number) => string,
  coding: Coding = PERCENT_CODING,
): string {
  const segments = path.split('/')
  let before = ''
  return segments
    .map((segment, i) => {
      // The segment before is the name as far as words go, as in `/customers/ssn/…`; it does not say that anything behind it is one: `/password/reset`.
      const context = { ...job.scan.under(before), keys: null }
      before = decodeURIComponentOr(segment)
      const place = new SegmentPlace(at, i, context)
      return safeSegment(segment, rewriteValue(job, segment, place, coding))
    })
    .join('/')
}

/** Where it is, is written out when something is found there. */
class SegmentPlace implements Place {
  readonly key = ''
  readonly kind = 'text'
  readonly context: Context
  readonly #at: (segment: number) => string
  readonly #segment: number

  constructor(at: (segment: number) => string, segment: number, context: Context) {
    this.#at = at
    this.#segment = segment
    this.context = context
  }

  get path(): string {
    return this.#at(this.#segment)
  }
}

/** INVARIANT: no segment becomes one that leads elsewhere. */
function safeSegment(before: string, after: string): string {
  if (before === after) return after
  return /^(?:\.|%2e){0,2}$/i.test(after) ? '-' : after
}

/** How parameters are read. */
export interface QueryJobs {
  readonly job: Job
  /** For those that authenticate the caller. */
  readonly parameters: Job
  /** Whose URL it is; empty where that does not count. */
  readonly host: string
}

/**
 * @param query without its `?`
 * @param parent of the places: `query` for `query.email`
 */
export function rewriteQuery(
  { job, parameters, host }: QueryJobs,
  query: string,
  parent: string,
): string {
  const above: Place = { path: parent, key: '', kind: 'text', context: job.scan.under('') }
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const raw = equals < 0 ? pair : pair.slice(0, equals)
      const name = rewriteValue(job, raw, namedPlace(job, above, '', 'key'), FORM_CODING)
      if (equals < 0) return name
      // A name that is data says nothing about the value.
      const key = name === raw ? decodeURIComponentOr(raw.replaceAll('+', ' ')) : ''
      const value = pair.slice(equals + 1)
      if (isOfSignature(host, key, value)) return pair
      const reads = isCredential(key) ? parameters : job
      return `${name}=${rewriteValue(reads, value, namedPlace(job, above, key), FORM_CODING)}`
    })
    .join('&')
}

/** A whole URL or reference in a field. */
export function rewriteUrl(jobs: QueryJobs, url: string, place: Place): string {
  const { job } = jobs
  const match = /^((?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(
    url,
  )
  if (!match) return rewriteValue(job, url, place, codingOf(url))
  const [, front = '', path = '', query, fragment] = match
  const parts = [
    rewriteValue(job, front, place, codingOf(front)),
    rewritePath(job, path, () => place.path),
  ]
  if (query !== undefined) parts.push('?', rewriteQuery(jobs, query, place.path))
  if (fragment !== undefined) parts.push('#', rewriteQuery(jobs, fragment, place.path))
  return parts.join('')
}

function decodeURIComponentOr(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
