/**
 * A parsed file against its schema: the typed value, or every mistake of form in words a person can act on. Unknown keys
 * are mistakes, because a misspelt restriction is none.
 */

import { z } from 'zod'
import { nearest } from '../model/spelling.ts'

/** One mistake of form: where, what, and what was probably meant. */
export interface FormProblem {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly hint?: string
  /** Set when it is the key at the end of the path that is wrong, not its value. */
  readonly at?: 'key'
}

/** Mistakes named in one file; whoever has more starts with these. */
export const MAX_PROBLEMS = 100

/** @returns the value as the schema types it, or the mistakes in it, at most `MAX_PROBLEMS`. */
export function checkForm<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly value: T } | { readonly problems: readonly FormProblem[] } {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data }
  const issues = result.error.issues.slice(0, MAX_PROBLEMS)
  const problems = issues.flatMap((issue) => toProblems(issue, schema, value))
  return { problems: problems.slice(0, MAX_PROBLEMS) }
}

function toProblems(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): FormProblem[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, schema))
  }
  // Of an unknown kind there are no branches to speak of.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return branchMeant(issue.errors).flatMap((branch) =>
      toProblems({ ...branch, path: [...path, ...branch.path] }, schema, value),
    )
  }
  if (path.length > 0 && valueAt(value, path) === undefined) {
    return [{ path, message: `\`${String(path.at(-1))}\` is missing` }]
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: issue.issues[0]?.message ?? issue.message, at: 'key' }]
  }
  return [{ path, message: lowerFirst(issue.message) }]
}

/** Of all that a value could have been: the one whose type it has. */
function branchMeant(branches: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] {
  const isType = (issues: readonly z.core.$ZodIssue[]) =>
    !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0)
  return branches.find(isType) ?? branches[0] ?? []
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<PropertyKey, unknown>)[step]
  }
  return at
}

/** Keys of the published format that this version does not carry out: refused, never ignored. */
const LATER: ReadonlySet<string> = new Set(['issuer'])

/** A longer key is no misspelling, and not repeated in full. */
const MAX_KEY = 64

function unknownKey(path: readonly PropertyKey[], key: string, schema: z.ZodType): FormProblem {
  if (LATER.has(key)) {
    const message = `\`${key}\` is not available in this version`
    return { path, message, hint: 'take it out', at: 'key' }
  }
  if (key.length > MAX_KEY) {
    return { path, message: `unknown key \`${key.slice(0, MAX_KEY)}…\``, at: 'key' }
  }
  const problem = { path, message: `unknown key \`${key}\``, at: 'key' } as const
  // `{ because: our house, contract 7 }` has two keys.
  if (key.includes(' ')) return { ...problem, hint: 'put text with a comma in it into quotes' }
  const similar = nearest(key, knownKeys(schema, path.slice(0, -1)))
  return similar === null ? problem : { ...problem, hint: `did you mean \`${similar}\`?` }
}

/** The keys an object at that path may have, whatever lies around it in the schema. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const [step, ...rest] = path
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return knownKeys(schema.unwrap() as z.ZodType, path)
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => knownKeys(option as z.ZodType, path))
  }
  if (schema instanceof z.ZodRecord) {
    const { keyType, valueType } = schema
    if (step !== undefined) return knownKeys(valueType as z.ZodType, rest)
    return keyType instanceof z.ZodEnum ? keyType.options.map(String) : []
  }
  if (schema instanceof z.ZodArray) {
    return step === undefined ? [] : knownKeys(schema.element as z.ZodType, rest)
  }
  if (!(schema instanceof z.ZodObject)) return []
  if (step === undefined) return Object.keys(schema.shape)
  const next = Object.hasOwn(schema.shape, step) ? schema.shape[String(step)] : undefined
  return next ? knownKeys(next as z.ZodType, rest) : []
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
