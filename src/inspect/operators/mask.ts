/**
 * Letters and digits become `*`, separators stay: a reader sees what form it had, and the last few characters where that is asked for. What
 * would have a meaning in JSON, XML, CSV or a URL becomes `*` as well, whatever it is.
 */

/** What stays: separators of numbers, addresses and dates. None of them ends a string, a field or a tag anywhere. */
const SEPARATORS = new Set(' -./@+():_')

/** @param keep how many letters and digits at the end are left; none where that would be more than half of them */
export function mask(value: string, keep: number): string {
  const characters = [...value]
  const shown = keepable(characters.filter(isLetterOrDigit).length, keep)
  let left = shown
  for (let i = characters.length - 1; i >= 0; i--) {
    const character = characters[i] ?? ''
    if (SEPARATORS.has(character)) continue
    if (left > 0 && isLetterOrDigit(character)) left--
    else characters[i] = '*'
  }
  return characters.join('')
}

/**
 * The same where only a number may stand: digits instead of `*`, of the same length and not of any card or insurance number (nothing
 * that counts begins with 9 and three zeros).
 */
export function maskNumber(value: string, keep: number): string {
  const digits = value.replace(/\D/g, '').length
  const hidden = digits - keepable(digits, keep)
  let seen = 0
  return value.replace(/\d/g, (digit) => {
    const i = seen++
    if (i >= hidden) return digit
    return i === 0 ? '9' : '0'
  })
}

function keepable(characters: number, keep: number): number {
  return keep <= characters / 2 ? Math.max(0, keep) : 0
}

function isLetterOrDigit(character: string): boolean {
  return /[\p{L}\p{N}]/u.test(character)
}
