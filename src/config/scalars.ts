/** Values that several formats have in common. */

import { z } from 'zod'
import { isCountry } from '../model/region.ts'

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
