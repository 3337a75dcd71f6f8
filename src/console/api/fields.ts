/** Reads what a request says of its wishes: every field known, of its kind and within bounds, or nothing of it counts. */

import { isAgentName } from '../../model/agent.ts'
import type { Parsed } from '../../model/errors.ts'

export interface Field<T> {
  /** What is expected, for people. */
  readonly is: string
  /** @returns undefined for what is something else */
  read(value: unknown): T | undefined
}

/** What is left out, or null, is null. */
export type Read<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T | null : never }

export function readFields<F extends Readonly<Record<string, Field<unknown>>>>(
  body: unknown,
  fields: F,
): Parsed<Read<F>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { fault: 'the body is not a JSON object' }
  }
  const known = Object.keys(fields)
  // Its name stays out of the answer: whoever has sent it can find it.
  if (Object.keys(body).some((key) => !known.includes(key))) {
    return { fault: `only these fields are understood here: ${known.join(', ') || 'none'}` }
  }
  const read: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const given = (body as Record<string, unknown>)[name] ?? null
    const value = given === null ? null : field.read(given)
    if (value === undefined) return { fault: `\`${name}\` is not ${field.is}` }
    read[name] = value
  }
  return { value: read as Read<F> }
}

const MAX_USES = 1_000_000
const MAX_SENTENCE = 500

export const USES: Field<number> = {
  is: `a number from 1 to ${MAX_USES}`,
  read: (value) =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_USES
      ? Number(value)
      : undefined,
}

export const NAME: Field<string> = {
  is: 'a name of letters, digits and . _ @ -',
  read: (value) => (typeof value === 'string' && isAgentName(value) ? value : undefined),
}

/** On one line: it is shown in terminals and lists. */
export const SENTENCE: Field<string | null> = {
  is: `a text of at most ${MAX_SENTENCE} characters on one line`,
  read: (value) =>
    typeof value === 'string' && value.length <= MAX_SENTENCE && !CONTROLS.test(value)
      ? value.trim() || null
      : undefined,
}

/** C0, DEL, C1, and what breaks lines or turns the direction of writing. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/

export const TIME: Field<number> = {
  is: 'a time such as 2026-12-01T08:00:00Z',
  read: (value) => {
    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/
    if (typeof value !== 'string' || !form.test(value)) return undefined
    const at = Date.parse(value)
    return Number.isNaN(at) ? undefined : at
  },
}

export function oneOf<T extends string>(...values: readonly T[]): Field<T> {
  return {
    is: `one of ${values.join(', ')}`,
    read: (value) => values.find((one) => one === value),
  }
}

/** @param parse text to milliseconds; null for what is no length of time */
export function lengthOfTime(parse: (text: string) => number | null): Field<number> {
  return {
    is: 'a length of time such as 30m',
    read: (value) => (typeof value === 'string' ? (parse(value) ?? undefined) : undefined),
  }
}
