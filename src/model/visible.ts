/** Text that others have written, so that whoever reads it sees all of it: what shows nothing, or would turn the rest, is an escape. */

/** On one line. */
export function makeVisible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return `\\u${code.length > 4 ? `{${code}}` : code.padStart(4, '0')}`
  })
}

/**
 * Controls, formats (bidi, zero width, tags), surrogates that are not paired, private use, line and paragraph separators, blanks other
 * than the space, and fillers that show nothing.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]/gu
