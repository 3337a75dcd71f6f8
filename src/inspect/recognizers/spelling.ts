/** Words as they are spelt where they are at home, made into what the scanner reads in texts: it sees Latin letters without accents only. */

/** For words in texts. @param words in lower case, in local spelling; those of other scripts stay as they are */
export function inSpellings(words: readonly string[]): readonly string[] {
  return [
    ...new Set(
      words.flatMap((word) => [
        ...toAscii(word),
        ...(isAscii(word) ? [] : [word.replaceAll(/[-']/g, ' ')]),
      ]),
    ),
  ]
}

/**
 * For names that values stand under: also what is left of a word where each letter beyond ASCII parts it in two, as names are read where they
 * stand in a text.
 */
export function inNameSpellings(names: readonly string[]): readonly string[] {
  return [...new Set(names.flatMap((name) => [...toAscii(name), ...toParts(name)]))]
}

function isAscii(word: string): boolean {
  return /^[\x00-\x7f]*$/.test(word)
}

/** Without accents, and as people without a keyboard for them write. */
function toAscii(word: string): readonly string[] {
  if (!/[a-z]/.test(word)) return isAscii(word) ? [word] : []
  const plain = word
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9 ]/g, (letter) => PLAIN[letter] ?? ' ')
  const spelt = word.replace(/ä|ö|ü|ø|å|æ/g, (letter) => SPELT[letter] ?? '')
  return [plain, spelt].map(toPhrase).filter((form) => /^[a-z0-9 ]{2,}$/.test(form))
}

/** Nothing that is too short to say anything. */
function toParts(word: string): readonly string[] {
  if (isAscii(word)) return []
  if (!/[a-z]/.test(word)) return [word]
  const parted = toPhrase(word.replace(/[^a-z0-9]+/g, ' '))
  return parted.replaceAll(' ', '').length > 3 ? [parted] : []
}

/** What ends like a long phrase is one as well. */
function toPhrase(text: string): string {
  return text.trim().split(/ +/).slice(-4).join(' ')
}

const PLAIN: Readonly<Record<string, string>> = {
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ı: 'i',
  æ: 'ae',
  ß: 'ss',
  ə: 'e',
  "'": ' ',
}

const SPELT: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ø: 'oe',
  å: 'aa',
  æ: 'ae',
}
