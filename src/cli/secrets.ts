/** Credentials that the configuration names: what stands in the file or the variable, on one line. */

import { readFileSync } from 'node:fs'
import type { SecretNamed } from '../config/notify.ts'
import { CommandError, EXIT } from './output.ts'

export interface Form {
  readonly is: string
  fits(text: string): boolean
}

/** Bytes of any credential. */
const MAX_SECRET = 4_096

/**
 * @param what it is, e.g. `the URL of \`ops-chat\``
 * @param form what it has to look like
 * @throws CommandError when it cannot be had; without the text itself
 */
export function readSecret(named: SecretNamed, what: string, form: Form | null = null): string {
  const where = 'file' in named ? `\`${named.file}\`` : `the variable ${named.env}`
  const text = readFrom(named)?.replace(/\r?\n$/, '')
  if (text === undefined || text === '') throw unusable(what, where, 'there is nothing')
  if (text.length > MAX_SECRET) throw unusable(what, where, 'it is too long')
  if (/\p{Cc}/u.test(text)) {
    throw unusable(what, where, 'it has control characters, or more than one line')
  }
  if (form && !form.fits(text)) throw unusable(what, where, `it is not of the form ${form.is}`)
  return text
}

function readFrom(named: SecretNamed): string | undefined {
  if ('env' in named) return process.env[named.env]
  try {
    return readFileSync(named.file, 'utf8')
  } catch {
    return undefined
  }
}

function unusable(what: string, where: string, why: string): CommandError {
  const hint = 'write it on one line, readable to cordon alone'
  return new CommandError(EXIT.invalid, `cannot use ${what} in ${where}: ${why}`, hint)
}
