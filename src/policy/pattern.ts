/**
 * The two patterns a policy may use, for hosts and for paths. Both are compiled once, match in linear time and have
 * no other special characters, so that an operator can read them and an attacker cannot make them slow.
 */

import { parseHost } from '../model/authority.ts'
import type { HostPattern } from '../model/declaration.ts'
import type { Parsed } from '../model/errors.ts'

/** `name` is that host alone; `*.name` every host below it, at any depth, but not itself; `*` every host. */
export function compileHostPattern(text: string): Parsed<HostPattern> {
  if (text === '*') return { value: { text, specificity: 0, matches: () => true } }
  const wild = text.startsWith('*.')
  const host = parseHost(wild ? text.slice(2) : text)
  if (text.includes('*', wild ? 2 : 0)) {
    return { fault: `\`${text}\` has a \`*\` that is not a leading \`*.\`` }
  }
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

/** A glob over the whole text in which `*` stands for any run of characters, `/` included. */
export function matchesGlob(glob: string, text: string): boolean {
  let g = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g++
      resume = t
    } else if (glob[g] === text[t]) {
      g++
      t++
    } else if (star >= 0) {
      g = star + 1
      t = ++resume
    } else {
      return false
    }
  }
  while (glob[g] === '*') g++
  return g === glob.length
}

/**
 * What an origin may make of a path: percent-decoded once, `\` read as `/`, doubled slashes merged, dot segments
 * resolved. Policy looks at both spellings, so that `/v1/%66iles` cannot slip past a rule on `/v1/files`.
 */
export function normalisePath(path: string): string {
  let decoded = path
  try {
    decoded = decodeURIComponent(path)
  } catch {
    decoded = path.replace(/%[0-7][0-9a-fA-F]/g, (code) => decodeURIComponent(code))
  }
  const out: string[] = []
  for (const segment of decoded.replaceAll('\\', '/').split('/')) {
    if (segment === '..') out.pop()
    else if (segment !== '' && segment !== '.') out.push(segment)
  }
  const trailing = /[/\\]\.{0,2}$/.test(decoded) && out.length > 0 ? '/' : ''
  return `/${out.join('/')}${trailing}`
}
