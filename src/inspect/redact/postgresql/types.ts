/** Types of PostgreSQL by their numbers (pg_type.dat): how what is written of each is read. */

/** Texts; JSON; XML; bytes that may be a text; lists; and numbers, dates and all others, which stay what they are or become nothing. */
export type Reading = 'text' | 'json' | 'xml' | 'bytes' | 'texts' | 'list' | 'typed'

export const JSONB = 3802

/** From here on they are made by operators and extensions: citext, enumerations, rows. */
const FIRST_OWN = 16384

const READINGS: ReadonlyMap<number, Reading> = new Map<number, Reading>([
  // "char", name, text, unknown, bpchar, varchar, cstring; 0 for what the server has to find out
  ...[0, 18, 19, 25, 705, 1042, 1043, 2275].map(as('text')),
  // json, jsonb
  ...[114, JSONB].map(as('json')),
  [142, 'xml'],
  // bytea
  [17, 'bytes'],
  // Lists of texts, of JSON and of XML.
  ...[143, 199, 1002, 1003, 1009, 1014, 1015, 1263, 3807].map(as('texts')),
  // Of bool, bytea, int2, int4, int8, oid, float4, float8, numeric, dates and times, uuid, inet, cidr, macaddr
  ...[1000, 1001, 1005, 1007, 1016, 1028, 1021, 1022, 1231, 1182, 1183, 1115, 1185].map(as('list')),
  ...[1187, 1270, 2951, 1041, 651, 1040].map(as('list')),
])

function as(reading: Reading): (type: number) => [number, Reading] {
  return (type) => [type, reading]
}

export function readingOf(type: number): Reading {
  return READINGS.get(type) ?? (type >= FIRST_OWN ? 'text' : 'typed')
}

/** Whether what is sent of it in binary is the text itself. */
export function isTextInBinary(type: number): boolean {
  return type !== 0 && type < FIRST_OWN && readingOf(type) === 'text'
}
