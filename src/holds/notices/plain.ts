/**
 * Text that others have written (agents, requesters, name servers), as a notice may show it: one line of bounded length in which
 * nothing is invisible, turns the direction of writing, or begins a new line or header. What was taken out stays visible as an escape.
 */

/** @param max characters; what is longer ends in `…` */
export function toPlain(text: string, max: number): string {
  const visible = text.replace(UNSEEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return `\\u${code.length > 4 ? `{${code}}` : code.padStart(4, '0')}`
  })
  const characters = [...visible]
  return characters.length <= max ? visible : `${characters.slice(0, max - 1).join('')}…`
}

/**
 * Controls, formats (bidi, zero width, tags), surrogates that are not paired, private use, line and paragraph separators, blanks other
 * than the space, and fillers that show nothing.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]/gu
