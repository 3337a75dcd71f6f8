/** A customer's own kinds as recognisers. Everything that can be wrong with them is said here, so that scanning cannot fail. */

import type { PlaceKind } from '../../scan/scanner.ts'
import type { Recognizer, Shape } from '../recognizer.ts'
import { compileFieldPath } from './allow.ts'
import { compileDictionary } from './dictionary.ts'
import type { CustomProblem, OwnKind } from './document.ts'
import { compilePattern } from './pattern.ts'
import { compileTerms } from './terms.ts'

export type Compiled<T> = { readonly value: T } | { readonly fault: string }

/** Fields of one kind; each is compared with the place of every text. */
const MAX_FIELDS = 100

/**
 * @param key that dictionaries were made with
 * @param taken kinds that there are already
 * @returns recognisers, or every problem
 */
export function compileCustom(
  kinds: readonly OwnKind[],
  key: Buffer,
  taken: ReadonlySet<string> = new Set(),
):
  | { readonly recognizers: readonly Recognizer[]; readonly fields: readonly PlaceKind[] }
  | { readonly problems: readonly CustomProblem[] } {
  const recognizers: Recognizer[] = []
  const fields: PlaceKind[] = []
  const problems: CustomProblem[] = []
  const types = new Set(taken)
  for (const [i, kind] of kinds.entries()) {
    const { type, class: of = 'personal' } = kind
    const report = (at: readonly (string | number)[], message: string) =>
      problems.push({ path: ['kinds', i, ...at], message })
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(type) || type.length > 40)
      report(['id'], `\`${type}\` is not lower-case words with hyphens`)
    else if (types.has(type)) report(['id'], `there is a \`${type}\` already`)
    types.add(type)
    for (const [n, text] of (kind.fields ?? []).slice(0, MAX_FIELDS).entries()) {
      const path = compileFieldPath(text)
      if ('fault' in path) report(['fields', n], path.fault)
      else fields.push({ type, matches: path.value })
    }
    const words = (kind.near ?? []).map((word) => word.toLowerCase())
    for (const [n, word] of words.entries())
      if (!/^[a-z0-9]+( [a-z0-9]+)*$/.test(word))
        report(['near', n], `\`${word}\` is not words of letters and digits`)
    const { at, compiled, basis } = compileKind(kind, key)
    if ('fault' in compiled) {
      report(at, compiled.fault)
      continue
    }
    const readiness = words.length > 0 ? 'context' : 'on'
    recognizers.push({ type, class: of, readiness, words, shapes: compiled.value, basis })
  }
  return problems.length > 0 ? { problems } : { recognizers, fields }
}

/** What it looks like, and where it says so. */
function compileKind(
  { terms, pattern, ignoreCase = false, near, dictionary, fields }: OwnKind,
  key: Buffer,
): { at: readonly string[]; compiled: Compiled<readonly Shape[]>; basis: string } {
  const ways = { terms, pattern, values: dictionary, fields }
  const given = Object.entries(ways).filter(([, way]) => way !== undefined)
  if (given.length !== 1) {
    const fault = 'a kind has one of `terms`, `pattern`, `values` and `fields`'
    return { at: [], compiled: { fault }, basis: '' }
  }
  if (pattern === undefined && (near || ignoreCase)) {
    const fault = '`near` and `ignore_case` go with a `pattern`'
    return { at: [], compiled: { fault }, basis: '' }
  }
  if (terms) return { at: ['terms'], compiled: compileTerms(terms), basis: 'terms' }
  if (dictionary) {
    return { at: ['values'], compiled: compileDictionary(dictionary, key), basis: 'keyed hash' }
  }
  if (pattern !== undefined) {
    return { at: ['pattern'], compiled: compilePattern(pattern, ignoreCase), basis: 'pattern' }
  }
  const isTooMany = (fields?.length ?? 0) > MAX_FIELDS
  const compiled = isTooMany ? { fault: `there are more than ${MAX_FIELDS} fields` } : { value: [] }
  return { at: ['fields'], compiled, basis: 'the field' }
}
