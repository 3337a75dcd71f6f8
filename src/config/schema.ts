/**
 * The form of every file people write, one schema each: zod's door. Form only; whether names and patterns mean something is for
 * `policy/compile`. Unknown keys are mistakes, because a misspelt restriction is none.
 */

import { z } from 'zod'
import { isCountry } from '../model/region.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { parseDuration } from './duration.ts'

const ACTIONS = ['allow', 'block', 'hold'] as const
const PLACEMENTS = ['inside', 'outside', 'straddling', 'unknown'] as const

const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)])

const name = z.string().min(1).max(256)
const names = oneOrMany(name)
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
  error: 'an id has lower-case letters, digits and hyphens, at most 64',
})
const duration = z
  .string()
  .refine((text) => parseDuration(text) !== null, {
    error: 'a time is written like 30s, 10m or 8h',
  })
  .meta({ pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$' })
const hostPort = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[0-9.]+):\d{1,5}$/, {
  error: 'an address and port is written like 127.0.0.1:3128 or [::1]:3128',
})

const agent = z.strictObject({
  id: name,
  match: z
    .strictObject({
      subject: names.optional(),
      group: names.optional(),
      source: names.optional(),
    })
    .refine((match) => Object.keys(match).length > 0, { error: '`match` has no condition' })
    .optional(),
  groups: z.array(name).optional(),
  zones: names.optional(),
})

const destination = z.strictObject({
  host: name.optional(),
  cidr: name.optional(),
  region: names.optional(),
  allowed: names.optional(),
  because: z.string().max(500).optional(),
  expires: z.string().optional(),
})

const when = z.strictObject({
  placement: oneOrMany(z.enum(PLACEMENTS)).optional(),
  zone: names.optional(),
  host: names.optional(),
  port: oneOrMany(z.int().min(1).max(65535)).optional(),
  scheme: oneOrMany(z.enum(['http', 'https'])).optional(),
  method: names.optional(),
  path: oneOrMany(z.string().regex(/^[/*]/, { error: 'a path begins with / or *' })).optional(),
  agent: names.optional(),
  group: names.optional(),
})

const rule = z.strictObject({
  id,
  because: z.string().min(1).max(500),
  when,
  // biome-ignore lint/suspicious/noThenProperty: the published name of the key
  then: z.enum(ACTIONS),
})

const policyKeys = {
  zones: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/), z.array(name)).optional(),
  home: names.optional(),
  agents: z.array(agent).max(10_000).optional(),
  destinations: z.array(destination).max(100_000).optional(),
  placement: z.partialRecord(z.enum(PLACEMENTS), z.enum(ACTIONS)).optional(),
}

/** A file under `rules/`. */
export const policyFile = z.strictObject({
  version: z.literal(1),
  ...policyKeys,
  rules: z.array(rule).max(10_000).optional(),
})

/** `cordon.yaml`. */
export const configFile = z.strictObject({
  version: z.literal(1),
  mode: z.enum(['enforce', 'observe']).optional(),
  listen: z
    .strictObject({
      proxy: hostPort.optional(),
      transparent: z
        .null({ error: 'transparent interception is not available in this version' })
        .optional(),
      console: hostPort.nullable().optional(),
    })
    .optional(),
  data: name.optional(),
  ca: name.optional(),
  dns: z
    .strictObject({ servers: z.array(name).nullable().optional(), hosts: z.boolean().optional() })
    .optional(),
  tls: z.strictObject({ extra_roots: z.array(name).optional() }).optional(),
  geoip: z
    .strictObject({ files: z.array(name).min(1).optional(), tables: name.optional() })
    .optional(),
  intercept: z.strictObject({ never: z.array(name).optional() }).optional(),
  identity: z.strictObject({ required: z.boolean().optional() }).optional(),
  timeouts: z
    .strictObject({
      head: duration.optional(),
      idle: duration.optional(),
      connect: duration.optional(),
      answer: duration.optional(),
      body: duration.optional(),
    })
    .optional(),
  workers: z.literal(1, { error: 'this version runs one worker' }).optional(),
  ...policyKeys,
  rules: z.array(z.union([rule, z.string()])).optional(),
})

/** `geoip/zones.yaml`. */
export const zoneFile = z.strictObject({
  version: z.literal(1),
  zones: z.record(
    z.string(),
    z.strictObject({
      as_of: z.iso.date(),
      source: z.string().min(1),
      countries: z.array(z.string().refine(isCountry, { error: 'not a country code' })).min(1),
    }),
  ),
})

/** `rules/NAME.scenarios.yaml`. */
export const scenarioFile = z.strictObject({
  version: z.literal(1),
  scenarios: z.array(
    z.strictObject({
      name,
      request: z.strictObject({
        url: name,
        method: name.optional(),
        agent: name.optional(),
        groups: z.array(name).optional(),
        regions: z.array(name).optional(),
        addresses: z.array(name).optional(),
      }),
      expect: z.strictObject({
        action: z.enum(ACTIONS),
        placement: z.enum(PLACEMENTS).optional(),
        rules: z.array(name).optional(),
      }),
    }),
  ),
})

export type ConfigFile = z.infer<typeof configFile>
export type PolicyFile = z.infer<typeof policyFile>
export type ScenarioFile = z.infer<typeof scenarioFile>

// The compiler checks here that what the schema lets through is what the policy compiler takes.
policyFile satisfies z.ZodType<PolicyDocument>

/** One mistake of form: where, what, and what was probably meant. */
export interface FormProblem {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly hint?: string
}

/** @returns the value as the schema types it, or every mistake in it. */
export function checkForm<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly value: T } | { readonly problems: readonly FormProblem[] } {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data }
  return { problems: result.error.issues.flatMap((issue) => toProblems(issue, schema)) }
}

function toProblems(issue: z.core.$ZodIssue, root: z.ZodType): FormProblem[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], key, root))
  }
  if (issue.code === 'invalid_union') {
    // The branch that got furthest is the one that was meant.
    const branch = issue.errors
      .flat()
      .sort((a, b) => b.path.length - a.path.length)
      .at(0)
    if (branch) return toProblems({ ...branch, path: [...path, ...branch.path] }, root)
  }
  return [{ path, message: lowerFirst(issue.message) }]
}

/** Keys of the published format that this version does not carry out: refused, never ignored. */
const LATER: ReadonlySet<string> = new Set([
  'redact',
  'creates',
  'issuer',
  'certificate',
  'uid',
  'data',
  'protocol',
  'transit',
])

function unknownKey(path: readonly PropertyKey[], key: string, root: z.ZodType): FormProblem {
  if (LATER.has(key)) {
    return { path, message: `\`${key}\` is not available in this version`, hint: 'take it out' }
  }
  const similar = knownKeys(root, path.slice(0, -1))
    .map((known) => ({ known, distance: editDistance(key, known) }))
    .sort((a, b) => a.distance - b.distance)[0]
  const message = `unknown key \`${key}\``
  return similar && similar.distance <= Math.max(2, key.length / 3)
    ? { path, message, hint: `did you mean \`${similar.known}\`?` }
    : { path, message }
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
  if (schema instanceof z.ZodArray) {
    return step === undefined ? [] : knownKeys(schema.element as z.ZodType, rest)
  }
  if (!(schema instanceof z.ZodObject)) return []
  if (step === undefined) return Object.keys(schema.shape)
  const next = schema.shape[String(step)] as z.ZodType | undefined
  return next ? knownKeys(next, rest) : []
}

/** Levenshtein; keys are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
