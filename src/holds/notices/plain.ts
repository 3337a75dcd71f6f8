/**
 * Text that others have written (agents, requesters, name servers), as a notice may show it: one line of bounded length in which
 * nothing is invisible, turns the direction of writing, or begins a new line or header. What was taken out stays visible as an escape.
 */

import { makeVisible } from '../../model/visible.ts'

/** @param max characters; what is longer ends in `…` */
export function toPlain(text: string, max: number): string {
  const visible = makeVisible(text)
  const characters = [...visible]
  return characters.length <= max ? visible : `${characters.slice(0, max - 1).join('')}…`
}
