/**
 * Heads without what is not to leave: the path, the query and the fields of a request, the fields of an answer. All of it is there at once,
 * and bounded by how large a head may be.
 */

import { PERCENT_CODING } from '../percent.ts'
import { namedPlace } from '../place.ts'
import type { Job, Place } from '../reader.ts'
import { roleOf } from './names.ts'
import { rewritePath, rewriteQuery, rewriteUrl } from './target.ts'
import { codingOf, rewriteValue } from './values.ts'

/** How the parts of a head are read; all count what they find together. */
export interface HeadJobs {
  readonly job: Job
  /** For fields that authenticate the caller, and cookies. */
  readonly fields: Job
  /** For parameters of the query that do. */
  readonly parameters: Job
}

/** @param target in origin-form */
export function rewriteTarget({ job, parameters }: HeadJobs, target: string): string {
  if (!target.startsWith('/')) return target
  const mark = target.indexOf('?')
  const path = rewritePath(job, mark < 0 ? target : target.slice(0, mark), toSegment)
  if (mark < 0) return path
  return `${path}?${rewriteQuery(job, parameters, target.slice(mark + 1), 'query')}`
}

function toSegment(segment: number): string {
  return `path[${segment}]`
}

/** A path as it may be written down: what is found in it stays in brackets as the job gives it. */
export function rewritePathPlainly(job: Job, path: string): string {
  return rewritePath(job, path, toSegment, { ...PERCENT_CODING, write: (text) => text })
}

/** @param list names and values in turn  @returns the same list where nothing changes */
export function rewriteFields(jobs: HeadJobs, list: readonly string[]): readonly string[] {
  let changed: string[] | null = null
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1] ?? ''
    const rewritten = rewriteField(jobs, (list[i] ?? '').toLowerCase(), value)
    if (rewritten === value) continue
    changed ??= [...list]
    changed[i + 1] = rewritten
  }
  return changed ?? list
}

function rewriteField({ job, fields }: HeadJobs, name: string, value: string): string {
  const role = roleOf(name)
  if (role === 'untouched') return value
  const place = () => namedPlace(job, placeAt(job, 'header'), name)
  switch (role) {
    case 'cookie':
      return value
        .split(';')
        .map((pair) => rewriteCookie(fields, pair))
        .join(';')
    case 'set-cookie': {
      const [pair = '', ...attributes] = value.split(';')
      return [rewriteCookie(fields, pair), ...attributes].join(';')
    }
    case 'url':
      return rewriteUrl(job, name === 'location' ? fields : job, value, place())
    case 'credential':
      return rewriteValue(fields, value, place(), codingOf(value))
    case 'text':
      return rewriteValue(job, value, place(), codingOf(value))
    default:
      return role satisfies never
  }
}

/** ` name=value`, or a value alone. */
function rewriteCookie(job: Job, pair: string): string {
  const equals = pair.indexOf('=')
  const name = equals < 0 ? '' : pair.slice(0, equals).trim()
  const place = namedPlace(job, placeAt(job, 'cookie'), name)
  const value = pair.slice(equals + 1)
  return pair.slice(0, equals + 1) + rewriteValue(job, value, place, codingOf(value))
}

function placeAt(job: Job, path: string): Place {
  return { path, key: '', kind: 'text', context: job.scan.under('') }
}
