/** Values of PostgreSQL in binary as they would be written, to be looked at. What goes back is never made of this. */

/** @returns null for what is not of that type */
type Render = (bytes: Buffer, start: number, end: number) => string | null

/** @returns null for types that nobody here reads */
export function rendererOf(type: number): Render | null {
  return RENDERERS.get(type) ?? null
}

function sized(size: number, render: (bytes: Buffer, start: number) => string): Render {
  return (bytes, start, end) => (end - start === size ? render(bytes, start) : null)
}

const UNSIGNED = sized(4, (bytes, at) => `${bytes.readUInt32BE(at)}`)

const RENDERERS: ReadonlyMap<number, Render> = new Map<number, Render>([
  [21, sized(2, (bytes, at) => `${bytes.readInt16BE(at)}`)],
  [23, sized(4, (bytes, at) => `${bytes.readInt32BE(at)}`)],
  [20, sized(8, (bytes, at) => `${bytes.readBigInt64BE(at)}`)],
  // oid, regproc, regclass, regtype, xid, cid
  ...[26, 24, 2205, 2206, 28, 29].map((type): [number, Render] => [type, UNSIGNED]),
  [700, sized(4, (bytes, at) => toPlain(`${bytes.readFloatBE(at)}`))],
  [701, sized(8, (bytes, at) => toPlain(`${bytes.readDoubleBE(at)}`))],
  [1700, renderNumeric],
  [1082, sized(4, (bytes, at) => toDate(bytes.readInt32BE(at) * DAY).slice(0, 10))],
  [1114, sized(8, renderTimestamp)],
  [1184, sized(8, renderTimestamp)],
  [2950, sized(16, renderUuid)],
  [829, sized(6, (bytes, at) => (bytes.toString('hex', at, at + 6).match(/../g) ?? []).join(':'))],
  // In a bool, a void, a time of day and an interval nothing can stand.
  [16, sized(1, () => '')],
  [2278, sized(0, () => '')],
  [1083, sized(8, () => '')],
  [1266, sized(12, () => '')],
  [1186, sized(16, () => '')],
  [869, renderInet],
  [650, renderInet],
])

/** Milliseconds. */
const DAY = 86_400_000
/** The first moment of 2000, from which dates are counted. */
const EPOCH = Date.UTC(2000)

/** A number without an exponent and without zeros behind the point, where it is a whole one. */
export function toPlain(text: string): string {
  if (!/[eE]/.test(text)) return text.replace(/\.0+$/, '')
  const number = Number(text)
  return Number.isSafeInteger(number) ? number.toFixed(0) : text
}

function renderTimestamp(bytes: Buffer, at: number): string {
  return toDate(Number(bytes.readBigInt64BE(at) / 1000n))
}

/** `2001-02-03 04:05:06`; nothing for those beyond all calendars, which also stand for infinity. */
function toDate(milliseconds: number): string {
  const date = new Date(EPOCH + milliseconds)
  if (Number.isNaN(date.getTime())) return ''
  const text = date.toISOString()
  return /^\d{4}-/.test(text) ? text.slice(0, 19).replace('T', ' ') : ''
}

function renderUuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const IPV4 = 2
const IPV6 = 3

/** Family, length of the prefix, whether it is a network, bytes of the address. */
function renderInet(bytes: Buffer, start: number, end: number): string | null {
  if (end - start < 4 || end - start !== 4 + (bytes[start + 3] as number)) return null
  const address = bytes.subarray(start + 4, end)
  if (bytes[start] === IPV4 && address.length === 4) return address.join('.')
  if (bytes[start] !== IPV6 || address.length !== 16) return null
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16))
  return groups.join(':')
}

const NUMERIC_HEAD = 8
const NEGATIVE = 0x4000

/** Groups of four digits, the place of the first one, sign, and digits behind the point. */
function renderNumeric(bytes: Buffer, start: number, end: number): string | null {
  if (end - start < NUMERIC_HEAD) return null
  const count = bytes.readUInt16BE(start)
  if (end - start !== NUMERIC_HEAD + 2 * count) return null
  const weight = bytes.readInt16BE(start + 2)
  const sign = bytes.readUInt16BE(start + 4)
  const scale = bytes.readUInt16BE(start + 6)
  if (sign !== 0 && sign !== NEGATIVE) return ''
  const group = (i: number) => {
    const digits = i >= 0 && i < count ? bytes.readUInt16BE(start + NUMERIC_HEAD + 2 * i) : 0
    return `${digits}`.padStart(4, '0')
  }
  let whole = ''
  for (let i = 0; i <= weight; i++) whole += group(i)
  let fraction = ''
  for (let i = weight + 1; fraction.length < scale; i++) fraction += group(i)
  whole = whole.replace(/^0+/, '') || '0'
  const text = toPlain(scale > 0 ? `${whole}.${fraction.slice(0, scale)}` : whole)
  return sign === NEGATIVE ? `-${text}` : text
}
