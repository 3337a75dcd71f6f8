/** What is only observed, said so that nobody takes it for enforced. */

import type { Policy } from '../policy/compile.ts'

/** Ids that a line can bear. */
const SHOWN = 10

/** Lines for the operator; none when everything is enforced. */
export function sayObserved({ enforced, rules }: Policy): readonly string[] {
  const observed = rules.filter((rule) => rule.observed).map(({ id }) => id)
  const lines = []
  if (!enforced) {
    lines.push('OBSERVING ONLY: nothing is blocked or held; `would` in the log says what would be')
  }
  if (observed.length > 0) {
    lines.push(`ONLY OBSERVED: ${sayRules(observed)}; the log says in \`would\` what they would do`)
  }
  return lines
}

/** `rule a`, `rules a, b`; of many the first. */
export function sayRules(ids: readonly string[]): string {
  const shown = ids.slice(0, SHOWN).join(', ')
  const more = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : ''
  return `${ids.length === 1 ? 'rule' : 'rules'} ${shown}${more}`
}
