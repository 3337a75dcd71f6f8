/** A customer's own kinds as recognisers. Everything that can be wrong with them is said here, so that scanning cannot fail. */

import type { DataClass } from '../../../model/finding.ts'
import type { Recognizer, Shape } from '../recognizer.ts'
import { compileDictionary } from './dictionary.ts'
import type { CustomDocument, CustomProblem } from './document.ts'
import { compilePattern } from './pattern.ts'
import { compileTerms } from './terms.ts'

export type Compiled<T> = { readonly value: T } | { readonly fault: string }

/**
 * @param key that dictionaries were made with; null where there are none
 * @param taken kinds that there are already
 * @returns recognisers, or every problem
 */
export function compileCustom(
  document: CustomDocument,
  key: Buffer | null,
  taken: ReadonlySet<string> = new Set(),
):
  | { readonly recognizers: readonly Recognizer[] }
  | { readonly problems: readonly CustomProblem[] } {
  const recognizers: Recognizer[] = []
  const problems: CustomProblem[] = []
  const types = new Set(taken)

  const add = (
    at: string,
    entry: { readonly type: string; readonly class?: DataClass },
    compiled: Compiled<readonly Shape[]>,
    basis: string,
    near: readonly string[] = [],
  ) => {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(entry.type) || entry.type.length > 40) {
      problems.push({
        at: `${at}.type`,
        message: `\`${entry.type}\` is not lower-case words with hyphens`,
      })
    } else if (types.has(entry.type)) {
      problems.push({ at: `${at}.type`, message: `there is a \`${entry.type}\` already` })
    }
    types.add(entry.type)
    if ('fault' in compiled) {
      problems.push({ at, message: compiled.fault })
      return
    }
    const readiness = near.length > 0 ? 'context' : 'on'
    const { type, class: of = 'personal' } = entry
    recognizers.push({ type, class: of, readiness, words: near, shapes: compiled.value, basis })
  }

  for (const [i, entry] of (document.terms ?? []).entries())
    add(`terms[${i}]`, entry, compileTerms(entry.terms), 'terms')
  for (const [i, entry] of (document.patterns ?? []).entries()) {
    const compiled = compilePattern(entry.pattern, entry.ignoreCase ?? false)
    const near = (entry.near ?? []).map((word) => word.toLowerCase())
    const odd = near.find((word) => !/^[a-z0-9]+( [a-z0-9]+)*$/.test(word))
    const fault =
      odd === undefined ? compiled : { fault: `\`${odd}\` is not words of letters and digits` }
    add(`patterns[${i}]`, entry, fault, 'pattern', near)
  }
  for (const [i, entry] of (document.dictionaries ?? []).entries()) {
    const compiled = key
      ? compileDictionary(entry, key)
      : { fault: 'there is no key for dictionaries' }
    add(`dictionaries[${i}]`, entry, compiled, 'keyed hash')
  }
  return problems.length > 0 ? { problems } : { recognizers }
}
