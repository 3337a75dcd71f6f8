/** The form of catalogue files. What their hosts and places mean is for `catalogue`. */

import { z } from 'zod'
import { country, id, sentence } from './scalars.ts'

const MAX_ENTRIES = 10_000

const host = z.string().min(1).max(253)
const regions = z.union([
  z.enum(['anywhere', 'from-host-label']),
  z.array(z.string().min(1).max(64)).min(1).max(300),
])
const value = sentence.max(256)
const values = z.union([value, z.array(value).min(1).max(100)])
const oneField = (key: z.ZodString) =>
  z.record(key, values).refine((fields) => Object.keys(fields).length === 1, {
    error: 'name exactly one; write another `requests` entry for another',
  })

const request = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[!-~]*$/, { error: 'a path begins with /' })
      .regex(/^[^*%?#;\\]*(\/\*)?$/, { error: 'a path has a `*` only as `/*` at its end' })
      .optional(),
    method: z
      .string()
      .regex(/^[A-Z]{1,32}$/, { error: 'a method has capital letters' })
      .optional(),
    query: oneField(
      z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'not the name of a parameter'),
    ).optional(),
    header: oneField(z.string().regex(/^[a-z0-9-]{1,64}$/, 'a header in lower case')).optional(),
    body: oneField(
      z
        .string()
        .regex(/^[A-Za-z0-9_$-]+(\[\])?(\.[A-Za-z0-9_$-]+(\[\])?)*$/, 'not a place in a body'),
    ).optional(),
    region: regions,
  })
  .refine((one) => Object.keys(one).length > 1, {
    error: 'a request needs a `path`, `method`, `query`, `header` or `body`',
  })

const entry = z.strictObject({
  id,
  vendor: sentence.max(64),
  operator: country.optional(),
  host: z.union([host, z.array(host).min(1).max(100)]),
  region: regions,
  follows_request: z.boolean().optional(),
  models: z.boolean().optional(),
  requests: z.array(request).min(1).max(20).optional(),
  instead: z.array(id).min(1).max(20).optional(),
  source: z.union([z.url({ protocol: /^https$/ }).max(500), sentence]),
  as_of: z.iso.date(),
  note: sentence.optional(),
})

/** `geoip/catalogue.yaml`, and the files under `catalogue:` in `cordon.yaml`. */
export const catalogueFile = z.strictObject({
  version: z.literal(1),
  entries: z.array(entry).min(1).max(MAX_ENTRIES),
})

export type CatalogueFile = z.infer<typeof catalogueFile>
