/** What is known of commands of Redis: what they are called, and which of them go on when they have been answered. */

import type { Said } from '../statements/judge.ts'

/** What goes on until the connection ends, or the client says otherwise: leave for it is needed all that time. */
const GOING_ON: ReadonlySet<string> = new Set([
  'monitor',
  'psubscribe',
  'psync',
  'ssubscribe',
  'subscribe',
  'sync',
])

export function goesOn({ kinds }: Said): boolean {
  return kinds?.values().some((kind) => GOING_ON.has(kind)) ?? false
}

/**
 * The command as it is judged and written down: its words alone, neither keys nor values.
 *
 * @param name in lower case, like the word behind it; null for a word that is none
 */
export function toSaid(name: string, subcommand: string | null): Said {
  const words = subcommand === null ? name : `${name} ${subcommand}`
  const kinds = new Set(subcommand === null ? [name] : [words, name])
  return { kinds, text: words.toUpperCase(), database: null }
}
