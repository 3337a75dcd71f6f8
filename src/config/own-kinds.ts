/**
 * An operator's own kinds of data, and what is left alone: files of values read, all of it compiled. Of the values nothing is kept but keyed
 * hashes, and no problem says one.
 */

import { randomBytes, scryptSync } from 'node:crypto'
import { resolve } from 'node:path'
import { faultOfValue, hashDictionary } from '../inspect/recognizers/custom/dictionary.ts'
import type { Dictionary } from '../inspect/recognizers/custom/document.ts'
import { BUILT_IN, compileRecognition, Recognition } from '../inspect/recognizers/recognition.ts'
import type { KindEntry, PolicyDocument } from '../policy/document.ts'
import type { PolicyProblem } from '../policy/references.ts'
import type { FileReader } from './files.ts'
import { MAX_PROBLEMS } from './form.ts'
import type { FileProblem } from './yaml.ts'

export interface OwnKinds {
  readonly recognition: Recognition
  /** Of each file of values: another file has another. */
  readonly prints: readonly string[]
  readonly problems: readonly FileProblem[]
}

/** Bytes of a file of values, and values in it: so many keep one core busy for half a second. */
const MAX_BYTES = 4 * 1024 * 1024
const MAX_VALUES = 100_000

/** @param base the folder that names of files are relative to. @param locate says where something stands in the policy files */
export function readOwnKinds(
  reader: FileReader,
  base: string,
  redaction: PolicyDocument['redaction'],
  locate: (problem: PolicyProblem) => FileProblem,
): OwnKinds {
  const { kinds = [], allow = {} } = redaction ?? {}
  if (!redaction?.kinds && !redaction?.allow) {
    return { recognition: BUILT_IN, prints: [], problems: [] }
  }
  const problems: FileProblem[] = []
  const prints: string[] = []
  // Good for this process: nobody else has to know the hashes.
  const key = randomBytes(32)
  const own = kinds.map(({ id: type, ignore_case: ignoreCase, values, ...kind }, i) => {
    if (values === undefined) return { type, ignoreCase, ...kind }
    const read = readValues(reader, resolve(base, values), key)
    if ('dictionary' in read) prints.push(read.print)
    else if ('fault' in read) {
      const message = `\`${values}\`: ${read.fault}`
      problems.push(locate({ path: ['redaction', 'kinds', i, 'values'], message }))
    } else problems.push(...read.problems)
    return { type, ignoreCase, ...kind, dictionary: 'dictionary' in read ? read.dictionary : EMPTY }
  })
  const compiled = compileRecognition(own, allow, key)
  if ('problems' in compiled) {
    for (const { path, message } of compiled.problems.slice(0, MAX_PROBLEMS)) {
      if (!isOfFile(kinds, path)) {
        problems.push(locate({ path: ['redaction', ...path], message }))
      }
    }
  }
  // Rules may speak of what could not be compiled: that it is there is known.
  if ('problems' in compiled || problems.length > 0) {
    return { recognition: toNames(kinds), prints, problems }
  }
  return { recognition: compiled.recognition, prints, problems }
}

function toNames(kinds: readonly KindEntry[]): Recognition {
  const named = kinds.map(({ id: type, class: of = 'personal' }) => ({
    ...({ type, class: of, readiness: 'on', words: [], shapes: [], basis: '' } as const),
  }))
  return new Recognition(named, [], { allows: () => false })
}

/** Stands for one that could not be read, which has been said. */
const EMPTY: Dictionary = { beginnings: [], words: 1, hashes: [], filter: '' }

function isOfFile(kinds: readonly KindEntry[], [, index, key]: PolicyProblem['path']): boolean {
  return key === 'values' && kinds[Number(index)]?.values !== undefined
}

type Values =
  | { readonly dictionary: Dictionary; readonly print: string }
  | { readonly fault: string }
  | { readonly problems: readonly FileProblem[] }

/** One value a line; blank lines and those that begin with `#` do not count. */
function readValues(reader: FileReader, path: string, key: Buffer): Values {
  const lines = reader.readLines(path, MAX_BYTES)
  if ('fault' in lines) return lines
  const values: string[] = []
  const problems: FileProblem[] = []
  for (const [i, line] of lines.value.entries()) {
    const value = line.trim()
    if (value === '' || value.startsWith('#')) continue
    const fault = faultOfValue(value)
    if (fault === null) values.push(value)
    else if (problems.length < MAX_PROBLEMS) {
      const file = reader.nameOf(path)
      problems.push({ file, line: i + 1, column: 1, message: `the value ${fault}`, hint: HINT })
    }
  }
  if (problems.length > 0) return { problems }
  if (values.length === 0) return { fault: 'there are no values in it' }
  if (values.length > MAX_VALUES) return { fault: `there are more than ${MAX_VALUES} values in it` }
  const hashed = hashDictionary(values, key)
  if ('fault' in hashed) return hashed
  return { dictionary: hashed.value, print: toPrint(values) }
}

const HINT = 'a value has 4 characters or more, and six words or fewer'

/** Goes into the digest of the policy, which is written down: too slow to try values one after the other. */
function toPrint(values: readonly string[]): string {
  return scryptSync(values.join('\n'), 'cordon values', 32).toString('base64url')
}
