/** The form of an operator's own kinds of data, and of what is left alone. What they mean is for `own-kinds`. */

import { z } from 'zod'
import { DATA_CLASSES } from '../model/finding.ts'
import { name } from './scalars.ts'

const text = z.string().min(1).max(1_000)
const fields = z
  .array(name)
  .min(1)
  .max(1_000)
  .meta({ description: 'Places as the log has them: `$.customer.ssn`, `$..id`, `query.ssn`.' })

const ownKind = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, {
    error: 'the name of a kind is lower-case words with hyphens, like project-name',
  }),
  class: z.enum(DATA_CLASSES).optional().meta({ description: 'Default: personal.' }),
  terms: z
    .array(text)
    .min(1)
    .max(100_000)
    .optional()
    .meta({ description: 'Words and names: found in any case, as whole words.' }),
  pattern: text.optional().meta({
    description: 'A regular expression without lookaround and backreferences.',
  }),
  ignore_case: z.boolean().optional(),
  near: z.array(name).min(1).max(100).optional().meta({
    description: 'Words: the pattern counts only near one, or under a name that has one.',
  }),
  values: name.optional().meta({
    description:
      'A text file with a value on each line, relative to the configuration. Kept as keyed hashes.',
  }),
  fields: fields.optional(),
})

export const ownKinds = z.array(ownKind).max(1_000)

export const allowed = z.strictObject({
  values: z.array(text).max(100_000).optional(),
  fields: fields.optional(),
})
