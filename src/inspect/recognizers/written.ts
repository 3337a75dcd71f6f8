/**
 * What can stand behind `name: ` in a text or a program where any value may: words of people, and not the type of a field, a call, a
 * variable or a sentence about it.
 */

const MAX_WORDS = 8
const MAX_LENGTH = 100
const OF_CODE = new Set(Buffer.from('$@{}()[]<>=*^~`|#!?&\\'))

/** Words that say what a value is, not what it reads, and words of sentences. */
const NO_VALUES =
  /^(?:string|str|text|varchar|char|int|integer|number|float|double|decimal|bool|boolean|any|object|date|datetime|array|list|map|dict|set|enum|unknown|undefined|none|null|nil|true|false|yes|no|n\/?a|na|tbd|todo|optional|required|default|example|pending|empty|not (?:known|set|given|applicable|available|found|specified)|no known \w+|keine|aucune?|ninguna?|nessuna?|geen|brak|nenhuma?|\.\.\.|-+|_+)$|\b(?:the|this|that|is|are|be|was|your|our|must|should|will|please|enter|when|which|used|returns?|if|for|of the)\b|_|::|->|=>|\/\//i

/** Some words, with a letter: `Type 2 diabetes`, `amoxicillin 500 mg`, `E11.9`. */
export function isWrittenText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || end - start > MAX_LENGTH) return false
  let words = 1
  let letters = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (OF_CODE.has(byte)) return false
    if (byte === 0x20) words++
    if ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a) letters++
    else if (byte > 0x7f) letters++
  }
  if (letters === 0 || words > MAX_WORDS) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
  return !isTypeName(text) && !NO_VALUES.test(text.trim())
}

/** `DiagnosisInput`: two words in one. */
function isTypeName(text: string): boolean {
  return /[a-z][A-Z](?<!\bMc[A-Z])/.test(text)
}

/** What comes behind a comma is something else. */
export function endOfPlate(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== 0x2c) at++
  return at
}

/** `HH AB 123`, `AB-123-CD`: capitals and digits, in few groups. */
export function isPlate(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4 || end - start > 12) return false
  let digits = 0
  let groups = 1
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x30 && byte <= 0x39) digits++
    else if (byte === 0x20 || byte === 0x2d || byte === 0xb7) groups++
    else if (!(byte >= 0x41 && byte <= 0x5a) && byte < 0x80) return false
  }
  return digits > 0 && digits < 8 && groups < 5
}
