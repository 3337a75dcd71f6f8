/**
 * Host patterns: a name, everything below a name, or everything. Compiled once and matched by comparing the end of a
 * canonical name, so no pattern is ever slow. What is compared with a pattern has gone through `parseHost` itself.
 */

import { parseHost } from '../model/authority.ts'
import type { HostPattern } from '../model/declaration.ts'
import type { Parsed } from '../model/errors.ts'

/** `name` is that host alone; `*.name` every host below it, at any depth, but not itself; `*` every host. */
export function compileHostPattern(text: string): Parsed<HostPattern> {
  if (text === '*') return { value: { text, specificity: 0, matches: () => true } }
  const wild = text.startsWith('*.')
  const written = wild ? text.slice(2) : text
  if (written.includes('*')) {
    return { fault: `\`${text}\` has a \`*\` that is not a leading \`*.\`` }
  }
  const host = parseHost(written)
  if ('fault' in host) return { fault: `\`${text}\`: ${host.fault}` }
  const name = host.value.text
  if (!wild) return { value: { text: name, specificity: 10_000, matches: (host) => host === name } }
  if (host.value.ip) return { fault: `\`${text}\` puts a \`*\` before an address; use \`cidr\`` }
  const suffix = `.${name}`
  return {
    value: {
      text: `*${suffix}`,
      specificity: suffix.length,
      matches: (host) => host.endsWith(suffix),
    },
  }
}
