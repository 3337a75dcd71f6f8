/** Ids as people type them: cut short where that is clear, with or without what they begin with. */

import { CommandError, EXIT } from '../output.ts'

interface Row {
  readonly id: string
  readonly state: string
}

/** An id that is not cut short; null for one that is. */
export function wholeId(text: string, kind: 'h' | 'g'): string | null {
  const typed = text.toLowerCase().replace(new RegExp(`^${kind}-`), '')
  return /^[a-z0-9]{8}$/.test(typed) ? `${kind}-${typed}` : null
}

/**
 * @param live state in which rows come first: a short id that fits one of these is that one
 * @param kind what they begin with
 * @throws CommandError when none fits, or more than one
 */
export function findId(
  text: string,
  rows: readonly Row[],
  { live, kind }: { readonly live: string; readonly kind: 'h' | 'g' },
): string {
  const noun = kind === 'h' ? 'hold' : 'grant'
  const typed = text.toLowerCase()
  const start = typed.startsWith(`${kind}-`) ? typed : `${kind}-${typed}`
  if (!/^[hg]-[a-z0-9]{1,64}$/.test(start)) {
    throw new CommandError(EXIT.invalid, `\`${text}\` is not the id of a ${noun}`)
  }
  const fitting = rows.filter(({ id }) => id.toLowerCase().startsWith(start))
  const first = fitting.filter(({ state }) => state === live)
  const [only, ...more] = first.length > 0 ? first : fitting
  if (!only) {
    const hint = `\`cordon ${noun}s\` lists them`
    throw new CommandError(EXIT.blocked, `there is no ${noun} \`${text}\``, hint)
  }
  if (more.length > 0) {
    const ids = [only, ...more].slice(0, 5).map(({ id }) => id)
    const hint = `write more of it: ${ids.join(', ')}${more.length > 4 ? ' …' : ''}`
    throw new CommandError(EXIT.invalid, `\`${text}\` may be more than one ${noun}`, hint)
  }
  return only.id
}
