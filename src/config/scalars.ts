/** Values that several formats have in common. */

import { z } from 'zod'
import { isCountry } from '../model/region.ts'
import { parseDuration } from './duration.ts'

/** Goes into logs and refusals, where it has to stay one line. */
export const sentence = z
  .string()
  .min(1)
  .max(500)
  .regex(/^\P{Cc}*$/u, { error: 'a sentence on one line, without line breaks and tabs' })

export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, {
  error: 'an id has lower-case letters, digits and hyphens, at most 64',
})

export const country = z
  .string()
  .refine(isCountry, { error: 'not a country code; write for example DE' })

export const name = z.string().min(1).max(256)

export const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1).max(10_000)])

export const names = oneOrMany(name)

const TIME = { error: 'a time is written like 30s, 10m or 8h' }

export const duration = z
  .string(TIME)
  .refine((text) => parseDuration(text) !== null, TIME)
  .meta({ pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$' })

/** Milliseconds. @param longest as it is written */
export const durationUpTo = (longest: string) =>
  duration
    .refine((text) => (parseDuration(text) ?? 0) <= (parseDuration(longest) ?? 0), {
      error: `no more than ${longest}`,
    })
    .transform((text) => parseDuration(text) ?? 0)
