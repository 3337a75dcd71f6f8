/** References of XML and HTML in a text: `&amp;`, `&#65;`, `&#x41;`. Names that are no single letter of ASCII are left as they are. */

import { type Coding, NOT_YET, unit } from './coding.ts'

const NAMES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['shy', ''],
  ['commat', '@'],
  ['period', '.'],
  ['hyphen', '-'],
  ['lowbar', '_'],
  ['colon', ':'],
  ['sol', '/'],
  ['plus', '+'],
  ['zwnj', ''],
])
const LONGEST = 12
const REFERENCE = /^&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));?/

const LEAD = 0x26

export const ENTITY_CODING: Coding = { lead: LEAD, read, write }

function read(
  bytes: Buffer,
  at: number,
  end: number,
  isEnd: boolean,
  out: Buffer,
  to: number,
): number {
  const shown = bytes.toString('latin1', at, Math.min(end, at + LONGEST))
  if (!isEnd && shown.length < LONGEST && /^&[#a-zA-Z0-9]*$/.test(shown)) return NOT_YET
  const match = REFERENCE.exec(shown)
  const text = match && toText(match)
  if (!match || text === null || text === undefined) {
    out[to] = LEAD
    return unit(1, 1)
  }
  return unit(match[0].length, out.write(text, to))
}

function toText([all, decimal, hex, name]: RegExpExecArray): string | null {
  if (name !== undefined) return all.endsWith(';') ? (NAMES.get(name) ?? null) : null
  const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : null
}

function write(text: Buffer): Buffer {
  const written = text
    .toString('utf8')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  return Buffer.from(written)
}
