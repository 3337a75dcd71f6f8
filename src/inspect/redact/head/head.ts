/**
 * Heads without what is not to leave: the path, the query and the fields of a request, the fields of an answer. All of it is there at once,
 * and bounded by how large a head may be.
 */

import { PERCENT_CODING } from '../percent.ts'
import { namedPlace } from '../place.ts'
import type { Job, Place, Replace } from '../reader.ts'
import { isKnownName, isKnownValue, learnName, learnValue } from './known.ts'
import { roleOf } from './names.ts'
import { type QueryJobs, rewritePath, rewriteQuery, rewriteUrl } from './target.ts'
import { codingOf, rewriteValue } from './values.ts'

/** How the parts of a head are read; all count what they find together. */
export interface HeadJobs extends QueryJobs {
  /** For fields that authenticate the caller, and cookies. */
  readonly fields: Job
  /** For those that do nothing else. */
  readonly authentication: Job
}

/** @param target in origin-form */
export function rewriteTarget(jobs: HeadJobs, target: string): string {
  const { job } = jobs
  if (!target.startsWith('/')) return target
  const mark = target.indexOf('?')
  const path = rewritePath(job, mark < 0 ? target : target.slice(0, mark), toSegment)
  if (mark < 0) return path
  return `${path}?${rewriteQuery(jobs, target.slice(mark + 1), 'query')}`
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
    const name = list[i] ?? ''
    const value = list[i + 1] ?? ''
    const isData = isDataName(jobs.job, name, 'header')
    const rewritten = rewriteField(jobs, name.toLowerCase(), value)
    if (!isData && rewritten === value) continue
    changed ??= [...list]
    if (isData) changed[i] = NAME_IN_PLACE
    changed[i + 1] = rewritten
  }
  return changed ?? list
}

function rewriteField(jobs: HeadJobs, name: string, value: string): string {
  const { job, fields, authentication } = jobs
  const role = roleOf(name)
  if (role === 'untouched') return value
  const place = () => namedPlace(job, placeAt(job, 'header'), name)
  const unnamed = () => namedPlace(job, placeAt(job, 'header'), name, 'text', job.scan.under(''))
  switch (role) {
    case 'cookie':
      return value
        .split(';')
        .map((pair) => rewriteCookie(fields, pair))
        .join(';')
    case 'set-cookie': {
      const [pair = '', ...attributes] = value.split(';')
      const at = placeAt(job, 'header.set-cookie')
      const rewrite = (text: string) => rewriteValue(job, text, at, codingOf(text))
      return [rewriteCookie(fields, pair), ...attributes.map(rewrite)].join(';')
    }
    case 'url':
      return rewriteUrl(
        { job, parameters: name === 'location' ? fields : job, host: '' },
        value,
        place(),
      )
    case 'authentication':
      return rewriteValue(authentication, value, unnamed(), codingOf(value))
    case 'credential':
      return rewriteValue(fields, value, place(), codingOf(value))
    case 'plain':
    case 'text': {
      if (isKnownValue(job.scan, name, value)) return value
      const { watched, wasFound } = watch(job)
      const at = role === 'plain' ? unnamed() : place()
      const left = rewriteValue(watched, value, at, codingOf(value))
      if (!wasFound()) learnValue(job.scan, name, value)
      return left
    }
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
  const isData = name !== '' && isDataName(job, name, 'cookie')
  const front = isData ? `${NAME_IN_PLACE}=` : pair.slice(0, equals + 1)
  return front + rewriteValue(job, value, place, codingOf(value))
}

/** What a name that is data becomes: whatever else is made of it might mean something. */
const NAME_IN_PLACE = 'x-redacted'

/** Whether a name has something in it that is taken out; that is counted then. */
function isDataName(job: Job, name: string, path: string): boolean {
  if (isKnownName(job.scan, name)) return false
  const { watched, wasFound } = watch(job)
  const left = rewriteValue(watched, name, { ...placeAt(job, path), kind: 'key' }, null)
  if (!wasFound()) learnName(job.scan, name)
  return left !== name
}

/** The same, and whether anything was found, also where that stays. */
function watch(job: Job): { readonly watched: Job; wasFound(): boolean } {
  let isFound = false
  const replace: Replace = (type, value, place) => {
    isFound = true
    return job.replace(type, value, place)
  }
  return { watched: { ...job, replace }, wasFound: () => isFound }
}

function placeAt(job: Job, path: string): Place {
  return { path, key: '', kind: 'text', context: job.scan.under('') }
}
