/** What can be somebody's name under a name that says so. */

const MAX_NAME = 80

export function isName(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start <= MAX_NAME && hasLetters(bytes, start, end)
}

/** Where fields of that name are also those of things: two words or more. */
export function isFullName(bytes: Uint8Array, start: number, end: number): boolean {
  return wordsOfName(bytes, start, end) >= 2
}

/** @returns where the words end that can be of a name: `Ada Lovelace and`, `ADA LOVELACE, born` */
export function endOfName(bytes: Uint8Array, start: number, end: number): number {
  let last = start
  let at = start
  while (at < end) {
    let to = at
    while (to < end && bytes[to] !== 0x20) to++
    const first = bytes[at] as number
    const isCapital = (first >= 0x41 && first <= 0x5a) || first >= 0xc0
    const isEnd = bytes[to - 1] === 0x2c
    if (isCapital) last = isEnd ? to - 1 : to
    else if (!isParticle(bytes, at, to)) break
    // `Lovelace, Ada`: two words at most before the comma.
    if (isEnd && (at > start || !isCapitalAt(bytes, to + 1, end))) break
    at = to + 1
  }
  return last
}

function isCapitalAt(bytes: Uint8Array, at: number, end: number): boolean {
  const byte = bytes[at] ?? 0
  return at < end && ((byte >= 0x41 && byte <= 0x5a) || byte >= 0xc0)
}

/** In a text or a program: not the type of a field, or what it is called. */
export function isWrittenName(bytes: Uint8Array, start: number, end: number): boolean {
  if (wordsOfName(bytes, start, end, true) === 0) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
  return !NO_NAMES.test(text)
}

/** Where the name may also be that of a thing: two words or more. */
export function isWrittenFullName(bytes: Uint8Array, start: number, end: number): boolean {
  return isWrittenName(bytes, start, end) && wordsOfName(bytes, start, end, true) >= 2
}

const NO_NAMES =
  /[a-z][A-Z](?<!\b(?:Mc|Mac|De|Di|La|Le|Van|O)[A-Z])|\b(?:String|Text|Str|Varchar|Char|Number|Int|Boolean|Bool|Any|Object|Type|Optional|Required|Name|Schema|Field|Column|Value|Unknown|Undefined|None|Null|Nil|True|False|Date|Array|List|Map|Default|Example|Your|The|Enter|Please|This|Input|Label|First|Last|Not|No|Yes|Of|And|Or)\b|^[A-Z_]{4,}$/

/** Words with a capital, and small ones as in `van der Berg`. @param mayTurn `Lovelace, Ada`  @returns 0 where anything else stands there */
function wordsOfName(bytes: Uint8Array, start: number, end: number, mayTurn = false): number {
  if (!isName(bytes, start, end)) return 0
  let words = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (
      byte < 0x80 &&
      !isLetter(byte) &&
      byte !== 0x20 &&
      byte !== 0x2d &&
      byte !== 0x27 &&
      byte !== 0x2e &&
      (byte !== 0x2c || !mayTurn)
    )
      return 0
    if (i > start && bytes[i - 1] !== 0x20) continue
    if (byte >= 0x61 && byte <= 0x7a && words > 0 && isParticle(bytes, i, end)) continue
    if (byte < 0x41 || (byte > 0x5a && byte < 0xc0)) return 0
    words++
  }
  return words <= 5 ? words : 0
}

const PARTICLES: ReadonlySet<string> = new Set(
  'van von der den de del della di da do dos du la le el bin ben al ter ten zu y e af av'.split(
    ' ',
  ),
)

function isParticle(bytes: Uint8Array, start: number, end: number): boolean {
  let to = start
  while (to < end && to - start < 6 && bytes[to] !== 0x20) to++
  return PARTICLES.has(Buffer.from(bytes.buffer, bytes.byteOffset + start, to - start).toString())
}

export function hasLetters(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 200) return false
  let letters = 0
  for (let i = start; i < end && letters < 2; i++) {
    const byte = bytes[i] as number
    if (byte > 0x7f || isLetter(byte)) letters++
  }
  return letters >= 2
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a
}
